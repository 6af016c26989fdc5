import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('campaigns', '0008_reward_limits'),
        ('portal', '0005_members_and_invitations'),
    ]

    operations = [
        migrations.CreateModel(
            name='GameOfMember',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('game', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='members', to='campaigns.game', verbose_name='game')),
                ('membership', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='games', to='portal.membership', verbose_name='member')),
            ],
            options={
                'verbose_name': 'game of a member',
                'verbose_name_plural': 'games of members',
                'constraints': [models.UniqueConstraint(fields=('membership', 'game'), name='game_of_member_once')],
            },
        ),
    ]
