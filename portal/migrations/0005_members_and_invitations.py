from django.db import migrations


class Migration(migrations.Migration):

    dependencies = [
        ('portal', '0004_standing_of_apis'),
    ]

    operations = [
    ]
