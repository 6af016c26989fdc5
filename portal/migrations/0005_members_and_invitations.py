import django.db.models.deletion
import django.db.models.functions.text
import portal.ids
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('portal', '0004_standing_of_apis'),
    ]

    operations = [
        migrations.AddField(
            model_name='organization',
            name='approval_above',
            field=models.PositiveIntegerField(db_default=1000, default=1000, help_text='An action on more claims than this begins only when a second member has approved it.', verbose_name='approval above'),
        ),
        migrations.AddField(
            model_name='organization',
            name='require_second_factor',
            field=models.BooleanField(db_default=False, default=False, help_text='Members without an authenticator app or a passkey are led to add one before they can work here.', verbose_name='second factor required'),
        ),
        migrations.CreateModel(
            name='Invitation',
            fields=[
                ('id', portal.ids.ULIDField(primary_key=True, serialize=False)),
                ('email', models.EmailField(max_length=254, verbose_name='e-mail address')),
                ('role', models.CharField(choices=[('owner', 'owner'), ('producer', 'producer'), ('support', 'support'), ('analyst', 'analyst')], max_length=20, verbose_name='role')),
                ('all_games', models.BooleanField(default=True, verbose_name='all games')),
                ('game_ids', models.JSONField(blank=True, default=list, verbose_name='games')),
                ('token_hash', models.CharField(editable=False, max_length=64, unique=True)),
                ('made_by_label', models.CharField(max_length=150)),
                ('made_at', models.DateTimeField(verbose_name='made at')),
                ('expires_at', models.DateTimeField(verbose_name='expires at')),
                ('accepted_at', models.DateTimeField(blank=True, null=True, verbose_name='accepted at')),
                ('withdrawn_at', models.DateTimeField(blank=True, null=True, verbose_name='withdrawn at')),
                ('accepted_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='accepted by')),
                ('made_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='made by')),
                ('organization', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='invitations', to='portal.organization', verbose_name='organization')),
            ],
            options={
                'verbose_name': 'invitation',
                'verbose_name_plural': 'invitations',
                'constraints': [
                    models.UniqueConstraint(models.F('organization'), django.db.models.functions.text.Lower('email'), condition=models.Q(('accepted_at', None), ('withdrawn_at', None)), name='invitation_once'),
                    models.CheckConstraint(condition=models.Q(('role__in', ['owner', 'producer', 'support', 'analyst'])), name='invitation_role_known'),
                    models.CheckConstraint(condition=models.Q(models.Q(('role', 'owner'), _negated=True), ('all_games', True), _connector='OR'), name='invitation_owner_all_games'),
                    models.CheckConstraint(condition=models.Q(('accepted_at', None), ('withdrawn_at', None), _connector='OR'), name='invitation_one_end'),
                ],
            },
        ),
        migrations.AddField(
            model_name='membership',
            name='all_games',
            field=models.BooleanField(db_default=True, default=True, help_text='Also those that are added later.', verbose_name='all games'),
        ),
        migrations.AddConstraint(
            model_name='membership',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('role', 'owner'), _negated=True), ('all_games', True), _connector='OR'), name='membership_owner_all_games'),
        ),
    ]
