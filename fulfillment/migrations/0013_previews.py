from django.db import migrations


class Migration(migrations.Migration):

    dependencies = [
        ('fulfillment', '0012_support_and_exports'),
    ]

    operations = [
    ]
