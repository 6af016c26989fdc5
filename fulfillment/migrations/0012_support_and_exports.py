from django.db import migrations


class Migration(migrations.Migration):

    dependencies = [
        ('fulfillment', '0011_safe_actions'),
    ]

    operations = [
    ]
