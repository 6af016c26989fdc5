import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import portal.ids


class Migration(migrations.Migration):

    dependencies = [
        ('campaigns', '0009_games_of_members'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='CampaignFile',
            fields=[
                ('id', portal.ids.ULIDField(primary_key=True, serialize=False)),
                ('uploaded_at', models.DateTimeField(db_index=True, verbose_name='uploaded at')),
                ('text', models.TextField(blank=True, verbose_name='text')),
                ('used_at', models.DateTimeField(null=True, verbose_name='used at')),
                ('campaign', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='campaigns.campaign')),
                ('game', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='campaigns.game')),
                ('organization', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='portal.organization')),
                ('uploaded_by', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name': 'campaign file',
                'verbose_name_plural': 'campaign files',
            },
        ),
        migrations.CreateModel(
            name='ClonedSeries',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('key', models.CharField(max_length=26, verbose_name='key')),
                ('made_at', models.DateTimeField(db_index=True, verbose_name='made at')),
                ('copies', models.PositiveSmallIntegerField(verbose_name='copies')),
                ('first', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='campaigns.campaign')),
                ('organization', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='portal.organization')),
            ],
            options={
                'verbose_name': 'cloned series',
                'verbose_name_plural': 'cloned series',
                'constraints': [models.UniqueConstraint(fields=('organization', 'key'), name='cloned_series_once')],
            },
        ),
    ]
