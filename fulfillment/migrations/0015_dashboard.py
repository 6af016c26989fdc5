"""Claims by the minute, how fast they are delivered, and how an organization stood when it was last looked through."""

from __future__ import annotations

from typing import Any

import django.db.models.deletion
from django.db import migrations, models

LAST_MINUTES = 120


def count_minutes(apps: Any, schema_editor: Any) -> None:
    """Count the claims of the newest hours by minute, and of every campaign and platform those of the last minute."""
    minute = (
        "CAST(FLOOR(EXTRACT(EPOCH FROM received_at) / 60) AS bigint)"
        if schema_editor.connection.vendor == "postgresql"
        else "CAST(strftime('%s', SUBSTR(received_at, 1, 19)) AS bigint) / 60"
    )
    schema_editor.execute(
        f"WITH counted AS (SELECT campaign_id, platform, {minute} AS minute, COUNT(*) AS claims FROM fulfillment_claim "  # noqa: S608 - own names only
        "WHERE campaign_id IS NOT NULL GROUP BY campaign_id, platform, 3), "
        "ranked AS (SELECT counted.*, MAX(minute) OVER (PARTITION BY campaign_id, platform) AS own_last, "
        "MAX(minute) OVER () AS last FROM counted) "
        "INSERT INTO fulfillment_claimminute (campaign_id, platform, minute, claims) "
        f"SELECT campaign_id, platform, minute, claims FROM ranked WHERE minute = own_last OR minute > last - {LAST_MINUTES}",
        params=None,
    )


def keep(apps: Any, schema_editor: Any) -> None:
    """Do nothing: the table goes with what is in it."""


class Migration(migrations.Migration):
    dependencies = [("fulfillment", "0014_simulations")]

    operations = [
        migrations.AddField(
            model_name="alertwatch",
            name="standing",
            field=models.JSONField(db_default={}, default=dict),
        ),
        migrations.CreateModel(
            name="ClaimMinute",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("minute", models.PositiveIntegerField()),
                ("platform", models.CharField(max_length=32)),
                ("claims", models.BigIntegerField(default=0)),
                (
                    "campaign",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="campaigns.campaign",
                    ),
                ),
            ],
            options={
                "verbose_name": "claims of a minute",
                "verbose_name_plural": "claims of minutes",
                "constraints": [
                    models.UniqueConstraint(fields=("campaign", "minute", "platform"), name="claim_minute_once")
                ],
            },
        ),
        migrations.CreateModel(
            name="PaceTally",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("hour", models.DateTimeField(verbose_name="hour")),
                ("outcome", models.CharField(max_length=40, verbose_name="outcome")),
                ("count", models.PositiveBigIntegerField(default=0, verbose_name="count")),
                (
                    "campaign",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="campaigns.campaign",
                    ),
                ),
            ],
            options={
                "verbose_name": "count of a campaign's deliveries",
                "verbose_name_plural": "counts of campaigns' deliveries",
                "constraints": [
                    models.UniqueConstraint(fields=("campaign", "hour", "outcome"), name="pace_tally_once")
                ],
            },
        ),
        migrations.RunPython(count_minutes, keep),
    ]
