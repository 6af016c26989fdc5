import django.core.validators
import django.db.models.deletion
import django.db.models.expressions
import fulfillment.rules.states
import portal.encryption
import portal.http.policy
import portal.ids
import portal.platforms
import portal.tokens
from django.conf import settings
from django.db import migrations, models

from fulfillment.migrations._beginnings import drop, make


class Migration(migrations.Migration):
    replaces = [
        ("fulfillment", "0001_initial"),
        ("fulfillment", "0002_count_claims"),
        ("fulfillment", "0003_notices"),
        ("fulfillment", "0004_partner_api"),
        ("fulfillment", "0005_number_listed_claims"),
        ("fulfillment", "0006_claim_days"),
        ("fulfillment", "0007_write_back"),
        ("fulfillment", "0008_in_step"),
        ("fulfillment", "0009_game_state_clients"),
        ("fulfillment", "0010_codes_and_limits"),
        ("fulfillment", "0011_safe_actions"),
        ("fulfillment", "0012_support_and_exports"),
        ("fulfillment", "0013_previews"),
        ("fulfillment", "0014_simulations"),
        ("fulfillment", "0015_dashboard"),
        ("fulfillment", "0016_many_claims"),
        ("fulfillment", "0017_bulk_since"),
    ]

    initial = True

    dependencies = [
        ("allauth_idp_oidc", "0003_client_allow_uri_wildcards"),
        ("campaigns", "0001_until_2026_11"),
        ("linking", "0001_until_2026_11"),
        ("portal", "0001_until_2026_11"),
    ]

    operations = [
        migrations.CreateModel(
            name="AlertRule",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "organization",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="alert_rules",
                        to="portal.organization",
                    ),
                ),
                ("rule", models.CharField(max_length=40, verbose_name="rule")),
                ("enabled", models.BooleanField(default=True, verbose_name="watched")),
                ("threshold", models.PositiveIntegerField(blank=True, null=True, verbose_name="threshold")),
                ("muted_until", models.DateTimeField(blank=True, null=True, verbose_name="muted until")),
            ],
            options={
                "verbose_name": "alert rule",
                "verbose_name_plural": "alert rules",
                "constraints": [models.UniqueConstraint(fields=("organization", "rule"), name="alert_rule_once")],
            },
        ),
        migrations.CreateModel(
            name="AlertChannel",
            fields=[
                ("id", portal.ids.ULIDField(primary_key=True, serialize=False)),
                (
                    "organization",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="alert_channels",
                        to="portal.organization",
                    ),
                ),
                ("name", models.CharField(max_length=80, verbose_name="name")),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("email", "e-mail"),
                            ("slack", "webhook in Slack's form"),
                            ("discord", "webhook in Discord's form"),
                        ],
                        max_length=10,
                        verbose_name="kind",
                    ),
                ),
                ("address", portal.encryption.EncryptedTextField(verbose_name="address")),
                ("enabled", models.BooleanField(default=True, verbose_name="enabled")),
                (
                    "rules",
                    models.JSONField(
                        blank=True, default=list, help_text="None chosen: all.", verbose_name="only these alerts"
                    ),
                ),
                ("muted_until", models.DateTimeField(blank=True, null=True, verbose_name="muted until")),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("not_before", models.DateTimeField(editable=False, null=True)),
                ("sent_at", models.DateTimeField(editable=False, null=True, verbose_name="last reached at")),
                ("failed_at", models.DateTimeField(editable=False, null=True, verbose_name="last failed at")),
                ("problem", models.CharField(blank=True, editable=False, max_length=60)),
            ],
            options={
                "verbose_name": "alert channel",
                "verbose_name_plural": "alert channels",
                "constraints": [
                    models.UniqueConstraint(fields=("organization", "name"), name="alert_channel_name_once")
                ],
            },
        ),
        migrations.CreateModel(
            name="Alert",
            fields=[
                ("id", portal.ids.ULIDField(primary_key=True, serialize=False)),
                (
                    "organization",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="alerts", to="portal.organization"
                    ),
                ),
                ("rule", models.CharField(max_length=40, verbose_name="alert")),
                ("subject", models.CharField(blank=True, max_length=200)),
                ("facts", models.JSONField(default=dict)),
                ("opened_at", models.DateTimeField(verbose_name="since")),
                ("seen_at", models.DateTimeField(verbose_name="last seen at")),
                ("gone_at", models.DateTimeField(null=True)),
                ("closed_at", models.DateTimeField(null=True, verbose_name="over since")),
                ("muted_until", models.DateTimeField(blank=True, null=True, verbose_name="muted until")),
                ("told_at", models.DateTimeField(null=True, verbose_name="told at")),
            ],
            options={
                "verbose_name": "alert",
                "verbose_name_plural": "alerts",
                "indexes": [models.Index(fields=["organization", "-opened_at"], name="alert_list")],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("closed_at__isnull", True)),
                        fields=("organization", "rule", "subject"),
                        name="alert_open_once",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="AlertMessage",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "channel",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="messages",
                        to="fulfillment.alertchannel",
                    ),
                ),
                (
                    "alert",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="messages",
                        to="fulfillment.alert",
                    ),
                ),
                (
                    "about",
                    models.CharField(
                        choices=[
                            ("opened", "something is wrong"),
                            ("still", "it still is"),
                            ("closed", "it is over"),
                            ("test", "a test"),
                        ],
                        max_length=8,
                    ),
                ),
                ("created_at", models.DateTimeField()),
                ("due_at", models.DateTimeField(null=True)),
                ("attempts", models.PositiveSmallIntegerField(default=0)),
                ("sent_at", models.DateTimeField(null=True)),
                ("problem", models.CharField(blank=True, max_length=60)),
            ],
            options={
                "verbose_name": "alert message",
                "verbose_name_plural": "alert messages",
                "indexes": [
                    models.Index(
                        condition=models.Q(("due_at__isnull", False)), fields=["due_at"], name="alert_message_due"
                    )
                ],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("about__in", ["opened", "closed"])),
                        fields=("alert", "channel", "about"),
                        name="alert_message_once",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="AlertWatch",
            fields=[
                (
                    "organization",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="alert_watch",
                        serialize=False,
                        to="portal.organization",
                    ),
                ),
                ("judged_at", models.DateTimeField(null=True)),
                ("standing", models.JSONField(db_default={}, default=dict)),
            ],
            options={
                "verbose_name": "watch over an organization",
                "verbose_name_plural": "watches over organizations",
            },
        ),
        migrations.CreateModel(
            name="BulkOperation",
            fields=[
                ("id", portal.ids.ULIDField(primary_key=True, serialize=False)),
                (
                    "organization",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="portal.organization"
                    ),
                ),
                (
                    "action",
                    models.CharField(
                        choices=[
                            ("retry", "retry"),
                            ("hold", "hold"),
                            ("release", "release"),
                            ("abandon", "close without delivery"),
                            ("assign_reward", "assign"),
                            ("replay", "send events again"),
                        ],
                        max_length=16,
                        verbose_name="action",
                    ),
                ),
                ("reason", models.CharField(blank=True, max_length=500, verbose_name="reason")),
                (
                    "actor",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("actor_label", models.CharField(max_length=150, verbose_name="by")),
                ("claim_ids", models.JSONField(default=list)),
                (
                    "reward",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="campaigns.reward",
                        verbose_name="reward",
                    ),
                ),
                (
                    "campaign",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="campaigns.campaign",
                        verbose_name="campaign",
                    ),
                ),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("chosen", "chosen"),
                            ("asked", "waits for approval"),
                            ("running", "under way"),
                            ("paused", "paused"),
                            ("finished", "finished"),
                            ("cancelled", "cancelled"),
                            ("refused", "refused"),
                            ("withdrawn", "withdrawn"),
                            ("expired", "expired without approval"),
                        ],
                        db_default="chosen",
                        default="chosen",
                        max_length=10,
                        verbose_name="status",
                    ),
                ),
                (
                    "responsible",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("approval_above", models.PositiveIntegerField(null=True, verbose_name="approval above")),
                ("expires_at", models.DateTimeField(null=True, verbose_name="approval until")),
                (
                    "approver",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "approver_label",
                    models.CharField(blank=True, db_default="", max_length=150, verbose_name="decided by"),
                ),
                ("decided_at", models.DateTimeField(null=True, verbose_name="decided at")),
                (
                    "decision_reason",
                    models.CharField(blank=True, db_default="", max_length=500, verbose_name="reason of the decision"),
                ),
                ("halted_at", models.DateTimeField(null=True, verbose_name="stopped at")),
                ("halted_by", models.CharField(blank=True, db_default="", max_length=150, verbose_name="stopped by")),
                (
                    "halt_reason",
                    models.CharField(blank=True, db_default="", max_length=500, verbose_name="reason of the stop"),
                ),
                ("since", models.DateTimeField(null=True, verbose_name="since")),
                ("total", models.PositiveIntegerField(verbose_name="claims")),
                ("position", models.PositiveIntegerField(default=0)),
                ("done", models.PositiveIntegerField(default=0, verbose_name="done")),
                ("skipped", models.PositiveIntegerField(default=0, verbose_name="left as they were")),
                ("created_at", models.DateTimeField(verbose_name="chosen at")),
                ("confirmed_at", models.DateTimeField(null=True, verbose_name="confirmed at")),
                ("due_at", models.DateTimeField(null=True)),
                ("finished_at", models.DateTimeField(null=True, verbose_name="finished at")),
            ],
            options={
                "verbose_name": "bulk action",
                "verbose_name_plural": "bulk actions",
                "indexes": [
                    models.Index(condition=models.Q(("due_at__isnull", False)), fields=["due_at"], name="bulk_due"),
                    models.Index(fields=["organization", "-id"], name="bulk_list"),
                    models.Index(
                        condition=models.Q(("status__in", ["asked", "running", "paused"])),
                        fields=["organization", "status"],
                        name="bulk_open",
                    ),
                    models.Index(condition=models.Q(("status", "asked")), fields=["expires_at"], name="bulk_expiring"),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "position",
                                django.db.models.expressions.CombinedExpression(
                                    models.F("done"), "+", models.F("skipped")
                                ),
                            ),
                            ("position__lte", models.F("total")),
                        ),
                        name="bulk_counts_add_up",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("due_at", None), ("status", "running"), _connector="OR"),
                        name="bulk_due_is_running",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("confirmed_at", None), ("status", "chosen")),
                            models.Q(models.Q(("status", "chosen"), _negated=True), ("confirmed_at__isnull", False)),
                            _connector="OR",
                        ),
                        name="bulk_confirmed_or_chosen",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("finished_at__isnull", False),
                                ("status__in", ("cancelled", "expired", "finished", "refused", "withdrawn")),
                            ),
                            models.Q(
                                models.Q(
                                    ("status__in", ("cancelled", "expired", "finished", "refused", "withdrawn")),
                                    _negated=True,
                                ),
                                ("finished_at", None),
                            ),
                            _connector="OR",
                        ),
                        name="bulk_ended_has_time",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("status", "finished"), _negated=True),
                            ("position", models.F("total")),
                            _connector="OR",
                        ),
                        name="bulk_finished_is_whole",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("approver", models.F("actor")), _negated=True),
                        name="bulk_approved_by_another",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("approval_above", None),
                            models.Q(("position", 0), ("status__in", ["asked", "refused", "withdrawn", "expired"])),
                            ("decided_at__isnull", False),
                            _connector="OR",
                        ),
                        name="bulk_begins_approved",
                    ),
                    models.CheckConstraint(condition=models.Q(("total__lte", 100000)), name="bulk_within_limit"),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("action", "assign_reward"), models.Q(("campaign", None), ("reward", None)), _connector="OR"
                        ),
                        name="bulk_assigns_or_not",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Claim",
            fields=[
                ("id", portal.ids.ULIDField(primary_key=True, serialize=False)),
                (
                    "organization",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="claims",
                        to="portal.organization",
                        verbose_name="organization",
                    ),
                ),
                (
                    "platform",
                    models.CharField(
                        max_length=32, validators=[portal.platforms.validate_platform], verbose_name="platform"
                    ),
                ),
                ("platform_claim_id", models.CharField(max_length=200, verbose_name="claim id there")),
                ("platform_user_id", models.CharField(max_length=200, verbose_name="user id there")),
                ("platform_user_name", models.CharField(blank=True, max_length=200, verbose_name="user name there")),
                (
                    "platform_campaign_id",
                    models.CharField(blank=True, max_length=200, verbose_name="campaign id there"),
                ),
                ("platform_reward_id", models.CharField(blank=True, max_length=200, verbose_name="reward id there")),
                (
                    "platform_category_id",
                    models.CharField(blank=True, max_length=200, verbose_name="category id there"),
                ),
                ("external_id", models.CharField(blank=True, max_length=200, verbose_name="external id")),
                (
                    "source",
                    models.CharField(
                        choices=[
                            ("webhook", "webhook"),
                            ("sweep", "sweep"),
                            ("portal", "claimed on the portal"),
                            ("staff", "granted by hand"),
                            ("test", "simulated"),
                        ],
                        max_length=8,
                        verbose_name="source",
                    ),
                ),
                ("granted_at", models.DateTimeField(null=True, verbose_name="granted at")),
                ("received_at", models.DateTimeField(verbose_name="received at")),
                ("raw", models.TextField(blank=True, verbose_name="message")),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("received", "received"),
                            ("waiting", "waiting for a link"),
                            ("quarantined", "quarantined"),
                            ("held", "held"),
                            ("ready", "ready"),
                            ("delivering", "delivering"),
                            ("delivered", "delivered"),
                            ("confirmed", "confirmed"),
                            ("failed", "failed"),
                            ("duplicate", "duplicate"),
                            ("abandoned", "abandoned"),
                        ],
                        default="received",
                        max_length=12,
                        verbose_name="state",
                    ),
                ),
                ("reason", models.CharField(blank=True, max_length=40, verbose_name="reason")),
                ("detail", models.CharField(blank=True, max_length=500, verbose_name="detail")),
                ("state_changed_at", models.DateTimeField(verbose_name="since")),
                ("resolve_at", models.DateTimeField(null=True)),
                ("attempted_at", models.DateTimeField(null=True, verbose_name="first attempt at")),
                ("delivered_at", models.DateTimeField(null=True, verbose_name="delivered at")),
                ("write_back_at", models.DateTimeField(editable=False, null=True)),
                (
                    "written_back_at",
                    models.DateTimeField(editable=False, null=True, verbose_name="told the platform at"),
                ),
                ("write_back_refused", models.BooleanField(db_default=False, default=False, editable=False)),
                ("staff_hold", models.BooleanField(default=False, verbose_name="held by staff")),
                ("waived", models.JSONField(default=list, verbose_name="holds released by staff")),
                (
                    "assigned_reward",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="campaigns.reward",
                        verbose_name="assigned reward",
                    ),
                ),
                (
                    "assigned_campaign",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="campaigns.campaign",
                        verbose_name="assigned campaign",
                    ),
                ),
                (
                    "viewer",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="claims",
                        to="campaigns.viewer",
                        verbose_name="viewer",
                    ),
                ),
                (
                    "game",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="claims",
                        to="campaigns.game",
                        verbose_name="game",
                    ),
                ),
                (
                    "campaign",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="claims",
                        to="campaigns.campaign",
                        verbose_name="campaign",
                    ),
                ),
                (
                    "reward",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="claims",
                        to="campaigns.reward",
                        verbose_name="reward",
                    ),
                ),
                (
                    "campaign_reward",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="claims",
                        to="campaigns.campaignreward",
                    ),
                ),
                (
                    "link",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="claims",
                        to="linking.link",
                    ),
                ),
                (
                    "player",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="claims",
                        to="linking.player",
                        verbose_name="player",
                    ),
                ),
                ("player_slot", models.PositiveSmallIntegerField(null=True)),
                ("viewer_slot", models.PositiveSmallIntegerField(null=True)),
                ("given_day", models.PositiveIntegerField(editable=False, null=True)),
                ("counted_quarter", models.PositiveIntegerField(editable=False, null=True)),
                ("listed_as", models.CharField(blank=True, db_default="", default="", editable=False, max_length=32)),
                ("listed_no", models.BigIntegerField(editable=False, null=True)),
                (
                    "partner_status",
                    models.CharField(
                        blank=True,
                        db_default="",
                        default="",
                        editable=False,
                        max_length=100,
                        verbose_name="partner's status",
                    ),
                ),
            ],
            options={
                "verbose_name": "claim",
                "verbose_name_plural": "claims",
                "indexes": [
                    models.Index(
                        condition=models.Q(("resolve_at__isnull", False)), fields=["resolve_at"], name="claim_due"
                    ),
                    models.Index(fields=["organization", "platform", "platform_user_id"], name="claim_user"),
                    models.Index(fields=["organization", "state", "-id"], name="claim_list"),
                    models.Index(
                        condition=models.Q(("campaign__isnull", False)),
                        fields=["campaign", "-id"],
                        name="claim_campaign",
                    ),
                    models.Index(
                        condition=models.Q(
                            ("campaign_reward__isnull", False),
                            ("reason__in", ["pool_empty", "limit_reached", "daily_limit_reached"]),
                            ("state", "held"),
                        ),
                        fields=["campaign_reward", "reason", "id"],
                        name="claim_waits_for_stock",
                    ),
                    models.Index(
                        condition=models.Q(("campaign__isnull", False)),
                        fields=["campaign", "state"],
                        name="claim_campaign_state",
                    ),
                    models.Index(
                        condition=models.Q(("write_back_at__isnull", False)),
                        fields=["organization", "platform", "write_back_at"],
                        name="claim_write_back",
                    ),
                    models.Index(
                        condition=models.Q(
                            (
                                "state__in",
                                [
                                    fulfillment.rules.states.State["DELIVERING"],
                                    fulfillment.rules.states.State["FAILED"],
                                    fulfillment.rules.states.State["READY"],
                                ],
                            )
                        ),
                        fields=["organization", "listed_as", "listed_no"],
                        name="claim_listed_open",
                    ),
                    models.Index(
                        condition=models.Q(("listed_no__isnull", False)),
                        fields=["campaign", "listed_as", "listed_no"],
                        name="claim_listed_campaign",
                    ),
                    models.Index(
                        condition=models.Q(("listed_no__isnull", False)),
                        fields=["game", "listed_as", "listed_no"],
                        name="claim_listed_game",
                    ),
                    models.Index(
                        condition=models.Q(("state", "quarantined")),
                        fields=[
                            "organization",
                            "platform",
                            "reason",
                            "platform_reward_id",
                            "platform_campaign_id",
                            "id",
                            "state",
                        ],
                        name="claim_quarantined",
                    ),
                    models.Index(
                        condition=models.Q(("viewer__isnull", False)), fields=["viewer", "-id"], name="claim_viewer"
                    ),
                    models.Index(
                        condition=models.Q(("player__isnull", False)), fields=["player", "-id"], name="claim_player"
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("organization", "platform", "platform_claim_id"), name="claim_once_per_organization"
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("player_slot__isnull", False)),
                        fields=("campaign_reward", "player", "player_slot"),
                        name="claim_player_slot_once",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("viewer_slot__isnull", False)),
                        fields=("campaign_reward", "viewer", "viewer_slot"),
                        name="claim_viewer_slot_once",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "state__in",
                                [
                                    "received",
                                    "waiting",
                                    "quarantined",
                                    "held",
                                    "ready",
                                    "delivering",
                                    "delivered",
                                    "confirmed",
                                    "failed",
                                    "duplicate",
                                    "abandoned",
                                ],
                            )
                        ),
                        name="claim_state_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                (
                                    "state__in",
                                    [
                                        fulfillment.rules.states.State["DELIVERED"],
                                        fulfillment.rules.states.State["DELIVERING"],
                                        fulfillment.rules.states.State["FAILED"],
                                        fulfillment.rules.states.State["READY"],
                                    ],
                                ),
                                _negated=True,
                            ),
                            models.Q(
                                ("campaign_reward__isnull", False),
                                ("player__isnull", False),
                                ("player_slot__isnull", False),
                            ),
                            _connector="OR",
                        ),
                        name="claim_sent_has_player_and_slot",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("listed_no__isnull", False)),
                        fields=("organization", "listed_as", "listed_no"),
                        name="claim_listed_once",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                (
                                    "state__in",
                                    [
                                        fulfillment.rules.states.State["CONFIRMED"],
                                        fulfillment.rules.states.State["DELIVERED"],
                                        fulfillment.rules.states.State["DELIVERING"],
                                        fulfillment.rules.states.State["FAILED"],
                                        fulfillment.rules.states.State["READY"],
                                    ],
                                ),
                                _negated=True,
                            ),
                            models.Q(("listed_no__isnull", False), models.Q(("listed_as", ""), _negated=True)),
                            _connector="OR",
                        ),
                        name="claim_listed_has_number",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("state", "delivered"), _negated=True),
                            ("delivered_at__isnull", False),
                            _connector="OR",
                        ),
                        name="claim_delivered_has_time",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="ClaimListing",
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
                ("last", models.BigIntegerField(default=0)),
            ],
            options={
                "verbose_name": "numbers of lists",
                "verbose_name_plural": "numbers of lists",
            },
        ),
        migrations.CreateModel(
            name="ClaimEvent",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "claim",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="events", to="fulfillment.claim"
                    ),
                ),
                ("at", models.DateTimeField(verbose_name="time")),
                (
                    "from_state",
                    models.CharField(
                        choices=[
                            ("received", "received"),
                            ("waiting", "waiting for a link"),
                            ("quarantined", "quarantined"),
                            ("held", "held"),
                            ("ready", "ready"),
                            ("delivering", "delivering"),
                            ("delivered", "delivered"),
                            ("confirmed", "confirmed"),
                            ("failed", "failed"),
                            ("duplicate", "duplicate"),
                            ("abandoned", "abandoned"),
                        ],
                        max_length=12,
                        verbose_name="from",
                    ),
                ),
                (
                    "to_state",
                    models.CharField(
                        choices=[
                            ("received", "received"),
                            ("waiting", "waiting for a link"),
                            ("quarantined", "quarantined"),
                            ("held", "held"),
                            ("ready", "ready"),
                            ("delivering", "delivering"),
                            ("delivered", "delivered"),
                            ("confirmed", "confirmed"),
                            ("failed", "failed"),
                            ("duplicate", "duplicate"),
                            ("abandoned", "abandoned"),
                        ],
                        max_length=12,
                        verbose_name="to",
                    ),
                ),
                ("reason", models.CharField(blank=True, max_length=40, verbose_name="reason")),
                ("detail", models.CharField(blank=True, max_length=500, verbose_name="detail")),
                (
                    "actor",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("actor_label", models.CharField(max_length=150, verbose_name="by")),
            ],
            options={
                "verbose_name": "claim event",
                "verbose_name_plural": "claim history",
            },
        ),
        migrations.CreateModel(
            name="ApiClient",
            fields=[
                ("id", portal.ids.ULIDField(primary_key=True, serialize=False)),
                (
                    "organization",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="api_clients",
                        to="portal.organization",
                        verbose_name="organization",
                    ),
                ),
                (
                    "oauth",
                    models.OneToOneField(
                        editable=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="api_client",
                        to="allauth_idp_oidc.client",
                    ),
                ),
                (
                    "other_platforms",
                    models.BooleanField(
                        default=False,
                        help_text="Off: in each platform's API only that platform's own claims are listed. On: those of all platforms and of the portal's own campaigns too, with fields that tell platform and player.",
                        verbose_name="list the claims of all platforms",
                    ),
                ),
                (
                    "completing_texts",
                    models.JSONField(
                        blank=True,
                        default=list,
                        help_text="Kick's API only: texts that mean the same as “processed”, one a line.",
                        verbose_name="statuses that complete a claim",
                    ),
                ),
                (
                    "points_per_minute",
                    models.PositiveIntegerField(
                        default=800,
                        help_text="How many calls are answered a minute with its own token, and as many for each player's.",
                        validators=[
                            django.core.validators.MinValueValidator(1),
                            django.core.validators.MaxValueValidator(1000000),
                        ],
                        verbose_name="calls a minute",
                    ),
                ),
                ("expires_at", models.DateTimeField(blank=True, null=True, verbose_name="expires at")),
                ("revoked_at", models.DateTimeField(editable=False, null=True, verbose_name="revoked at")),
                ("created_at", models.DateTimeField(verbose_name="created at")),
                (
                    "created_by",
                    models.ForeignKey(
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "verbose_name": "API client",
                "verbose_name_plural": "API clients",
                "indexes": [models.Index(fields=["organization", "-id"], name="api_client_list")],
            },
        ),
        migrations.CreateModel(
            name="GameStateClient",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "client",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="game_state_games",
                        to="fulfillment.apiclient",
                        verbose_name="API client",
                    ),
                ),
                (
                    "game",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="game_state_clients",
                        to="campaigns.game",
                        verbose_name="game",
                    ),
                ),
                ("allowed_at", models.DateTimeField(verbose_name="allowed at")),
            ],
            options={
                "verbose_name": "game whose state a client may stream",
                "verbose_name_plural": "games whose state clients may stream",
                "constraints": [models.UniqueConstraint(fields=("game", "client"), name="game_state_client_once")],
            },
        ),
        migrations.CreateModel(
            name="GameStateRefusal",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "client",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="game_state_refusals",
                        to="fulfillment.apiclient",
                        verbose_name="client",
                    ),
                ),
                ("code", models.CharField(max_length=32, verbose_name="why")),
                ("last_at", models.DateTimeField(verbose_name="last at")),
            ],
            options={
                "verbose_name": "refusal of a game server",
                "verbose_name_plural": "refusals of game servers",
                "constraints": [models.UniqueConstraint(fields=("client", "code"), name="game_state_refusal_once")],
            },
        ),
        migrations.CreateModel(
            name="ApiUse",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "client",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="uses",
                        to="fulfillment.apiclient",
                    ),
                ),
                ("who", models.CharField(blank=True, max_length=20)),
                ("minute", models.PositiveIntegerField()),
                ("calls", models.PositiveIntegerField(default=0)),
            ],
            options={
                "verbose_name": "use of the API",
                "verbose_name_plural": "uses of the API",
                "constraints": [
                    models.UniqueConstraint(fields=("client", "who"), name="api_use_once"),
                    models.CheckConstraint(condition=models.Q(("calls__gte", 0)), name="api_use_calls_counted"),
                ],
            },
        ),
        migrations.CreateModel(
            name="ClaimCount",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
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
                ("campaign_reward", models.CharField(blank=True, max_length=26)),
                ("state", models.CharField(max_length=12)),
                ("claims", models.BigIntegerField(default=0)),
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
            name="ClaimQuarter",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
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
                ("quarter", models.PositiveIntegerField()),
                ("claims", models.BigIntegerField(default=0)),
            ],
            options={
                "verbose_name": "claims of a quarter of an hour",
                "verbose_name_plural": "claims of quarters of an hour",
                "constraints": [models.UniqueConstraint(fields=("campaign", "quarter"), name="claim_quarter_once")],
            },
        ),
        migrations.CreateModel(
            name="ClaimDay",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
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
        migrations.CreateModel(
            name="ClaimCountChange",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
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
                ("campaign_reward", models.CharField(blank=True, max_length=26)),
                ("state", models.CharField(blank=True, max_length=12)),
                ("quarter", models.PositiveIntegerField(null=True)),
                ("day", models.PositiveIntegerField(null=True)),
                ("claims", models.BigIntegerField()),
            ],
            options={
                "verbose_name": "change of a count of claims",
                "verbose_name_plural": "changes of counts of claims",
                "indexes": [models.Index(fields=["campaign"], name="claim_count_change_campaign")],
            },
        ),
        migrations.CreateModel(
            name="Endpoint",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "secret",
                    portal.encryption.EncryptedTextField(
                        blank=True,
                        help_text="Standard Webhooks form: whsec_ and base64. Empty: one is made.",
                        verbose_name="signing secret",
                    ),
                ),
                ("previous_secret", portal.encryption.EncryptedTextField(blank=True, editable=False)),
                ("enabled", models.BooleanField(default=True, verbose_name="enabled")),
                (
                    "concurrency",
                    models.PositiveSmallIntegerField(
                        default=24,
                        help_text="How many deliveries may be under way at one time.",
                        verbose_name="calls at once",
                    ),
                ),
                ("failures", models.PositiveIntegerField(default=0, editable=False, verbose_name="failures in a row")),
                ("opened_at", models.DateTimeField(editable=False, null=True, verbose_name="paused since")),
                ("probe_at", models.DateTimeField(editable=False, null=True, verbose_name="next probe at")),
                ("probes", models.PositiveIntegerField(default=0, editable=False)),
                ("last_success_at", models.DateTimeField(editable=False, null=True, verbose_name="last success at")),
                ("last_error", models.CharField(blank=True, editable=False, max_length=500, verbose_name="last error")),
                (
                    "game",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="endpoint",
                        to="campaigns.game",
                        verbose_name="game",
                    ),
                ),
                (
                    "mode",
                    models.CharField(
                        choices=[
                            ("push", "push: the portal calls the game backend"),
                            ("pull", "pull: the game backend asks the portal"),
                        ],
                        default="push",
                        max_length=4,
                        verbose_name="how",
                    ),
                ),
                (
                    "url",
                    models.CharField(
                        blank=True,
                        help_text="Push only. HTTPS.",
                        max_length=500,
                        validators=[portal.http.policy.validate_outbound_url],
                        verbose_name="address",
                    ),
                ),
            ],
            options={
                "verbose_name": "game endpoint",
                "verbose_name_plural": "game endpoints",
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("mode", "push"), _negated=True),
                            models.Q(("url", ""), _negated=True),
                            _connector="OR",
                        ),
                        name="endpoint_push_has_url",
                        violation_error_message="Push needs the address of the game backend.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("opened_at", None), ("probe_at", None)),
                            models.Q(("opened_at__isnull", False), ("probe_at__isnull", False)),
                            _connector="OR",
                        ),
                        name="endpoint_open_has_probe",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("concurrency__gte", 1), ("concurrency__lte", 32)),
                        name="endpoint_concurrency_in_range",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Delivery",
            fields=[
                (
                    "claim",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        related_name="delivery",
                        serialize=False,
                        to="fulfillment.claim",
                    ),
                ),
                (
                    "game",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="deliveries",
                        to="campaigns.game",
                    ),
                ),
                ("due_at", models.DateTimeField(null=True, verbose_name="due at")),
                ("attempt", models.PositiveIntegerField(default=0, verbose_name="attempts made")),
                ("attempts_left", models.PositiveSmallIntegerField(default=8, verbose_name="attempts left")),
                ("leased", models.BooleanField(default=False)),
                ("leased_by", models.CharField(blank=True, max_length=26)),
                ("body", models.TextField(blank=True)),
                ("created_at", models.DateTimeField(verbose_name="created at")),
            ],
            options={
                "verbose_name": "delivery",
                "verbose_name_plural": "deliveries",
                "indexes": [
                    models.Index(
                        condition=models.Q(("due_at__isnull", False)), fields=["game", "due_at"], name="delivery_due"
                    ),
                    models.Index(condition=models.Q(("leased", True)), fields=["leased_by"], name="delivery_leased"),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("leased", False), ("due_at__isnull", False), _connector="OR"),
                        name="delivery_lease_has_end",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="DeliveryAttempt",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "delivery",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="attempts", to="fulfillment.delivery"
                    ),
                ),
                ("number", models.PositiveIntegerField(verbose_name="number")),
                ("started_at", models.DateTimeField(verbose_name="time")),
                ("duration_ms", models.PositiveIntegerField(verbose_name="milliseconds")),
                ("status", models.PositiveSmallIntegerField(null=True, verbose_name="status")),
                ("answer", models.TextField(blank=True, verbose_name="answer")),
                ("error", models.CharField(blank=True, max_length=500, verbose_name="error")),
            ],
            options={
                "verbose_name": "delivery attempt",
                "verbose_name_plural": "delivery attempts",
                "indexes": [models.Index(fields=["-started_at"], name="attempt_list")],
                "constraints": [models.UniqueConstraint(fields=("delivery", "number"), name="attempt_number_once")],
            },
        ),
        migrations.CreateModel(
            name="DeliveryTally",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "game",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="campaigns.game",
                    ),
                ),
                ("hour", models.DateTimeField(verbose_name="hour")),
                (
                    "outcome",
                    models.CharField(
                        choices=[("delivered", "taken by the game"), ("failed", "failed")],
                        max_length=10,
                        verbose_name="outcome",
                    ),
                ),
                ("count", models.PositiveBigIntegerField(default=0, verbose_name="count")),
                ("last_at", models.DateTimeField(null=True, verbose_name="last at")),
            ],
            options={
                "verbose_name": "count of deliveries",
                "verbose_name_plural": "counts of deliveries",
                "constraints": [
                    models.UniqueConstraint(fields=("game", "hour", "outcome"), name="delivery_tally_once")
                ],
            },
        ),
        migrations.CreateModel(
            name="EventSubscription",
            fields=[
                (
                    "secret",
                    portal.encryption.EncryptedTextField(
                        blank=True,
                        help_text="Standard Webhooks form: whsec_ and base64. Empty: one is made.",
                        verbose_name="signing secret",
                    ),
                ),
                ("previous_secret", portal.encryption.EncryptedTextField(blank=True, editable=False)),
                ("enabled", models.BooleanField(default=True, verbose_name="enabled")),
                (
                    "concurrency",
                    models.PositiveSmallIntegerField(
                        default=24,
                        help_text="How many deliveries may be under way at one time.",
                        verbose_name="calls at once",
                    ),
                ),
                ("failures", models.PositiveIntegerField(default=0, editable=False, verbose_name="failures in a row")),
                ("opened_at", models.DateTimeField(editable=False, null=True, verbose_name="paused since")),
                ("probe_at", models.DateTimeField(editable=False, null=True, verbose_name="next probe at")),
                ("probes", models.PositiveIntegerField(default=0, editable=False)),
                ("last_success_at", models.DateTimeField(editable=False, null=True, verbose_name="last success at")),
                ("last_error", models.CharField(blank=True, editable=False, max_length=500, verbose_name="last error")),
                ("id", portal.ids.ULIDField(primary_key=True, serialize=False)),
                (
                    "organization",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="event_subscriptions",
                        to="portal.organization",
                        verbose_name="organization",
                    ),
                ),
                ("name", models.CharField(max_length=100, verbose_name="name")),
                (
                    "url",
                    models.CharField(
                        help_text="HTTPS.",
                        max_length=500,
                        validators=[portal.http.policy.validate_outbound_url],
                        verbose_name="address",
                    ),
                ),
                ("types", models.JSONField(default=list, verbose_name="events")),
                ("created_at", models.DateTimeField(verbose_name="created at")),
            ],
            options={
                "verbose_name": "event subscription",
                "verbose_name_plural": "event subscriptions",
                "indexes": [models.Index(fields=["organization", "-id"], name="event_subscription_list")],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("opened_at", None), ("probe_at", None)),
                            models.Q(("opened_at__isnull", False), ("probe_at__isnull", False)),
                            _connector="OR",
                        ),
                        name="event_subscription_open_has_probe",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("concurrency__gte", 1), ("concurrency__lte", 32)),
                        name="event_subscription_concurrency_in_range",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Event",
            fields=[
                ("id", portal.ids.ULIDField(primary_key=True, serialize=False)),
                (
                    "organization",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="portal.organization",
                    ),
                ),
                (
                    "type",
                    models.CharField(
                        choices=[
                            ("claim.created", "a claim has arrived"),
                            ("claim.delivered", "a claim was delivered"),
                            ("claim.failed", "a claim failed"),
                            ("link.created", "an account was linked"),
                            ("link.ended", "a link has ended"),
                            ("channel.live", "a channel went live"),
                            ("channel.offline", "a channel went offline"),
                        ],
                        max_length=32,
                        verbose_name="event",
                    ),
                ),
                ("at", models.DateTimeField(verbose_name="time")),
                ("subject", models.CharField(max_length=64, verbose_name="about")),
                ("body", models.TextField()),
            ],
            options={
                "verbose_name": "event",
                "verbose_name_plural": "events",
                "indexes": [
                    models.Index(fields=["organization", "-id"], name="event_list"),
                    models.Index(fields=["subject"], name="event_subject"),
                    models.Index(fields=["at"], name="event_age"),
                ],
            },
        ),
        migrations.CreateModel(
            name="EventDelivery",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "event",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="deliveries",
                        to="fulfillment.event",
                    ),
                ),
                (
                    "subscription",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="deliveries",
                        to="fulfillment.eventsubscription",
                    ),
                ),
                (
                    "progress",
                    models.CharField(
                        choices=[("waiting", "waiting"), ("delivered", "delivered"), ("failed", "failed")],
                        default="waiting",
                        max_length=10,
                        verbose_name="state",
                    ),
                ),
                ("due_at", models.DateTimeField(null=True, verbose_name="due at")),
                ("attempt", models.PositiveIntegerField(default=0, verbose_name="attempts made")),
                ("attempts_left", models.PositiveSmallIntegerField(default=8, verbose_name="attempts left")),
                ("leased", models.BooleanField(default=False)),
                ("leased_by", models.CharField(blank=True, max_length=26)),
                ("finished_at", models.DateTimeField(null=True, verbose_name="finished at")),
            ],
            options={
                "verbose_name": "event delivery",
                "verbose_name_plural": "event deliveries",
                "indexes": [
                    models.Index(
                        condition=models.Q(("due_at__isnull", False)),
                        fields=["subscription", "due_at"],
                        name="event_delivery_due",
                    ),
                    models.Index(
                        condition=models.Q(("leased", True)), fields=["leased_by"], name="event_delivery_leased"
                    ),
                    models.Index(fields=["subscription", "-id"], name="event_delivery_list"),
                    models.Index(fields=["subscription", "progress", "-id"], name="event_delivery_progress"),
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("event", "subscription"), name="event_delivery_once"),
                    models.CheckConstraint(
                        condition=models.Q(("leased", False), ("due_at__isnull", False), _connector="OR"),
                        name="event_delivery_lease_has_end",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("progress", "waiting"), ("due_at", None), _connector="OR"),
                        name="event_delivery_finished_is_not_due",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="EventAttempt",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "delivery",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="attempts",
                        to="fulfillment.eventdelivery",
                    ),
                ),
                ("number", models.PositiveIntegerField(verbose_name="number")),
                ("started_at", models.DateTimeField(verbose_name="time")),
                ("duration_ms", models.PositiveIntegerField(verbose_name="milliseconds")),
                ("status", models.PositiveSmallIntegerField(null=True, verbose_name="status")),
                ("answer", models.TextField(blank=True, verbose_name="answer")),
                ("error", models.CharField(blank=True, max_length=500, verbose_name="error")),
            ],
            options={
                "verbose_name": "attempt to tell of an event",
                "verbose_name_plural": "attempts to tell of events",
                "constraints": [
                    models.UniqueConstraint(fields=("delivery", "number"), name="event_attempt_number_once")
                ],
            },
        ),
        migrations.CreateModel(
            name="ChannelPresence",
            fields=[
                (
                    "channel",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="presence",
                        serialize=False,
                        to="campaigns.channel",
                    ),
                ),
                ("live", models.BooleanField(default=False, verbose_name="live")),
                ("changed_at", models.DateTimeField(verbose_name="since")),
                ("seen_at", models.DateTimeField(verbose_name="last heard of")),
            ],
            options={
                "verbose_name": "presence of a channel",
                "verbose_name_plural": "presences of channels",
                "indexes": [
                    models.Index(condition=models.Q(("live", True)), fields=["seen_at"], name="channel_presence_live")
                ],
            },
        ),
        migrations.CreateModel(
            name="KeptMessage",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "credential",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="kept_messages",
                        to="portal.platformcredential",
                    ),
                ),
                ("received_at", models.DateTimeField(verbose_name="received at")),
                ("message_id", models.CharField(max_length=200, verbose_name="message id")),
                ("problem", models.CharField(max_length=500, verbose_name="problem")),
                ("body", models.BinaryField(verbose_name="body")),
            ],
            options={
                "verbose_name": "unreadable message",
                "verbose_name_plural": "unreadable messages",
                "indexes": [models.Index(fields=["credential", "-received_at"], name="kept_message_list")],
                "constraints": [models.UniqueConstraint(fields=("credential", "message_id"), name="kept_message_once")],
            },
        ),
        migrations.CreateModel(
            name="WebhookTally",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "credential",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="tallies",
                        to="portal.platformcredential",
                    ),
                ),
                ("hour", models.DateTimeField(verbose_name="hour")),
                ("outcome", models.CharField(max_length=30, verbose_name="outcome")),
                ("count", models.PositiveBigIntegerField(default=0, verbose_name="count")),
                ("last_at", models.DateTimeField(null=True, verbose_name="last at")),
            ],
            options={
                "verbose_name": "webhook count",
                "verbose_name_plural": "webhook counts",
                "constraints": [
                    models.UniqueConstraint(fields=("credential", "hour", "outcome"), name="webhook_tally_once")
                ],
            },
        ),
        migrations.CreateModel(
            name="Notice",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "user",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="notices",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="reader",
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("linked", "accounts linked"),
                            ("unlinked", "accounts unlinked"),
                            ("lapsed", "authorization lapsed"),
                            ("earned", "reward earned"),
                            ("on_its_way", "reward on its way"),
                            ("delivered", "reward delivered"),
                            ("attention", "needs attention"),
                            ("expiring", "about to expire"),
                            ("eligible", "can take part"),
                        ],
                        max_length=12,
                        verbose_name="kind",
                    ),
                ),
                ("key", models.CharField(max_length=100)),
                (
                    "organization",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="portal.organization",
                    ),
                ),
                (
                    "game",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="campaigns.game",
                    ),
                ),
                (
                    "campaign",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="campaigns.campaign",
                    ),
                ),
                (
                    "campaign_reward",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="campaigns.campaignreward",
                    ),
                ),
                (
                    "viewer",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="campaigns.viewer",
                    ),
                ),
                (
                    "claim",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="fulfillment.claim",
                    ),
                ),
                (
                    "link",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="linking.link",
                    ),
                ),
                ("parameters", models.JSONField(default=dict)),
                ("created_at", models.DateTimeField(verbose_name="created at")),
                ("read_at", models.DateTimeField(null=True, verbose_name="read at")),
                ("email_due_at", models.DateTimeField(null=True)),
                ("email_attempts", models.PositiveSmallIntegerField(default=0)),
                ("mail_id", models.CharField(blank=True, max_length=26)),
                ("emailed_at", models.DateTimeField(null=True, verbose_name="sent by e-mail at")),
            ],
            options={
                "verbose_name": "notice",
                "verbose_name_plural": "notices",
                "indexes": [
                    models.Index(fields=["user", "-id"], name="notice_list"),
                    models.Index(condition=models.Q(("read_at", None)), fields=["user"], name="notice_unread"),
                    models.Index(
                        condition=models.Q(("email_due_at__isnull", False)), fields=["email_due_at"], name="notice_due"
                    ),
                    models.Index(condition=models.Q(("claim__isnull", False)), fields=["claim"], name="notice_claim"),
                    models.Index(
                        condition=models.Q(("viewer__isnull", False)), fields=["viewer"], name="notice_viewer"
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("user", "key"), name="notice_once"),
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "kind__in",
                                [
                                    "linked",
                                    "unlinked",
                                    "lapsed",
                                    "earned",
                                    "on_its_way",
                                    "delivered",
                                    "attention",
                                    "expiring",
                                    "eligible",
                                ],
                            )
                        ),
                        name="notice_kind_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("email_due_at", None), ("read_at", None), _connector="OR"),
                        name="notice_is_not_sent_once_read",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="NoticePreference",
            fields=[
                (
                    "user",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="notice_preference",
                        serialize=False,
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "links",
                    models.BooleanField(
                        default=False,
                        help_text="When accounts are linked or unlinked, or a platform says that you must connect again.",
                        verbose_name="Accounts",
                    ),
                ),
                (
                    "earned",
                    models.BooleanField(
                        default=False, help_text="When you can claim a reward here.", verbose_name="Rewards earned"
                    ),
                ),
                (
                    "expiring",
                    models.BooleanField(
                        default=False,
                        help_text="3 days and 24 hours before a reward can no longer be claimed.",
                        verbose_name="Reminders",
                    ),
                ),
                (
                    "deliveries",
                    models.BooleanField(
                        default=False,
                        help_text="When a reward is on its way, and when it was delivered.",
                        verbose_name="Deliveries",
                    ),
                ),
                (
                    "attention",
                    models.BooleanField(
                        default=False,
                        help_text="When a reward waits for you or is held up, and why.",
                        verbose_name="Trouble",
                    ),
                ),
                ("language", models.CharField(blank=True, editable=False, max_length=20)),
                (
                    "unsubscribe_key",
                    models.CharField(default=portal.tokens.new_token, editable=False, max_length=43, unique=True),
                ),
            ],
            options={
                "verbose_name": "e-mail preference",
                "verbose_name_plural": "e-mail preferences",
            },
        ),
        migrations.CreateModel(
            name="ClaimMinute",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
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
                ("minute", models.PositiveIntegerField()),
                ("platform", models.CharField(max_length=32)),
                ("claims", models.BigIntegerField(default=0)),
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
                (
                    "campaign",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="campaigns.campaign",
                    ),
                ),
                ("hour", models.DateTimeField(verbose_name="hour")),
                ("outcome", models.CharField(max_length=40, verbose_name="outcome")),
                ("count", models.PositiveBigIntegerField(default=0, verbose_name="count")),
            ],
            options={
                "verbose_name": "count of a campaign's deliveries",
                "verbose_name_plural": "counts of campaigns' deliveries",
                "constraints": [
                    models.UniqueConstraint(fields=("campaign", "hour", "outcome"), name="pace_tally_once")
                ],
            },
        ),
        migrations.CreateModel(
            name="CampaignPreview",
            fields=[
                ("id", portal.ids.ULIDField(primary_key=True, serialize=False)),
                (
                    "campaign",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="previews",
                        to="campaigns.campaign",
                        verbose_name="campaign",
                    ),
                ),
                ("token_hash", models.CharField(editable=False, max_length=64, unique=True)),
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
                ("made_at", models.DateTimeField(verbose_name="made at")),
                ("expires_at", models.DateTimeField(verbose_name="until")),
                ("revoked_at", models.DateTimeField(null=True, verbose_name="taken back at")),
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
        migrations.CreateModel(
            name="ReportGrant",
            fields=[
                (
                    "credential",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="report_grant",
                        serialize=False,
                        to="portal.platformcredential",
                    ),
                ),
                (
                    "granted_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("granted_at", models.DateTimeField(verbose_name="granted at")),
                ("platform_user_id", models.CharField(blank=True, max_length=200)),
                ("platform_login", models.CharField(blank=True, max_length=200)),
                ("access_token", portal.encryption.EncryptedTextField()),
                ("refresh_token", portal.encryption.EncryptedTextField(blank=True)),
                ("expires_at", models.DateTimeField(null=True)),
                ("validated_at", models.DateTimeField(null=True, verbose_name="last validated at")),
                ("lapsed_at", models.DateTimeField(null=True, verbose_name="lapsed at")),
                ("fetched_at", models.DateTimeField(null=True, verbose_name="last fetched at")),
                ("problem", models.CharField(blank=True, max_length=60)),
                ("validate_at", models.DateTimeField(help_text="When the token is validated next.", null=True)),
                ("fetch_at", models.DateTimeField(help_text="When reports are fetched next.", null=True)),
            ],
            options={
                "verbose_name": "grant to read reports",
                "verbose_name_plural": "grants to read reports",
                "indexes": [
                    models.Index(
                        condition=models.Q(("validate_at__isnull", False)),
                        fields=["validate_at"],
                        name="report_validate_due",
                    ),
                    models.Index(
                        condition=models.Q(("fetch_at__isnull", False)), fields=["fetch_at"], name="report_fetch_due"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="ReportWindow",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "grant",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="windows",
                        to="fulfillment.reportgrant",
                    ),
                ),
                ("started_on", models.DateField()),
                ("ended_on", models.DateField()),
                ("platform_game_id", models.CharField(blank=True, max_length=200)),
                ("cursor", models.TextField(blank=True)),
                ("began_at", models.DateTimeField(null=True)),
                ("attempts", models.PositiveSmallIntegerField(default=0)),
                ("due_at", models.DateTimeField(null=True)),
                ("problem", models.CharField(blank=True, max_length=60)),
            ],
            options={
                "verbose_name": "days of reports to be read",
                "verbose_name_plural": "days of reports to be read",
                "indexes": [
                    models.Index(
                        condition=models.Q(("due_at__isnull", False)), fields=["due_at"], name="report_window_due"
                    )
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("grant", "started_on", "ended_on", "platform_game_id"), name="report_window_once"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="ReportFile",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "credential",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="report_files",
                        to="portal.platformcredential",
                    ),
                ),
                ("platform_game_id", models.CharField(max_length=200)),
                ("started_on", models.DateField()),
                ("ended_on", models.DateField()),
                ("fetched_at", models.DateTimeField()),
                ("content", models.TextField()),
                ("columns", models.JSONField(default=list)),
                ("problem", models.CharField(blank=True, max_length=60)),
            ],
            options={
                "verbose_name": "report",
                "verbose_name_plural": "reports",
                "constraints": [
                    models.UniqueConstraint(
                        fields=("credential", "platform_game_id", "started_on"), name="report_file_once"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="ReportDay",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "credential",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="report_days",
                        to="portal.platformcredential",
                    ),
                ),
                ("platform_game_id", models.CharField(max_length=200)),
                ("day", models.DateField()),
                ("values", models.JSONField(default=dict)),
            ],
            options={
                "verbose_name": "day of a report",
                "verbose_name_plural": "days of reports",
                "constraints": [
                    models.UniqueConstraint(fields=("credential", "platform_game_id", "day"), name="report_day_once")
                ],
            },
        ),
        migrations.CreateModel(
            name="Simulation",
            fields=[
                ("id", portal.ids.ULIDField(primary_key=True, serialize=False)),
                (
                    "organization",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="portal.organization"
                    ),
                ),
                (
                    "campaign",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="campaigns.campaign",
                        verbose_name="campaign",
                    ),
                ),
                ("platform", models.CharField(max_length=32, verbose_name="platform")),
                (
                    "scenario",
                    models.CharField(
                        choices=[
                            ("single", "one claim of a tester"),
                            ("batch", "a claim of every reward, together"),
                            ("duplicate", "the same claim, told three times"),
                            ("late", "a claim granted after closing"),
                            ("unlinked", "a claim of somebody who has not linked"),
                            ("unmapped", "a claim of a reward that nobody knows"),
                            ("bad_signature", "a forged message"),
                        ],
                        max_length=16,
                        verbose_name="what",
                    ),
                ),
                ("made_at", models.DateTimeField(verbose_name="time")),
                (
                    "actor",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("actor_label", models.CharField(max_length=150, verbose_name="by")),
                ("messages", models.JSONField(default=list)),
            ],
            options={
                "verbose_name": "simulation",
                "verbose_name_plural": "simulations",
                "indexes": [models.Index(fields=["organization", "-id"], name="simulation_list")],
            },
        ),
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
            },
        ),
        migrations.CreateModel(
            name="PlatformSubscription",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "credential",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="subscriptions",
                        to="portal.platformcredential",
                    ),
                ),
                ("type", models.CharField(max_length=60, verbose_name="event")),
                ("subject", models.CharField(max_length=200, verbose_name="about")),
                ("wanted", models.BooleanField(default=True)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("missing", "not made yet"),
                            ("pending", "waiting for the platform to check our address"),
                            ("enabled", "at work"),
                            ("ended", "ended by the platform"),
                            ("refused", "refused by the platform"),
                        ],
                        default="missing",
                        max_length=10,
                        verbose_name="state",
                    ),
                ),
                ("detail", models.CharField(blank=True, max_length=100, verbose_name="the platform's word")),
                ("platform_subscription_id", models.CharField(blank=True, max_length=200)),
                ("secret_digest", models.CharField(blank=True, max_length=64)),
                ("callback_digest", models.CharField(blank=True, max_length=64)),
                ("created_at", models.DateTimeField(null=True, verbose_name="asked for at")),
                ("enabled_at", models.DateTimeField(null=True, verbose_name="at work since")),
                ("ended_at", models.DateTimeField(null=True, verbose_name="last ended at")),
                ("seen_at", models.DateTimeField(null=True, verbose_name="last looked at")),
                ("event_at", models.DateTimeField(null=True, verbose_name="last message")),
                ("attempts", models.PositiveSmallIntegerField(default=0)),
                ("problem", models.CharField(blank=True, max_length=60)),
                ("due_at", models.DateTimeField(null=True)),
            ],
            options={
                "verbose_name": "event subscription at a platform",
                "verbose_name_plural": "event subscriptions at platforms",
                "indexes": [
                    models.Index(
                        condition=models.Q(("due_at__isnull", False)),
                        fields=["due_at"],
                        name="platform_subscription_due",
                    ),
                    models.Index(
                        condition=models.Q(("platform_subscription_id", ""), _negated=True),
                        fields=["credential", "platform_subscription_id"],
                        name="platform_subscription_by_id",
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("credential", "type", "subject"), name="platform_subscription_once")
                ],
            },
        ),
        migrations.CreateModel(
            name="FormerName",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "organization",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="portal.organization",
                    ),
                ),
                (
                    "viewer",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="former_names",
                        to="campaigns.viewer",
                    ),
                ),
                (
                    "player",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="former_names",
                        to="linking.player",
                    ),
                ),
                ("name", models.CharField(max_length=200, verbose_name="name")),
                ("seen_from", models.DateTimeField(verbose_name="from")),
                ("seen_until", models.DateTimeField(verbose_name="until")),
            ],
            options={
                "verbose_name": "former name",
                "verbose_name_plural": "former names",
                "indexes": [models.Index(fields=["organization", "name"], name="former_name_search")],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("player__isnull", False), ("viewer", None)),
                            models.Q(("player", None), ("viewer__isnull", False)),
                            _connector="OR",
                        ),
                        name="former_name_of_one",
                    ),
                    models.UniqueConstraint(fields=("viewer", "name"), name="former_name_viewer_once"),
                    models.UniqueConstraint(fields=("player", "name"), name="former_name_player_once"),
                ],
            },
        ),
        migrations.CreateModel(
            name="StaffNote",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "organization",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="portal.organization",
                    ),
                ),
                (
                    "viewer",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="staff_notes",
                        to="campaigns.viewer",
                    ),
                ),
                (
                    "player",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="staff_notes",
                        to="linking.player",
                    ),
                ),
                ("at", models.DateTimeField(verbose_name="time")),
                ("text", models.TextField(max_length=2000, verbose_name="note")),
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
                ("author_label", models.CharField(max_length=150, verbose_name="by")),
            ],
            options={
                "verbose_name": "note of staff",
                "verbose_name_plural": "notes of staff",
                "indexes": [
                    models.Index(
                        condition=models.Q(("viewer__isnull", False)),
                        fields=["viewer", "-at"],
                        name="staff_note_viewer",
                    ),
                    models.Index(
                        condition=models.Q(("player__isnull", False)),
                        fields=["player", "-at"],
                        name="staff_note_player",
                    ),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("player__isnull", False), ("viewer", None)),
                            models.Q(("player", None), ("viewer__isnull", False)),
                            _connector="OR",
                        ),
                        name="staff_note_of_one",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Sweep",
            fields=[
                ("id", portal.ids.ULIDField(primary_key=True, serialize=False)),
                (
                    "credential",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="sweeps",
                        to="portal.platformcredential",
                        verbose_name="credential",
                    ),
                ),
                ("full", models.BooleanField(default=False, verbose_name="also what is done")),
                (
                    "narrow",
                    models.BooleanField(
                        default=False,
                        help_text="Of viewers who have just linked their accounts.",
                        verbose_name="only of some viewers",
                    ),
                ),
                (
                    "asked_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="asked for by",
                    ),
                ),
                ("started_at", models.DateTimeField(verbose_name="started at")),
                ("finished_at", models.DateTimeField(null=True, verbose_name="finished at")),
                (
                    "stopped",
                    models.BooleanField(
                        default=False, help_text="By a person, or with its credential.", verbose_name="stopped"
                    ),
                ),
                ("pages", models.PositiveIntegerField(default=0, verbose_name="pages read")),
                ("listed", models.PositiveIntegerField(default=0, verbose_name="claims listed")),
                (
                    "found",
                    models.PositiveIntegerField(default=0, verbose_name="claims found that no webhook had brought"),
                ),
                (
                    "told_again",
                    models.PositiveIntegerField(default=0, verbose_name="claims still open there though told"),
                ),
                (
                    "skipped",
                    models.PositiveIntegerField(default=0, verbose_name="claims of games that are not in the portal"),
                ),
                ("faults", models.PositiveIntegerField(default=0, verbose_name="claims that could not be read")),
            ],
            options={
                "verbose_name": "sweep",
                "verbose_name_plural": "sweeps",
                "indexes": [models.Index(fields=["credential", "-started_at"], name="sweep_list")],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("finished_at__isnull", True)),
                        fields=("credential",),
                        name="sweep_one_at_a_time",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="SweepPart",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "sweep",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="parts", to="fulfillment.sweep"
                    ),
                ),
                (
                    "narrowed",
                    models.CharField(
                        choices=[("all", "all"), ("category", "category"), ("campaign", "campaign"), ("user", "user")],
                        max_length=10,
                    ),
                ),
                ("value", models.CharField(blank=True, max_length=200)),
                ("cursor", models.TextField(blank=True)),
                ("size", models.PositiveSmallIntegerField()),
                ("attempts", models.PositiveSmallIntegerField(default=0)),
                ("due_at", models.DateTimeField(null=True)),
                (
                    "outcome",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("read", "read to its end"),
                            ("unreadable", "could not be read to its end"),
                            ("stopped", "stopped before its end"),
                        ],
                        max_length=10,
                    ),
                ),
                ("problem", models.CharField(blank=True, max_length=60)),
            ],
            options={
                "verbose_name": "part of a sweep",
                "verbose_name_plural": "parts of sweeps",
                "indexes": [
                    models.Index(
                        condition=models.Q(("due_at__isnull", False)), fields=["due_at"], name="sweep_part_due"
                    )
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("sweep", "narrowed", "value"), name="sweep_part_once"),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("due_at__isnull", True), ("outcome__gt", "")),
                            models.Q(("due_at__isnull", False), ("outcome", "")),
                            _connector="OR",
                        ),
                        name="sweep_part_due_or_over",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="ArrivalCount",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "organization",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="portal.organization"
                    ),
                ),
                ("platform", models.CharField(max_length=32)),
                (
                    "source",
                    models.CharField(
                        choices=[
                            ("webhook", "webhook"),
                            ("sweep", "sweep"),
                            ("portal", "claimed on the portal"),
                            ("staff", "granted by hand"),
                            ("test", "simulated"),
                        ],
                        max_length=8,
                    ),
                ),
                ("hour", models.DateTimeField()),
                ("claims", models.PositiveBigIntegerField(default=0)),
            ],
            options={
                "verbose_name": "claims that arrived in an hour",
                "verbose_name_plural": "claims that arrived by hour",
                "constraints": [
                    models.UniqueConstraint(
                        fields=("organization", "platform", "hour", "source"), name="arrival_count_once"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Worker",
            fields=[
                ("id", portal.ids.ULIDField(primary_key=True, serialize=False)),
                ("place", models.CharField(max_length=200, verbose_name="place")),
                ("pid", models.PositiveIntegerField(verbose_name="process id")),
                ("started_at", models.DateTimeField(verbose_name="started at")),
                ("beat_at", models.DateTimeField(verbose_name="heard from at")),
            ],
            options={
                "verbose_name": "worker",
                "verbose_name_plural": "workers",
                "indexes": [models.Index(fields=["beat_at"], name="worker_beat")],
            },
        ),
        migrations.RunPython(make, drop, elidable=False),
    ]
