from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("fulfillment", "0016_many_claims"),
    ]

    operations = [
        migrations.AddField(
            model_name="bulkoperation",
            name="since",
            field=models.DateTimeField(null=True, verbose_name="since"),
        ),
    ]
