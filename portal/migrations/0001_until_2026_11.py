import django.contrib.auth.models
import django.contrib.auth.validators
import django.db.models.deletion
import django.db.models.functions.datetime
import django.db.models.functions.text
import django.utils.timezone
import portal.encryption
import portal.http.policy
import portal.ids
import portal.platforms
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    replaces = [
        ("portal", "0001_initial"),
        ("portal", "0002_one_stream_at_a_time"),
        ("portal", "0003_app_access_token"),
        ("portal", "0004_standing_of_apis"),
        ("portal", "0005_members_and_invitations"),
        ("portal", "0006_audit_trail"),
        ("portal", "0007_requests_in_the_trail"),
    ]

    initial = True

    dependencies = [("auth", "0012_alter_user_first_name_max_length")]

    operations = [
        migrations.CreateModel(
            name="User",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("password", models.CharField(max_length=128, verbose_name="password")),
                ("last_login", models.DateTimeField(blank=True, null=True, verbose_name="last login")),
                (
                    "is_superuser",
                    models.BooleanField(
                        default=False,
                        help_text="Designates that this user has all permissions without explicitly assigning them.",
                        verbose_name="superuser status",
                    ),
                ),
                (
                    "username",
                    models.CharField(
                        error_messages={"unique": "A user with that username already exists."},
                        help_text="Required. 150 characters or fewer. Letters, digits and @/./+/-/_ only.",
                        max_length=150,
                        unique=True,
                        validators=[django.contrib.auth.validators.UnicodeUsernameValidator()],
                        verbose_name="username",
                    ),
                ),
                ("first_name", models.CharField(blank=True, max_length=150, verbose_name="first name")),
                ("last_name", models.CharField(blank=True, max_length=150, verbose_name="last name")),
                ("email", models.EmailField(blank=True, max_length=254, verbose_name="email address")),
                (
                    "is_staff",
                    models.BooleanField(
                        default=False,
                        help_text="Designates whether the user can log into this admin site.",
                        verbose_name="staff status",
                    ),
                ),
                (
                    "is_active",
                    models.BooleanField(
                        default=True,
                        help_text="Designates whether this user should be treated as active. Unselect this instead of deleting accounts.",
                        verbose_name="active",
                    ),
                ),
                ("date_joined", models.DateTimeField(default=django.utils.timezone.now, verbose_name="date joined")),
                ("public_id", portal.ids.ULIDField(unique=True)),
                ("display_name", models.CharField(blank=True, max_length=150, verbose_name="display name")),
                ("time_zone", models.CharField(default="UTC", max_length=64, verbose_name="time zone")),
                (
                    "groups",
                    models.ManyToManyField(
                        blank=True,
                        help_text="The groups this user belongs to. A user will get all permissions granted to each of their groups.",
                        related_name="user_set",
                        related_query_name="user",
                        to="auth.group",
                        verbose_name="groups",
                    ),
                ),
                (
                    "user_permissions",
                    models.ManyToManyField(
                        blank=True,
                        help_text="Specific permissions for this user.",
                        related_name="user_set",
                        related_query_name="user",
                        to="auth.permission",
                        verbose_name="user permissions",
                    ),
                ),
            ],
            options={
                "verbose_name": "user",
                "verbose_name_plural": "users",
                "constraints": [
                    models.UniqueConstraint(
                        django.db.models.functions.text.Lower("email"),
                        condition=models.Q(("email", ""), _negated=True),
                        name="user_email_unique",
                    )
                ],
            },
            managers=[
                ("objects", django.contrib.auth.models.UserManager()),
            ],
        ),
        migrations.CreateModel(
            name="Organization",
            fields=[
                ("id", portal.ids.ULIDField(primary_key=True, serialize=False)),
                ("name", models.CharField(max_length=120, unique=True, verbose_name="name")),
                (
                    "slug",
                    models.SlugField(
                        help_text="Part of the link pages' addresses.",
                        max_length=60,
                        unique=True,
                        verbose_name="short name",
                    ),
                ),
                ("url", models.URLField(blank=True, verbose_name="website")),
                (
                    "enabled",
                    models.BooleanField(
                        default=False,
                        help_text="Set by the portal's administrator. Until then, campaigns can be prepared but not published.",
                        verbose_name="enabled",
                    ),
                ),
                (
                    "producers_may_publish",
                    models.BooleanField(
                        default=False,
                        help_text="Lets members with the role producer publish, pause and cancel campaigns, as owners can.",
                        verbose_name="producers may publish",
                    ),
                ),
                (
                    "one_stream_at_a_time",
                    models.BooleanField(
                        db_default=False,
                        default=False,
                        help_text="Where the portal counts watch time: of several channels that somebody watches in the same minute only one counts, in all campaigns. Minutes then count three minutes after they end.",
                        verbose_name="one stream at a time",
                    ),
                ),
                (
                    "require_second_factor",
                    models.BooleanField(
                        db_default=False,
                        default=False,
                        help_text="Members without an authenticator app or a passkey are led to add one before they can work here.",
                        verbose_name="second factor required",
                    ),
                ),
                (
                    "approval_above",
                    models.PositiveIntegerField(
                        db_default=1000,
                        default=1000,
                        help_text="An action on more claims than this begins only when a second member has approved it.",
                        verbose_name="approval above",
                    ),
                ),
                (
                    "created_at",
                    models.DateTimeField(
                        auto_now_add=True,
                        db_default=django.db.models.functions.datetime.Now(),
                        verbose_name="created at",
                    ),
                ),
            ],
            options={
                "verbose_name": "organization",
                "verbose_name_plural": "organizations",
            },
        ),
        migrations.CreateModel(
            name="Membership",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "organization",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="memberships",
                        to="portal.organization",
                        verbose_name="organization",
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="memberships",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="user",
                    ),
                ),
                (
                    "role",
                    models.CharField(
                        choices=[
                            ("owner", "owner"),
                            ("producer", "producer"),
                            ("support", "support"),
                            ("analyst", "analyst"),
                        ],
                        max_length=20,
                        verbose_name="role",
                    ),
                ),
                (
                    "all_games",
                    models.BooleanField(
                        db_default=True,
                        default=True,
                        help_text="Also those that are added later.",
                        verbose_name="all games",
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True, verbose_name="created at")),
            ],
            options={
                "verbose_name": "member",
                "verbose_name_plural": "members",
                "constraints": [
                    models.UniqueConstraint(fields=("organization", "user"), name="membership_once"),
                    models.CheckConstraint(
                        condition=models.Q(("role__in", ["owner", "producer", "support", "analyst"])),
                        name="membership_role_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("role", "owner"), _negated=True), ("all_games", True), _connector="OR"
                        ),
                        name="membership_owner_all_games",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="AuditEntry",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "organization",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="portal.organization",
                        verbose_name="organization",
                    ),
                ),
                ("at", models.DateTimeField(verbose_name="time")),
                (
                    "actor",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="user",
                    ),
                ),
                ("actor_label", models.CharField(max_length=150, verbose_name="who")),
                ("action", models.CharField(max_length=60, verbose_name="action")),
                ("object_type", models.CharField(max_length=60, verbose_name="kind")),
                ("object_id", models.CharField(max_length=64, verbose_name="id")),
                ("object_label", models.CharField(max_length=200, verbose_name="what")),
                ("before", models.JSONField(default=dict, verbose_name="before")),
                ("after", models.JSONField(default=dict, verbose_name="after")),
                ("reason", models.CharField(blank=True, max_length=500, verbose_name="reason")),
                (
                    "request_id",
                    models.CharField(
                        blank=True,
                        db_default="",
                        default="",
                        help_text="The logs have it too.",
                        max_length=64,
                        verbose_name="request id",
                    ),
                ),
            ],
            options={
                "verbose_name": "audit entry",
                "verbose_name_plural": "audit entries",
                "indexes": [
                    models.Index(fields=["object_type", "object_id", "-at"], name="audit_object"),
                    models.Index(fields=["organization", "-at"], name="audit_organization"),
                    models.Index(fields=["organization", "actor", "-at"], name="audit_actor"),
                    models.Index(fields=["organization", "object_type", "-at"], name="audit_kind"),
                    models.Index(fields=["organization", "object_id"], name="audit_object_id"),
                    models.Index(fields=["organization", "object_label"], name="audit_object_label"),
                    models.Index(fields=["organization", "actor_label"], name="audit_actor_label"),
                    models.Index(fields=["organization", "request_id"], name="audit_request"),
                ],
            },
        ),
        migrations.CreateModel(
            name="PlatformCredential",
            fields=[
                ("id", portal.ids.ULIDField(primary_key=True, serialize=False)),
                (
                    "organization",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="credentials",
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
                ("enabled", models.BooleanField(default=True, verbose_name="enabled")),
                ("client_id", models.CharField(max_length=200, verbose_name="client id")),
                ("client_secret", portal.encryption.EncryptedTextField(blank=True, verbose_name="client secret")),
                (
                    "webhook_secret",
                    portal.encryption.EncryptedTextField(
                        blank=True,
                        help_text="Needed where the platform signs its messages with a secret that you share with it.",
                        verbose_name="webhook secret",
                    ),
                ),
                (
                    "previous_webhook_secret",
                    portal.encryption.EncryptedTextField(blank=True, verbose_name="previous webhook secret"),
                ),
                (
                    "client_secret_set_at",
                    models.DateTimeField(editable=False, null=True, verbose_name="client secret set at"),
                ),
                (
                    "webhook_secret_set_at",
                    models.DateTimeField(editable=False, null=True, verbose_name="webhook secret set at"),
                ),
                (
                    "platform_organization_id",
                    models.CharField(blank=True, max_length=200, verbose_name="organization id there"),
                ),
                (
                    "id_url",
                    models.CharField(
                        blank=True,
                        help_text="Empty: the platform's own.",
                        max_length=500,
                        validators=[portal.http.policy.validate_outbound_url],
                        verbose_name="sign-in address",
                    ),
                ),
                (
                    "api_url",
                    models.CharField(
                        blank=True,
                        help_text="Empty: the platform's own.",
                        max_length=500,
                        validators=[portal.http.policy.validate_outbound_url],
                        verbose_name="API address",
                    ),
                ),
                ("url_token", portal.encryption.EncryptedTextField(editable=False)),
                ("url_token_hash", models.CharField(editable=False, max_length=64, unique=True)),
                (
                    "public_key",
                    models.TextField(
                        blank=True,
                        help_text="The platform signs with it. Fetched hourly by the portal.",
                        verbose_name="public key",
                    ),
                ),
                ("previous_public_key", models.TextField(blank=True, editable=False)),
                (
                    "public_key_fetched_at",
                    models.DateTimeField(editable=False, null=True, verbose_name="public key fetched at"),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True, verbose_name="created at")),
            ],
            options={
                "verbose_name": "platform credential",
                "verbose_name_plural": "platform credentials",
                "constraints": [
                    models.UniqueConstraint(fields=("organization", "platform"), name="credential_once_per_platform")
                ],
            },
        ),
        migrations.CreateModel(
            name="AppAccessToken",
            fields=[
                (
                    "credential",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="app_access_token",
                        serialize=False,
                        to="portal.platformcredential",
                    ),
                ),
                ("client_id", models.CharField(max_length=200)),
                ("access_token", portal.encryption.EncryptedTextField()),
                ("expires_at", models.DateTimeField()),
            ],
            options={
                "verbose_name": "app access token",
                "verbose_name_plural": "app access tokens",
            },
        ),
        migrations.CreateModel(
            name="ApiStanding",
            fields=[
                (
                    "credential",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="api_standing",
                        serialize=False,
                        to="portal.platformcredential",
                    ),
                ),
                ("paused_until", models.DateTimeField(null=True)),
                ("succeeded_at", models.DateTimeField(null=True)),
                ("failed_at", models.DateTimeField(null=True)),
                ("failures", models.PositiveIntegerField(default=0, help_text="Since the last success.")),
                (
                    "problem",
                    models.CharField(blank=True, help_text="A code of the last failure: PlatformError.", max_length=60),
                ),
            ],
            options={
                "verbose_name": "standing of a platform's API",
                "verbose_name_plural": "standings of platforms' APIs",
            },
        ),
        migrations.CreateModel(
            name="ApiTally",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "credential",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="api_tallies",
                        to="portal.platformcredential",
                    ),
                ),
                ("hour", models.DateTimeField(verbose_name="hour")),
                ("outcome", models.CharField(max_length=30, verbose_name="outcome")),
                ("count", models.PositiveBigIntegerField(default=0, verbose_name="count")),
                ("last_at", models.DateTimeField(null=True, verbose_name="last at")),
            ],
            options={
                "verbose_name": "count of calls",
                "verbose_name_plural": "counts of calls",
                "constraints": [
                    models.UniqueConstraint(fields=("credential", "hour", "outcome"), name="api_tally_once")
                ],
            },
        ),
        migrations.CreateModel(
            name="StoredFile",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=200, unique=True)),
                ("content", models.BinaryField()),
                ("content_type", models.CharField(max_length=100)),
                ("size", models.PositiveBigIntegerField(help_text="Bytes.")),
                ("created_at", models.DateTimeField(auto_now_add=True)),
            ],
        ),
        migrations.CreateModel(
            name="Invitation",
            fields=[
                ("id", portal.ids.ULIDField(primary_key=True, serialize=False)),
                (
                    "organization",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="invitations",
                        to="portal.organization",
                        verbose_name="organization",
                    ),
                ),
                ("email", models.EmailField(max_length=254, verbose_name="e-mail address")),
                (
                    "role",
                    models.CharField(
                        choices=[
                            ("owner", "owner"),
                            ("producer", "producer"),
                            ("support", "support"),
                            ("analyst", "analyst"),
                        ],
                        max_length=20,
                        verbose_name="role",
                    ),
                ),
                ("all_games", models.BooleanField(default=True, verbose_name="all games")),
                ("game_ids", models.JSONField(blank=True, default=list, verbose_name="games")),
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
                ("made_by_label", models.CharField(max_length=150)),
                ("made_at", models.DateTimeField(verbose_name="made at")),
                ("expires_at", models.DateTimeField(verbose_name="expires at")),
                ("accepted_at", models.DateTimeField(blank=True, null=True, verbose_name="accepted at")),
                (
                    "accepted_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="accepted by",
                    ),
                ),
                ("withdrawn_at", models.DateTimeField(blank=True, null=True, verbose_name="withdrawn at")),
            ],
            options={
                "verbose_name": "invitation",
                "verbose_name_plural": "invitations",
                "constraints": [
                    models.UniqueConstraint(
                        models.F("organization"),
                        django.db.models.functions.text.Lower("email"),
                        condition=models.Q(("accepted_at", None), ("withdrawn_at", None)),
                        name="invitation_once",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("role__in", ["owner", "producer", "support", "analyst"])),
                        name="invitation_role_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("role", "owner"), _negated=True), ("all_games", True), _connector="OR"
                        ),
                        name="invitation_owner_all_games",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("accepted_at", None), ("withdrawn_at", None), _connector="OR"),
                        name="invitation_one_end",
                    ),
                ],
            },
        ),
    ]
