"""Tables of how many claims a campaign has, filled with the claims that are there."""

from __future__ import annotations

from typing import Any

import django.db.models.deletion
from django.db import migrations, models

QUARTER_SECONDS = 900


def count_claims(apps: Any, schema_editor: Any) -> None:
    """Say of each claim of a campaign in which quarter of an hour it is counted, and count them all."""
    epoch = (
        "CAST(FLOOR(EXTRACT(EPOCH FROM COALESCE(granted_at, received_at))) AS bigint)"
        if schema_editor.connection.vendor == "postgresql"
        # Without its fraction, which SQLite would round: a claim of the last moment belongs to the quarter that ends.
        else "CAST(strftime('%s', SUBSTR(COALESCE(granted_at, received_at), 1, 19)) AS bigint)"
    )
    schema_editor.execute(
        f"UPDATE fulfillment_claim SET counted_quarter = {epoch} / {QUARTER_SECONDS} WHERE campaign_id IS NOT NULL",
        params=None,
    )
    schema_editor.execute(
        "INSERT INTO fulfillment_claimcount (campaign_id, campaign_reward, state, claims) "
        "SELECT campaign_id, COALESCE(campaign_reward_id, ''), state, COUNT(*) FROM fulfillment_claim "
        "WHERE campaign_id IS NOT NULL GROUP BY campaign_id, campaign_reward_id, state",
        params=None,
    )
    schema_editor.execute(
        "INSERT INTO fulfillment_claimquarter (campaign_id, quarter, claims) "
        "SELECT campaign_id, counted_quarter, COUNT(*) FROM fulfillment_claim "
        "WHERE campaign_id IS NOT NULL GROUP BY campaign_id, counted_quarter",
        params=None,
    )


def keep(apps: Any, schema_editor: Any) -> None:
    """Do nothing: the tables go with what is in them."""


class Migration(migrations.Migration):
    dependencies = [
        ("campaigns", "0002_watch_time"),
        ("fulfillment", "0001_initial"),
    ]

    operations = [
        migrations.AddField(
            model_name="claim",
            name="counted_quarter",
            field=models.PositiveIntegerField(editable=False, null=True),
        ),
        migrations.CreateModel(
            name="ClaimCount",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("campaign_reward", models.CharField(blank=True, max_length=26)),
                ("state", models.CharField(max_length=12)),
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
                "verbose_name": "count of claims",
                "verbose_name_plural": "counts of claims",
                "constraints": [
                    models.UniqueConstraint(fields=("campaign", "campaign_reward", "state"), name="claim_count_once")
                ],
            },
        ),
        migrations.CreateModel(
            name="ClaimCountChange",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("campaign_reward", models.CharField(blank=True, max_length=26)),
                ("state", models.CharField(blank=True, max_length=12)),
                ("quarter", models.PositiveIntegerField(null=True)),
                ("claims", models.BigIntegerField()),
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
                "verbose_name": "change of a count of claims",
                "verbose_name_plural": "changes of counts of claims",
                "indexes": [models.Index(fields=["campaign"], name="claim_count_change_campaign")],
            },
        ),
        migrations.CreateModel(
            name="ClaimQuarter",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("quarter", models.PositiveIntegerField()),
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
                "verbose_name": "claims of a quarter of an hour",
                "verbose_name_plural": "claims of quarters of an hour",
                "constraints": [models.UniqueConstraint(fields=("campaign", "quarter"), name="claim_quarter_once")],
            },
        ),
        migrations.RunPython(count_claims, keep),
    ]
