from django.db import migrations


class Migration(migrations.Migration):

    dependencies = [
        ('fulfillment', '0014_simulations'),
    ]

    operations = [
    ]
