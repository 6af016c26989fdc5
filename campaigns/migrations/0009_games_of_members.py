from django.db import migrations


class Migration(migrations.Migration):

    dependencies = [
        ('campaigns', '0008_reward_limits'),
        ('portal', '0005_members_and_invitations'),
    ]

    operations = [
    ]
