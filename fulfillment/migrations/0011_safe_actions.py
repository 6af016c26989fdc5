from django.db import migrations


class Migration(migrations.Migration):

    dependencies = [
        ('fulfillment', '0010_codes_and_limits'),
    ]

    operations = [
    ]
