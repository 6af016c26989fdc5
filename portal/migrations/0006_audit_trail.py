from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('portal', '0005_members_and_invitations'),
    ]

    operations = [
        migrations.AddField(
            model_name='auditentry',
            name='request_id',
            field=models.CharField(blank=True, db_default='', default='', help_text='The logs have it too.', max_length=64, verbose_name='request id'),
        ),
        migrations.AddIndex(
            model_name='auditentry',
            index=models.Index(fields=['organization', 'actor', '-at'], name='audit_actor'),
        ),
        migrations.AddIndex(
            model_name='auditentry',
            index=models.Index(fields=['organization', 'object_type', '-at'], name='audit_kind'),
        ),
        migrations.AddIndex(
            model_name='auditentry',
            index=models.Index(fields=['organization', 'object_id'], name='audit_object_id'),
        ),
        migrations.AddIndex(
            model_name='auditentry',
            index=models.Index(fields=['organization', 'object_label'], name='audit_object_label'),
        ),
        migrations.AddIndex(
            model_name='auditentry',
            index=models.Index(fields=['organization', 'actor_label'], name='audit_actor_label'),
        ),
        migrations.AddIndex(
            model_name='auditentry',
            index=models.Index(condition=models.Q(('request_id', ''), _negated=True), fields=['organization', 'request_id'], name='audit_request'),
        ),
    ]
