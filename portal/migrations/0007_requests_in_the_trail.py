from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('portal', '0006_audit_trail'),
    ]

    operations = [
        # SQLite never uses an index with a condition that only the value of a parameter would fulfil.
        migrations.RemoveIndex(
            model_name='auditentry',
            name='audit_request',
        ),
        migrations.AddIndex(
            model_name='auditentry',
            index=models.Index(fields=['organization', 'request_id'], name='audit_request'),
        ),
    ]
