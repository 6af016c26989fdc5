import django.db.models.functions.text
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("linking", "0001_until_2026_11")]

    operations = [
        migrations.RemoveIndex(model_name="player", name="player_name_search"),
        migrations.AddIndex(
            model_name="player",
            index=models.Index(django.db.models.functions.text.Lower("name"), name="player_name_folded"),
        ),
    ]
