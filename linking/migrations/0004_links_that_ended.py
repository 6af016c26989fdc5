from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('linking', '0003_links_by_platform'),
    ]

    operations = [
        migrations.AddIndex(
            model_name='link',
            index=models.Index(condition=models.Q(('ended_at__isnull', False)), fields=['game', '-started_at'], name='link_ended'),
        ),
    ]
