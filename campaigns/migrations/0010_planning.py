from django.db import migrations


class Migration(migrations.Migration):

    dependencies = [
        ('campaigns', '0009_games_of_members'),
    ]

    operations = [
    ]
