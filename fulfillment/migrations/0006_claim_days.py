"""A table of what happened to claims by day, filled from the claims that are there and their history."""

from __future__ import annotations

from typing import Any

import django.db.models.deletion
from django.db import migrations, models

QUARTERS_OF_A_DAY = 96
DAY_SECONDS = 86_400


def count_days(apps: Any, schema_editor: Any) -> None:
    """Count by day which claims were granted, and how often one was delivered or failed."""
    seconds = (
        "CAST(FLOOR(EXTRACT(EPOCH FROM e.at)) AS bigint)"
        if schema_editor.connection.vendor == "postgresql"
        # Without its fraction, which SQLite would round: what happened in a day's last moment belongs to it.
        else "CAST(strftime('%s', SUBSTR(e.at, 1, 19)) AS bigint)"
    )
    schema_editor.execute(
        "INSERT INTO fulfillment_claimday (campaign_id, campaign_reward, day, what, claims) "
        "SELECT campaign_id, campaign_reward, day, what, COUNT(*) FROM ("
        "SELECT campaign_id, COALESCE(campaign_reward_id, '') AS campaign_reward, "
        f"counted_quarter / {QUARTERS_OF_A_DAY} AS day, 'granted' AS what FROM fulfillment_claim "
        "WHERE campaign_id IS NOT NULL AND counted_quarter IS NOT NULL UNION ALL "
        f"SELECT c.campaign_id, COALESCE(c.campaign_reward_id, ''), {seconds} / {DAY_SECONDS}, e.to_state "
        "FROM fulfillment_claimevent e JOIN fulfillment_claim c ON c.id = e.claim_id "
        "WHERE c.campaign_id IS NOT NULL AND e.to_state IN ('delivered', 'failed') AND e.from_state <> e.to_state"
        ") AS told GROUP BY campaign_id, campaign_reward, day, what",
        params=None,
    )


def keep(apps: Any, schema_editor: Any) -> None:
    """Do nothing: the table goes with what is in it."""


class Migration(migrations.Migration):
    dependencies = [("fulfillment", "0005_number_listed_claims")]

    operations = [
        migrations.AddField(
            model_name="claimcountchange",
            name="day",
            field=models.PositiveIntegerField(null=True),
        ),
        migrations.CreateModel(
            name="ClaimDay",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("campaign_reward", models.CharField(blank=True, max_length=26)),
                ("day", models.PositiveIntegerField()),
                (
                    "what",
                    models.CharField(
                        choices=[("granted", "granted"), ("delivered", "delivered"), ("failed", "failed")],
                        max_length=12,
                    ),
                ),
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
                "verbose_name": "claims of a day",
                "verbose_name_plural": "claims of days",
                "constraints": [
                    models.UniqueConstraint(
                        fields=("campaign", "day", "campaign_reward", "what"), name="claim_day_once"
                    )
                ],
            },
        ),
        migrations.RunPython(count_days, keep),
    ]
