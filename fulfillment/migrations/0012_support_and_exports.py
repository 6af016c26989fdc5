from __future__ import annotations

from typing import Any

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models
from django.db.models import Q

from fulfillment.migrations._beginnings import drop, make

ONE_OF_BOTH = Q(viewer=None, player__isnull=False) | Q(viewer__isnull=False, player=None)


def to(model: str, name: str, **more: Any) -> models.ForeignKey[Any, Any]:
    return models.ForeignKey(
        db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name=name, to=model, **more
    )


class Migration(migrations.Migration):
    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
        ("fulfillment", "0011_safe_actions"),
    ]

    operations = [
        migrations.CreateModel(
            name="FormerName",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=200, verbose_name="name")),
                ("seen_from", models.DateTimeField(verbose_name="from")),
                ("seen_until", models.DateTimeField(verbose_name="until")),
                ("organization", to("portal.organization", "+")),
                ("viewer", to("campaigns.viewer", "former_names", null=True)),
                ("player", to("linking.player", "former_names", null=True)),
            ],
            options={
                "verbose_name": "former name",
                "verbose_name_plural": "former names",
                "indexes": [models.Index(fields=["organization", "name"], name="former_name_search")],
                "constraints": [
                    models.CheckConstraint(condition=ONE_OF_BOTH, name="former_name_of_one"),
                    models.UniqueConstraint(fields=("viewer", "name"), name="former_name_viewer_once"),
                    models.UniqueConstraint(fields=("player", "name"), name="former_name_player_once"),
                ],
            },
        ),
        migrations.CreateModel(
            name="StaffNote",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("at", models.DateTimeField(verbose_name="time")),
                ("text", models.TextField(max_length=2000, verbose_name="note")),
                ("author_label", models.CharField(max_length=150, verbose_name="by")),
                (
                    "author",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("organization", to("portal.organization", "+")),
                ("viewer", to("campaigns.viewer", "staff_notes", null=True)),
                ("player", to("linking.player", "staff_notes", null=True)),
            ],
            options={
                "verbose_name": "note of staff",
                "verbose_name_plural": "notes of staff",
                "indexes": [
                    models.Index(condition=Q(viewer__isnull=False), fields=["viewer", "-at"], name="staff_note_viewer"),
                    models.Index(condition=Q(player__isnull=False), fields=["player", "-at"], name="staff_note_player"),
                ],
                "constraints": [models.CheckConstraint(condition=ONE_OF_BOTH, name="staff_note_of_one")],
            },
        ),
        migrations.RunPython(make, drop, elidable=False),
    ]
