from django.db import migrations


class Migration(migrations.Migration):

    dependencies = [
        ('portal', '0005_members_and_invitations'),
    ]

    operations = [
    ]
