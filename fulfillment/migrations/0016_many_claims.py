from django.db import migrations


class Migration(migrations.Migration):

    dependencies = [
        ('fulfillment', '0015_dashboard'),
    ]

    operations = [
    ]
