from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("campaigns", "0007_channel_lists"),
    ]

    operations = [
        migrations.AddField(
            model_name="campaignreward",
            name="limit_total",
            field=models.PositiveIntegerField(
                blank=True,
                help_text="So many are given out in the campaign. Empty: no limit.",
                null=True,
                verbose_name="at most in all",
            ),
        ),
        migrations.AddField(
            model_name="campaignreward",
            name="limit_per_day",
            field=models.PositiveIntegerField(
                blank=True,
                help_text="So many are given out on one day of the campaign's time zone. Empty: no limit.",
                null=True,
                verbose_name="at most a day",
            ),
        ),
        migrations.AddField(
            model_name="campaignreward",
            name="at_limit",
            field=models.CharField(
                choices=[("hold", "hold them"), ("stop", "refuse them: “all given out”")],
                db_default="hold",
                default="hold",
                help_text="What happens to claims over it. What a platform has granted is held in either case.",
                max_length=4,
                verbose_name="at the limit",
            ),
        ),
        migrations.AddConstraint(
            model_name="campaignreward",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("limit_total", None), ("limit_total__gte", 1), _connector="OR"),
                    models.Q(("limit_per_day", None), ("limit_per_day__gte", 1), _connector="OR"),
                    ("at_limit__in", ["hold", "stop"]),
                ),
                name="campaign_reward_limits_positive",
                violation_error_message="A limit is 1 or more. Leave it empty for none.",
            ),
        ),
    ]
