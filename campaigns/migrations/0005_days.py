"""A table of days, filled by the job that works them out: from all hours that are there, and again and again from new ones."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("campaigns", "0004_find_heartbeats_that_need_a_look")]

    operations = [
        migrations.CreateModel(
            name="WatchedDay",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("day", models.PositiveIntegerField(verbose_name="day")),
                ("watched_minutes", models.PositiveBigIntegerField(verbose_name="watched minutes")),
                ("viewers", models.PositiveBigIntegerField(verbose_name="unique viewers")),
                (
                    "campaign",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="days",
                        to="campaigns.campaign",
                    ),
                ),
            ],
            options={
                "verbose_name": "day of a campaign",
                "verbose_name_plural": "days of campaigns",
                "constraints": [models.UniqueConstraint(fields=("campaign", "day"), name="watched_day_once")],
            },
        ),
    ]
