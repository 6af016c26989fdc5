"""Links to the preview of a campaign's page."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import portal.ids


class Migration(migrations.Migration):
    dependencies = [
        ("fulfillment", "0012_support_and_exports"),
        ("campaigns", "0006_game_state"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="CampaignPreview",
            fields=[
                ("id", portal.ids.ULIDField(default=portal.ids.new_ulid, primary_key=True, serialize=False)),
                ("token_hash", models.CharField(editable=False, max_length=64, unique=True)),
                ("made_at", models.DateTimeField(verbose_name="made at")),
                ("expires_at", models.DateTimeField(verbose_name="until")),
                ("revoked_at", models.DateTimeField(null=True, verbose_name="taken back at")),
                (
                    "campaign",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="previews",
                        to="campaigns.campaign",
                        verbose_name="campaign",
                    ),
                ),
                (
                    "made_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="made by",
                    ),
                ),
            ],
            options={
                "verbose_name": "preview link",
                "verbose_name_plural": "preview links",
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("expires_at__gt", models.F("made_at"))),
                        name="campaign_preview_ends_after_it_began",
                    )
                ],
            },
        ),
    ]
