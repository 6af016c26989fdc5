import django.db.models.deletion
import portal.encryption
import portal.http.policy
import portal.ids
import portal.platforms
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    replaces = [
        ("linking", "0001_initial"),
        ("linking", "0002_authorizations"),
        ("linking", "0003_links_by_platform"),
        ("linking", "0004_links_that_ended"),
    ]

    initial = True

    dependencies = [
        ("campaigns", "0001_until_2026_11"),
        ("portal", "0001_until_2026_11"),
    ]

    operations = [
        migrations.CreateModel(
            name="Player",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "game",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="players",
                        to="campaigns.game",
                        verbose_name="game",
                    ),
                ),
                ("player_id", models.CharField(max_length=200, verbose_name="player id")),
                ("name", models.CharField(blank=True, max_length=200, verbose_name="name")),
                (
                    "user",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="players",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="portal account",
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True, verbose_name="first seen at")),
            ],
            options={
                "verbose_name": "player",
                "verbose_name_plural": "players",
                "indexes": [
                    models.Index(fields=["player_id"], name="player_id_search"),
                    models.Index(fields=["name"], name="player_name_search"),
                ],
                "constraints": [models.UniqueConstraint(fields=("game", "player_id"), name="player_once_per_game")],
            },
        ),
        migrations.CreateModel(
            name="Link",
            fields=[
                ("id", portal.ids.ULIDField(primary_key=True, serialize=False)),
                (
                    "game",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="links",
                        to="campaigns.game",
                        verbose_name="game",
                    ),
                ),
                (
                    "viewer",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="links",
                        to="campaigns.viewer",
                        verbose_name="viewer",
                    ),
                ),
                (
                    "player",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="links",
                        to="linking.player",
                        verbose_name="player",
                    ),
                ),
                (
                    "platform",
                    models.CharField(
                        max_length=32, validators=[portal.platforms.validate_platform], verbose_name="platform"
                    ),
                ),
                ("scopes", models.CharField(blank=True, max_length=500, verbose_name="scopes")),
                ("started_at", models.DateTimeField(verbose_name="linked at")),
                ("ended_at", models.DateTimeField(blank=True, null=True, verbose_name="ended at")),
                (
                    "end_reason",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("viewer", "unlinked by the player"),
                            ("staff", "unlinked by staff on request"),
                            ("revoked", "authorization withdrawn on the platform"),
                            ("erased", "erased on request"),
                        ],
                        max_length=10,
                        verbose_name="why it ended",
                    ),
                ),
            ],
            options={
                "verbose_name": "link",
                "verbose_name_plural": "links",
                "indexes": [
                    models.Index(fields=["game", "-started_at"], name="link_list"),
                    models.Index(fields=["game", "platform", "-started_at"], name="link_platform"),
                    models.Index(
                        condition=models.Q(("ended_at__isnull", False)),
                        fields=["game", "-started_at"],
                        name="link_ended",
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("ended_at", None)),
                        fields=("game", "viewer"),
                        name="link_viewer_active_once",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("ended_at", None)),
                        fields=("player", "platform"),
                        name="link_player_platform_active_once",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("end_reason", ""), ("ended_at", None)),
                            models.Q(
                                ("ended_at__gte", models.F("started_at")), models.Q(("end_reason", ""), _negated=True)
                            ),
                            _connector="OR",
                        ),
                        name="link_ended_with_reason",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="ViewerAuthorization",
            fields=[
                (
                    "viewer",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="authorization",
                        serialize=False,
                        to="campaigns.viewer",
                    ),
                ),
                (
                    "credential",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="authorizations",
                        to="portal.platformcredential",
                    ),
                ),
                ("due_at", models.DateTimeField(null=True)),
                ("checked_at", models.DateTimeField(null=True, verbose_name="last checked at")),
                ("missing_since", models.DateTimeField(null=True, verbose_name="missing since")),
            ],
            options={
                "verbose_name": "viewer's authorization",
                "verbose_name_plural": "viewers' authorizations",
                "indexes": [
                    models.Index(
                        condition=models.Q(("due_at__isnull", False)),
                        fields=["credential", "due_at"],
                        name="authorization_due",
                    ),
                    models.Index(
                        condition=models.Q(("missing_since__isnull", False)),
                        fields=["credential"],
                        name="authorization_missing",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="AuthorizationTurn",
            fields=[
                (
                    "credential",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="authorization_turn",
                        serialize=False,
                        to="portal.platformcredential",
                    ),
                ),
                ("due_at", models.DateTimeField()),
                ("began_at", models.DateTimeField(null=True)),
                (
                    "failures",
                    models.PositiveIntegerField(default=0, help_text="Turns that failed since one last succeeded."),
                ),
                ("doubted_since", models.DateTimeField(null=True, verbose_name="doubted since")),
                ("asked", models.PositiveIntegerField(default=0)),
                ("missing", models.PositiveIntegerField(default=0)),
            ],
            options={
                "verbose_name": "turn of asking for authorizations",
                "verbose_name_plural": "turns of asking for authorizations",
            },
        ),
        migrations.CreateModel(
            name="GameSignIn",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "game",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="sign_ins",
                        to="campaigns.game",
                        verbose_name="game",
                    ),
                ),
                (
                    "method",
                    models.CharField(
                        choices=[
                            ("portal", "an account on this portal"),
                            ("oidc", "the studio's sign-in (OpenID Connect)"),
                            ("link_token", "a link that the game makes"),
                        ],
                        max_length=12,
                        verbose_name="method",
                    ),
                ),
                (
                    "label",
                    models.CharField(
                        blank=True,
                        help_text="For example: Sign in with your Starfall account",
                        max_length=60,
                        verbose_name="button text",
                    ),
                ),
                (
                    "issuer",
                    models.CharField(
                        blank=True,
                        help_text="OpenID Connect only.",
                        max_length=500,
                        validators=[portal.http.policy.validate_outbound_url],
                        verbose_name="issuer",
                    ),
                ),
                ("client_id", models.CharField(blank=True, max_length=200, verbose_name="client id")),
                ("client_secret", portal.encryption.EncryptedTextField(blank=True, verbose_name="client secret")),
                (
                    "player_id_claim",
                    models.CharField(default="sub", max_length=60, verbose_name="claim with the player id"),
                ),
                (
                    "name_claim",
                    models.CharField(default="preferred_username", max_length=60, verbose_name="claim with the name"),
                ),
                (
                    "token_secret",
                    portal.encryption.EncryptedTextField(
                        blank=True,
                        help_text="The game signs link tokens with it (HS256). Link tokens only.",
                        verbose_name="link token secret",
                    ),
                ),
                ("previous_token_secret", portal.encryption.EncryptedTextField(blank=True, editable=False)),
            ],
            options={
                "verbose_name": "player sign-in",
                "verbose_name_plural": "player sign-ins",
                "constraints": [
                    models.UniqueConstraint(fields=("game", "method"), name="game_sign_in_once"),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("method", "oidc"), _negated=True),
                            models.Q(
                                models.Q(("issuer", ""), _negated=True), models.Q(("client_id", ""), _negated=True)
                            ),
                            _connector="OR",
                        ),
                        name="game_sign_in_oidc_complete",
                        violation_error_message="OpenID Connect needs the issuer and the client id.",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="UsedLinkToken",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "game",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="campaigns.game"
                    ),
                ),
                ("token_id", models.CharField(max_length=200)),
                ("expires_at", models.DateTimeField(db_index=True)),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("game", "token_id"), name="link_token_once")],
            },
        ),
    ]
