from django.db import migrations


class Migration(migrations.Migration):

    dependencies = [
        ('fulfillment', '0009_game_state_clients'),
        ('campaigns', '0010_planning'),
    ]

    operations = [
    ]
