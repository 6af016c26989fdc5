from __future__ import annotations

from typing import Any

import django.db.models.functions.text
from django.db import migrations, models

from fulfillment.migrations._beginnings import BEGINNINGS

NAMES = [(name, table, columns) for name, table, columns in BEGINNINGS if " name " in columns]


def fold(apps: Any, schema_editor: Any) -> None:
    if schema_editor.connection.vendor == "postgresql":
        for name, table, columns in NAMES:
            folded = columns.replace(" name varchar_pattern_ops", " lower(name) text_pattern_ops")
            schema_editor.execute(f"DROP INDEX {name}")
            schema_editor.execute(f"CREATE INDEX {name} ON {table} ({folded})")


def unfold(apps: Any, schema_editor: Any) -> None:
    if schema_editor.connection.vendor == "postgresql":
        for name, table, columns in NAMES:
            schema_editor.execute(f"DROP INDEX {name}")
            schema_editor.execute(f"CREATE INDEX {name} ON {table} ({columns})")


class Migration(migrations.Migration):
    dependencies = [
        ("campaigns", "0012_names_in_any_spelling"),
        ("linking", "0005_names_in_any_spelling"),
        ("fulfillment", "0001_until_2026_11"),
    ]

    operations = [
        migrations.RemoveIndex(model_name="formername", name="former_name_search"),
        migrations.AddIndex(
            model_name="formername",
            index=models.Index(
                models.F("organization"), django.db.models.functions.text.Lower("name"), name="former_name_folded"
            ),
        ),
        migrations.RunPython(fold, unfold),
    ]
