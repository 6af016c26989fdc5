from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('linking', '0002_authorizations'),
    ]

    operations = [
        migrations.AddIndex(
            model_name='link',
            index=models.Index(fields=['game', 'platform', '-started_at'], name='link_platform'),
        ),
    ]
