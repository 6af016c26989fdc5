import django.db.models.deletion
import portal.ids
from django.conf import settings
from django.db import migrations, models

SOURCES = [
    ('webhook', 'webhook'),
    ('sweep', 'sweep'),
    ('portal', 'claimed on the portal'),
    ('staff', 'granted by hand'),
    ('test', 'simulated'),
]
SCENARIOS = [
    ('single', 'one claim of a tester'),
    ('batch', 'a claim of every reward, together'),
    ('duplicate', 'the same claim, told three times'),
    ('late', 'a claim granted after closing'),
    ('unlinked', 'a claim of somebody who has not linked'),
    ('unmapped', 'a claim of a reward that nobody knows'),
    ('bad_signature', 'a forged message'),
]


class Migration(migrations.Migration):

    dependencies = [
        ('campaigns', '0010_planning'),
        ('fulfillment', '0013_previews'),
        ('portal', '0006_audit_trail'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AlterField(
            model_name='arrivalcount',
            name='source',
            field=models.CharField(choices=SOURCES, max_length=8),
        ),
        migrations.AlterField(
            model_name='claim',
            name='source',
            field=models.CharField(choices=SOURCES, max_length=8, verbose_name='source'),
        ),
        migrations.CreateModel(
            name='Simulation',
            fields=[
                ('id', portal.ids.ULIDField(default=portal.ids.new_ulid, primary_key=True, serialize=False)),
                ('platform', models.CharField(max_length=32, verbose_name='platform')),
                ('scenario', models.CharField(choices=SCENARIOS, max_length=16, verbose_name='what')),
                ('made_at', models.DateTimeField(verbose_name='time')),
                ('actor_label', models.CharField(max_length=150, verbose_name='by')),
                ('messages', models.JSONField(default=list)),
                ('actor', models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('campaign', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='campaigns.campaign', verbose_name='campaign')),
                ('organization', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='portal.organization')),
            ],
            options={
                'verbose_name': 'simulation',
                'verbose_name_plural': 'simulations',
                'indexes': [models.Index(fields=['organization', '-id'], name='simulation_list')],
            },
        ),
    ]
