import django.db.models.deletion
import portal.ids
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('campaigns', '0006_game_state'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='ChannelImport',
            fields=[
                ('id', portal.ids.ULIDField(primary_key=True, serialize=False)),
                ('platform', models.CharField(blank=True, max_length=32, verbose_name='platform')),
                ('deed', models.CharField(max_length=10)),
                ('source', models.CharField(choices=[('paste', 'import'), ('choice', 'choice'), ('restore', 'restored')], default='paste', max_length=10)),
                ('restores', models.PositiveIntegerField(help_text='The number of the version, where it restores one.', null=True)),
                ('state', models.CharField(choices=[('resolving', 'being looked up'), ('ready', 'to be confirmed'), ('applied', 'done'), ('dropped', 'dropped')], default='resolving', max_length=10, verbose_name='state')),
                ('actor_label', models.CharField(max_length=150, verbose_name='by')),
                ('reason', models.CharField(blank=True, max_length=500, verbose_name='reason')),
                ('lines', models.JSONField(default=list)),
                ('outcome', models.JSONField(default=list)),
                ('line_count', models.PositiveIntegerField()),
                ('total', models.PositiveIntegerField(default=0)),
                ('position', models.PositiveIntegerField(default=0)),
                ('asks', models.BooleanField(default=True, help_text='Whether the platform is to be asked, or was.')),
                ('not_asked', models.CharField(blank=True, help_text='A code: why the platform was not asked.', max_length=20)),
                ('problem', models.CharField(blank=True, help_text='A code of the last failure: PlatformError.', max_length=60)),
                ('failures', models.PositiveIntegerField(default=0, help_text='In a row.')),
                ('due_at', models.DateTimeField(null=True)),
                ('found_count', models.PositiveIntegerField(default=0)),
                ('duplicate_count', models.PositiveIntegerField(default=0)),
                ('unknown_count', models.PositiveIntegerField(default=0)),
                ('created_at', models.DateTimeField(verbose_name='made at')),
                ('resolved_at', models.DateTimeField(null=True)),
                ('ended_at', models.DateTimeField(null=True)),
                ('version', models.PositiveIntegerField(help_text='The number of the version it made.', null=True)),
                ('actor', models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('campaign', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='channel_imports', to='campaigns.campaign', verbose_name='campaign')),
            ],
            options={
                'verbose_name': 'imported list of channels',
                'verbose_name_plural': 'imported lists of channels',
            },
        ),
        migrations.CreateModel(
            name='ChannelImportPart',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('position', models.PositiveIntegerField()),
                ('found', models.JSONField(default=list)),
                ('channel_import', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='parts', to='campaigns.channelimport')),
            ],
            options={
                'verbose_name': 'part of an imported list',
                'verbose_name_plural': 'parts of imported lists',
            },
        ),
        migrations.CreateModel(
            name='ChannelListVersion',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('number', models.PositiveIntegerField(verbose_name='version')),
                ('at', models.DateTimeField(verbose_name='when')),
                ('actor_label', models.CharField(max_length=150, verbose_name='by')),
                ('source', models.CharField(choices=[('paste', 'import'), ('choice', 'choice'), ('restore', 'restored'), ('edit', 'campaign form'), ('found', 'found so')], max_length=10)),
                ('restores', models.PositiveIntegerField(null=True)),
                ('reason', models.CharField(blank=True, max_length=500, verbose_name='reason')),
                ('listed', models.PositiveIntegerField(verbose_name='channels')),
                ('added_count', models.PositiveIntegerField(default=0)),
                ('removed_count', models.PositiveIntegerField(default=0)),
                ('added', models.JSONField(default=list)),
                ('removed', models.JSONField(default=list)),
                ('actor', models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('campaign', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='channel_versions', to='campaigns.campaign', verbose_name='campaign')),
            ],
            options={
                'verbose_name': 'version of an allow-list',
                'verbose_name_plural': 'versions of allow-lists',
            },
        ),
        migrations.AddIndex(
            model_name='channelimport',
            index=models.Index(condition=models.Q(('due_at__isnull', False)), fields=['due_at'], name='channel_import_due'),
        ),
        migrations.AddIndex(
            model_name='channelimport',
            index=models.Index(fields=['campaign', '-id'], name='channel_import_list'),
        ),
        migrations.AddIndex(
            model_name='channelimport',
            index=models.Index(fields=['created_at'], name='channel_import_created'),
        ),
        migrations.AddConstraint(
            model_name='channelimport',
            constraint=models.CheckConstraint(condition=models.Q(('position__lte', models.F('total'))), name='channel_import_within_total'),
        ),
        migrations.AddConstraint(
            model_name='channelimport',
            constraint=models.CheckConstraint(condition=models.Q(('deed__in', ['add', 'remove', 'replace'])), name='channel_import_deed_known'),
        ),
        migrations.AddConstraint(
            model_name='channelimport',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('due_at__isnull', False), ('state', 'resolving')), models.Q(models.Q(('state', 'resolving'), _negated=True), ('due_at', None)), _connector='OR'), name='channel_import_due_while_resolving'),
        ),
        migrations.AddConstraint(
            model_name='channelimportpart',
            constraint=models.UniqueConstraint(fields=('channel_import', 'position'), name='channel_import_part_once'),
        ),
        migrations.AddConstraint(
            model_name='channellistversion',
            constraint=models.UniqueConstraint(fields=('campaign', 'number'), name='channel_list_version_once'),
        ),
    ]
