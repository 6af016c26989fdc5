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
    ]
