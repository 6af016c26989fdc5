from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('campaigns', '0010_planning'),
    ]

    operations = [
        migrations.AddIndex(
            model_name='viewer',
            index=models.Index(fields=['organization', 'platform', '-id'], name='viewer_list'),
        ),
    ]
