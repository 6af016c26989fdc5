import django.core.validators
import django.db.models.deletion
import portal.encryption
import portal.ids
from django.conf import settings
from django.db import migrations, models


FILL = (
    # What held its slot before places were counted has one too, under the day (UTC) on which it was granted.
    "UPDATE fulfillment_claim SET given_day = counted_quarter / 96 + 719163 WHERE player_slot IS NOT NULL "
    "AND campaign_reward_id IS NOT NULL AND counted_quarter IS NOT NULL AND reason <> 'fulfilled_elsewhere'",
    "INSERT INTO fulfillment_rewardgiven (campaign_reward_id, day, given) SELECT campaign_reward_id, 0, COUNT(*) "
    "FROM fulfillment_claim WHERE given_day IS NOT NULL GROUP BY campaign_reward_id",
    "INSERT INTO fulfillment_rewardgiven (campaign_reward_id, day, given) SELECT campaign_reward_id, given_day, COUNT(*) "
    "FROM fulfillment_claim WHERE given_day IS NOT NULL GROUP BY campaign_reward_id, given_day",
)


class Migration(migrations.Migration):
    dependencies = [
        ("campaigns", "0010_planning"),
        ("fulfillment", "0009_game_state_clients"),
    ]

    operations = [
        migrations.CreateModel(
            name="CodePool",
            fields=[
                ("id", portal.ids.ULIDField(primary_key=True, serialize=False)),
                (
                    "organization",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="code_pools",
                        to="portal.organization",
                        verbose_name="organization",
                    ),
                ),
                (
                    "reward",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="code_pool",
                        to="campaigns.reward",
                        verbose_name="reward",
                    ),
                ),
                ("name", models.CharField(max_length=120, verbose_name="name")),
                (
                    "label",
                    models.CharField(
                        blank=True,
                        help_text="Where the codes can be used, for example: Steam, Europe. Viewers see it beside their code.",
                        max_length=120,
                        verbose_name="label",
                    ),
                ),
                (
                    "instructions",
                    models.CharField(
                        blank=True,
                        help_text="Shown to viewers below their code, for example: Enter it on example.com/redeem.",
                        max_length=500,
                        verbose_name="how to use a code",
                    ),
                ),
                (
                    "low_stock",
                    models.PositiveIntegerField(
                        default=100,
                        help_text="An alert tells of it once so many free codes or fewer are left.",
                        validators=[django.core.validators.MinValueValidator(1)],
                        verbose_name="low-stock threshold",
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True, verbose_name="created at")),
            ],
            options={
                "verbose_name": "code pool",
                "verbose_name_plural": "code pools",
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("low_stock__gte", 1)), name="code_pool_low_stock_positive"
                    )
                ],
                "indexes": [],
            },
        ),
        migrations.CreateModel(
            name="RewardCode",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "pool",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="codes",
                        to="fulfillment.codepool",
                        verbose_name="pool",
                    ),
                ),
                (
                    "organization",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="portal.organization",
                    ),
                ),
                ("value", portal.encryption.EncryptedTextField(verbose_name="code")),
                ("fingerprint", models.CharField(editable=False, max_length=32)),
                ("suffix", models.CharField(blank=True, editable=False, max_length=4, verbose_name="ends with")),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("free", "free"),
                            ("reserved", "reserved"),
                            ("assigned", "assigned"),
                            ("revealed", "revealed"),
                            ("revoked", "revoked"),
                        ],
                        default="free",
                        max_length=8,
                        verbose_name="state",
                    ),
                ),
                (
                    "claim",
                    models.OneToOneField(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="code",
                        to="fulfillment.claim",
                        verbose_name="claim",
                    ),
                ),
                ("imported_at", models.DateTimeField(verbose_name="imported at")),
                ("assigned_at", models.DateTimeField(null=True, verbose_name="assigned at")),
                ("revealed_at", models.DateTimeField(null=True, verbose_name="revealed at")),
                ("shown_at", models.DateTimeField(null=True, verbose_name="last shown at")),
                ("shown_times", models.PositiveIntegerField(default=0, verbose_name="times shown")),
                ("revoked_at", models.DateTimeField(null=True, verbose_name="revoked at")),
            ],
            options={
                "verbose_name": "code",
                "verbose_name_plural": "codes",
                "indexes": [
                    models.Index(condition=models.Q(("state", "free")), fields=["pool", "id"], name="code_free"),
                    models.Index(fields=["pool", "state"], name="code_state"),
                    models.Index(
                        condition=models.Q(("assigned_at__isnull", False)),
                        fields=["pool", "assigned_at"],
                        name="code_assigned",
                    ),
                    models.Index(fields=["organization", "suffix"], name="code_suffix"),
                    models.Index(fields=["organization", "-id"], name="code_list"),
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("organization", "fingerprint"), name="code_once_per_organization"),
                    models.CheckConstraint(
                        condition=models.Q(("state__in", ("free", "reserved", "assigned", "revealed", "revoked"))),
                        name="code_state_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("claim", None), ("state__in", ["free", "revoked"])),
                            models.Q(
                                ("assigned_at__isnull", False),
                                ("claim__isnull", False),
                                ("state__in", ["reserved", "assigned"]),
                            ),
                            models.Q(
                                ("assigned_at__isnull", False), ("revealed_at__isnull", False), ("state", "revealed")
                            ),
                            _connector="OR",
                        ),
                        name="code_state_fits_claim",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("revealed_at", None), ("state", "revealed"), _connector="OR"),
                        name="code_seen_stays_given",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="CodeKey",
            fields=[
                (
                    "organization",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        related_name="+",
                        serialize=False,
                        to="portal.organization",
                    ),
                ),
                ("secret", portal.encryption.EncryptedTextField()),
            ],
            options={
                "verbose_name": "key of codes",
                "verbose_name_plural": "keys of codes",
                "indexes": [],
                "constraints": [],
            },
        ),
        migrations.CreateModel(
            name="CodeImport",
            fields=[
                ("id", portal.ids.ULIDField(primary_key=True, serialize=False)),
                (
                    "pool",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="imports", to="fulfillment.codepool"
                    ),
                ),
                ("codes", portal.encryption.EncryptedTextField()),
                ("found", models.JSONField(default=dict)),
                (
                    "actor",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                ("created_at", models.DateTimeField(verbose_name="created at")),
            ],
            options={
                "verbose_name": "import of codes",
                "verbose_name_plural": "imports of codes",
                "indexes": [models.Index(fields=["created_at"], name="code_import_age")],
                "constraints": [],
            },
        ),
        migrations.CreateModel(
            name="RewardGiven",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "campaign_reward",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="campaigns.campaignreward"
                    ),
                ),
                ("day", models.PositiveIntegerField(default=0)),
                ("given", models.PositiveBigIntegerField(default=0)),
                ("allowed", models.PositiveBigIntegerField(null=True)),
            ],
            options={
                "verbose_name": "count of what was given",
                "verbose_name_plural": "counts of what was given",
                "constraints": [
                    models.UniqueConstraint(fields=("campaign_reward", "day"), name="reward_given_once"),
                    models.CheckConstraint(
                        condition=models.Q(("allowed", None), ("given__lte", models.F("allowed")), _connector="OR"),
                        name="reward_given_within_limit",
                    ),
                ],
                "indexes": [],
            },
        ),
        migrations.CreateModel(
            name="RewardFreed",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "campaign_reward",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="campaigns.campaignreward"
                    ),
                ),
                ("day", models.PositiveIntegerField()),
                ("claims", models.PositiveIntegerField()),
            ],
            options={
                "verbose_name": "place given up",
                "verbose_name_plural": "places given up",
                "indexes": [],
                "constraints": [],
            },
        ),
        migrations.AddField(
            model_name="claim",
            name="given_day",
            field=models.PositiveIntegerField(editable=False, null=True),
        ),
        migrations.AddIndex(
            model_name="claim",
            index=models.Index(
                condition=models.Q(
                    ("campaign_reward__isnull", False),
                    ("reason__in", ["pool_empty", "limit_reached", "daily_limit_reached"]),
                    ("state", "held"),
                ),
                fields=["campaign_reward", "reason", "id"],
                name="claim_waits_for_stock",
            ),
        ),
        migrations.RunSQL(FILL, migrations.RunSQL.noop),
    ]
