import django.db.models.functions.text
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("campaigns", "0001_until_2026_11")]

    operations = [
        migrations.RemoveIndex(model_name="viewer", name="viewer_name"),
        migrations.AddIndex(
            model_name="viewer",
            index=models.Index(
                models.F("organization"), django.db.models.functions.text.Lower("name"), name="viewer_name_folded"
            ),
        ),
    ]
