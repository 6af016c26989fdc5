import campaigns.models.games
import django.core.validators
import django.db.models.deletion
import portal.encryption
import portal.fields
import portal.ids
import portal.images
import portal.platforms
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    replaces = [
        ("campaigns", "0001_initial"),
        ("campaigns", "0002_watch_time"),
        ("campaigns", "0003_viewer_lists_uncompressed"),
        ("campaigns", "0004_find_heartbeats_that_need_a_look"),
        ("campaigns", "0005_days"),
        ("campaigns", "0006_game_state"),
        ("campaigns", "0007_channel_lists"),
        ("campaigns", "0008_reward_limits"),
        ("campaigns", "0009_games_of_members"),
        ("campaigns", "0010_planning"),
        ("campaigns", "0011_list_of_viewers"),
    ]

    initial = True

    dependencies = [
        ("portal", "0001_until_2026_11"),
    ]

    operations = [
        migrations.CreateModel(
            name="Game",
            fields=[
                ("id", portal.ids.ULIDField(primary_key=True, serialize=False)),
                (
                    "organization",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="games",
                        to="portal.organization",
                        verbose_name="organization",
                    ),
                ),
                ("name", models.CharField(max_length=120, verbose_name="name")),
                (
                    "slug",
                    models.SlugField(
                        help_text="Part of the link page's address.", max_length=60, verbose_name="short name"
                    ),
                ),
                ("website", models.URLField(blank=True, verbose_name="website")),
                (
                    "support_url",
                    models.URLField(
                        blank=True,
                        help_text="Where players are sent who did not get a reward.",
                        verbose_name="help page",
                    ),
                ),
                (
                    "logo",
                    portal.fields.CheckedImageField(
                        blank=True,
                        rules=portal.images.ImageRules(
                            folder="logos", max_bytes=524288, max_height=512, max_width=512, rendition=None
                        ),
                        verbose_name="logo",
                    ),
                ),
                (
                    "art",
                    portal.fields.CheckedImageField(
                        blank=True,
                        rules=portal.images.ImageRules(
                            folder="art", max_bytes=2097152, max_height=1080, max_width=1920, rendition=None
                        ),
                        verbose_name="art",
                    ),
                ),
                (
                    "accent_color",
                    models.CharField(
                        blank=True,
                        help_text="For buttons and steps on the link page, like #7a3cff. Its contrast is checked.",
                        max_length=7,
                        validators=[campaigns.models.games.validate_accent],
                        verbose_name="accent colour",
                    ),
                ),
                (
                    "where_rewards_arrive",
                    models.CharField(
                        blank=True,
                        help_text="Told to players, for example: In your mailbox, after the next login.",
                        max_length=200,
                        verbose_name="where rewards arrive",
                    ),
                ),
                (
                    "usual_delivery",
                    models.CharField(
                        blank=True,
                        help_text="Told to players: within 15 minutes.",
                        max_length=100,
                        verbose_name="usual delivery time",
                    ),
                ),
                (
                    "relink_cool_down_hours",
                    models.PositiveSmallIntegerField(
                        default=0,
                        help_text="Hours that must pass after an unlink before the platform account links to another player.",
                        verbose_name="relink cool-down",
                    ),
                ),
                (
                    "taken_over_at",
                    models.DateTimeField(
                        blank=True,
                        help_text="Claims that a platform granted before this time are held, not delivered.",
                        null=True,
                        verbose_name="taken over at",
                    ),
                ),
                (
                    "game_state_idle_seconds",
                    models.PositiveSmallIntegerField(
                        default=195,
                        help_text="Seconds without a message after which a game state connection is closed: 10 to 195.",
                        validators=[
                            django.core.validators.MinValueValidator(10),
                            django.core.validators.MaxValueValidator(195),
                        ],
                        verbose_name="longest silence of a game server",
                    ),
                ),
                (
                    "record_game_state",
                    models.BooleanField(
                        default=False,
                        help_text="New sessions are recorded, so that game events can be tried against them. The last 20 are kept.",
                        verbose_name="record game sessions",
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True, verbose_name="created at")),
            ],
            options={
                "verbose_name": "game",
                "verbose_name_plural": "games",
                "constraints": [
                    models.UniqueConstraint(fields=("organization", "slug"), name="game_slug_once"),
                    models.UniqueConstraint(fields=("organization", "name"), name="game_name_once"),
                    models.CheckConstraint(
                        condition=models.Q(("game_state_idle_seconds__gte", 10), ("game_state_idle_seconds__lte", 195)),
                        name="game_state_idle_seconds_allowed",
                        violation_error_message="The longest silence is 10 to 195 seconds.",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="GameCategory",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "game",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="categories",
                        to="campaigns.game",
                        verbose_name="game",
                    ),
                ),
                (
                    "organization",
                    models.ForeignKey(
                        editable=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="portal.organization",
                    ),
                ),
                (
                    "platform",
                    models.CharField(
                        max_length=32, validators=[portal.platforms.validate_platform], verbose_name="platform"
                    ),
                ),
                ("platform_category_id", models.CharField(max_length=200, verbose_name="category id")),
            ],
            options={
                "verbose_name": "category",
                "verbose_name_plural": "categories",
                "constraints": [
                    models.UniqueConstraint(
                        fields=("organization", "platform", "platform_category_id"),
                        name="category_once_per_organization",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="GameName",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "game",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="names",
                        to="campaigns.game",
                        verbose_name="game",
                    ),
                ),
                ("name", models.CharField(max_length=200, verbose_name="name")),
            ],
            options={
                "verbose_name": "other name",
                "verbose_name_plural": "other names",
                "constraints": [models.UniqueConstraint(fields=("game", "name"), name="game_alias_once")],
            },
        ),
        migrations.CreateModel(
            name="Channel",
            fields=[
                ("id", portal.ids.ULIDField(primary_key=True, serialize=False)),
                (
                    "organization",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="channels",
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
                ("platform_channel_id", models.CharField(max_length=200, verbose_name="channel id")),
                ("login", models.CharField(blank=True, max_length=200, verbose_name="login")),
                ("name", models.CharField(blank=True, max_length=200, verbose_name="name")),
            ],
            options={
                "verbose_name": "channel",
                "verbose_name_plural": "channels",
                "indexes": [models.Index(fields=["organization", "login"], name="channel_login")],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("organization", "platform", "platform_channel_id"), name="channel_once_per_organization"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="ChannelOptOut",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "channel",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="opt_outs",
                        to="campaigns.channel",
                        verbose_name="channel",
                    ),
                ),
                (
                    "game",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="opt_outs",
                        to="campaigns.game",
                        verbose_name="game",
                    ),
                ),
                ("started_at", models.DateTimeField(verbose_name="from")),
                ("ended_at", models.DateTimeField(blank=True, null=True, verbose_name="to")),
            ],
            options={
                "verbose_name": "opt-out",
                "verbose_name_plural": "opt-outs",
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("ended_at", None)), fields=("channel", "game"), name="opt_out_open_once"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("ended_at", None), ("ended_at__gte", models.F("started_at")), _connector="OR"
                        ),
                        name="opt_out_ends_after_start",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Reward",
            fields=[
                ("id", portal.ids.ULIDField(primary_key=True, serialize=False)),
                (
                    "game",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="rewards",
                        to="campaigns.game",
                        verbose_name="game",
                    ),
                ),
                ("name", models.CharField(max_length=120, verbose_name="name")),
                ("description", models.TextField(blank=True, max_length=1000, verbose_name="description")),
                (
                    "image",
                    portal.fields.CheckedImageField(
                        blank=True,
                        help_text="PNG, JPEG, GIF or WebP, at most 120×120 pixels and 256 KiB. Pages show it at 40×40.",
                        rules=portal.images.ImageRules(
                            folder="rewards", max_bytes=262144, max_height=120, max_width=120, rendition=80
                        ),
                        verbose_name="image",
                    ),
                ),
                (
                    "alt_text",
                    models.CharField(
                        blank=True,
                        help_text="What the image shows, for people who cannot see it.",
                        max_length=200,
                        verbose_name="alternative text",
                    ),
                ),
                (
                    "external_id",
                    models.CharField(
                        blank=True,
                        help_text="The item in the game. Sent with every delivery.",
                        max_length=200,
                        verbose_name="external id",
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True, verbose_name="created at")),
            ],
            options={
                "verbose_name": "reward",
                "verbose_name_plural": "rewards",
                "indexes": [models.Index(fields=["external_id"], name="reward_external_id")],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("external_id", ""), _negated=True),
                        fields=("game", "external_id"),
                        name="reward_external_id_once_per_game",
                        violation_error_message="Another reward of this game has this external id.",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="RewardPlatformId",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "reward",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="platform_ids",
                        to="campaigns.reward",
                        verbose_name="reward",
                    ),
                ),
                (
                    "organization",
                    models.ForeignKey(
                        editable=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="portal.organization",
                    ),
                ),
                (
                    "platform",
                    models.CharField(
                        max_length=32, validators=[portal.platforms.validate_platform], verbose_name="platform"
                    ),
                ),
                ("platform_reward_id", models.CharField(max_length=200, verbose_name="reward id there")),
            ],
            options={
                "verbose_name": "platform id",
                "verbose_name_plural": "platform ids",
                "constraints": [
                    models.UniqueConstraint(fields=("reward", "platform"), name="reward_platform_once"),
                    models.UniqueConstraint(
                        fields=("organization", "platform", "platform_reward_id"),
                        name="platform_reward_id_once_per_organization",
                        violation_error_message="Another reward has this id on this platform.",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Campaign",
            fields=[
                ("id", portal.ids.ULIDField(primary_key=True, serialize=False)),
                (
                    "organization",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="campaigns",
                        to="portal.organization",
                        verbose_name="organization",
                    ),
                ),
                (
                    "game",
                    models.ForeignKey(
                        help_text="The game that players link to and that receives the rewards.",
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="campaigns",
                        to="campaigns.game",
                        verbose_name="game",
                    ),
                ),
                ("name", models.CharField(max_length=120, verbose_name="name")),
                ("description", models.TextField(blank=True, max_length=2000, verbose_name="description")),
                ("info_url", models.URLField(blank=True, max_length=500, verbose_name="info page")),
                (
                    "connection_url",
                    models.URLField(
                        blank=True,
                        help_text="Where viewers link their accounts. Empty: the portal's own link page.",
                        max_length=500,
                        verbose_name="connection page",
                    ),
                ),
                ("time_zone", models.CharField(default="UTC", max_length=64, verbose_name="time zone")),
                ("starts_at", models.DateTimeField(blank=True, null=True, verbose_name="start")),
                ("ends_at", models.DateTimeField(blank=True, null=True, verbose_name="end")),
                (
                    "grace_days",
                    models.PositiveSmallIntegerField(
                        default=14,
                        help_text="How many days after the end rewards can still be claimed.",
                        verbose_name="grace days",
                    ),
                ),
                (
                    "announcement_days",
                    models.PositiveSmallIntegerField(
                        default=0,
                        help_text="How many days before the start the campaign is shown.",
                        verbose_name="announcement days",
                    ),
                ),
                ("announces_at", models.DateTimeField(editable=False, null=True, verbose_name="announced from")),
                ("closes_at", models.DateTimeField(editable=False, null=True, verbose_name="closes at")),
                (
                    "test_mode",
                    models.BooleanField(
                        default=False,
                        help_text="Only the testers listed here take part; left out of totals.",
                        verbose_name="test mode",
                    ),
                ),
                (
                    "scope",
                    models.CharField(
                        choices=[("global", "all channels"), ("allow_list", "only listed channels")],
                        default="global",
                        max_length=12,
                        verbose_name="channels that count",
                    ),
                ),
                (
                    "per_player_limit",
                    models.PositiveSmallIntegerField(
                        default=1,
                        help_text="How many of each reward one player may have.",
                        verbose_name="times each reward",
                    ),
                ),
                (
                    "status",
                    models.CharField(
                        choices=[("draft", "draft"), ("published", "published"), ("cancelled", "cancelled")],
                        default="draft",
                        editable=False,
                        max_length=12,
                        verbose_name="status",
                    ),
                ),
                ("published_at", models.DateTimeField(editable=False, null=True, verbose_name="published at")),
                ("cancelled_at", models.DateTimeField(editable=False, null=True, verbose_name="cancelled at")),
                (
                    "deliveries_paused",
                    models.BooleanField(default=False, editable=False, verbose_name="deliveries paused"),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True, verbose_name="created at")),
            ],
            options={
                "verbose_name": "campaign",
                "verbose_name_plural": "campaigns",
                "indexes": [models.Index(fields=["organization", "status", "starts_at"], name="campaign_list")],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("status", "draft"),
                            models.Q(
                                ("announces_at__isnull", False),
                                ("announces_at__lte", models.F("starts_at")),
                                ("closes_at__gte", models.F("ends_at")),
                                ("closes_at__isnull", False),
                                ("ends_at__gt", models.F("starts_at")),
                                ("ends_at__isnull", False),
                                ("published_at__isnull", False),
                                ("starts_at__isnull", False),
                            ),
                            models.Q(("published_at", None), ("status", "cancelled")),
                            _connector="OR",
                        ),
                        name="campaign_published_has_dates",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("status__in", ["draft", "published", "cancelled"])),
                        name="campaign_status_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("per_player_limit__gte", 1), ("per_player_limit__lte", 100)),
                        name="campaign_limit_in_range",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="CampaignGame",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "campaign",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="further_games",
                        to="campaigns.campaign",
                    ),
                ),
                (
                    "game",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="campaigns.game",
                        verbose_name="game",
                    ),
                ),
            ],
            options={
                "verbose_name": "further game",
                "verbose_name_plural": "further games",
                "constraints": [models.UniqueConstraint(fields=("campaign", "game"), name="campaign_game_once")],
            },
        ),
        migrations.CreateModel(
            name="CampaignReward",
            fields=[
                ("id", portal.ids.ULIDField(primary_key=True, serialize=False)),
                (
                    "campaign",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="rewards",
                        to="campaigns.campaign",
                        verbose_name="campaign",
                    ),
                ),
                (
                    "reward",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="in_campaigns",
                        to="campaigns.reward",
                        verbose_name="reward",
                    ),
                ),
                ("position", models.PositiveSmallIntegerField(default=0, verbose_name="position")),
                (
                    "rule",
                    models.CharField(
                        choices=[("watch", "watch"), ("broadcast", "broadcast"), ("game_event", "game event")],
                        default="watch",
                        max_length=12,
                        verbose_name="rule",
                    ),
                ),
                (
                    "minutes",
                    models.PositiveIntegerField(
                        blank=True, help_text="Minutes to watch or to broadcast.", null=True, verbose_name="minutes"
                    ),
                ),
                ("event_name", models.CharField(blank=True, max_length=100, verbose_name="event")),
                (
                    "event_path",
                    models.CharField(
                        blank=True,
                        help_text="A JSONPath, for example: $.boss.state",
                        max_length=200,
                        verbose_name="where in the game state",
                    ),
                ),
                (
                    "event_condition",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("equals", "is"),
                            ("changes_to", "changes to"),
                            ("rises_above", "rises above"),
                            ("appears_in", "list gets"),
                        ],
                        max_length=12,
                        verbose_name="condition",
                    ),
                ),
                (
                    "event_value",
                    models.CharField(
                        blank=True,
                        help_text="A JSON value: a text in quotes, a number, true or false.",
                        max_length=200,
                        verbose_name="value",
                    ),
                ),
                (
                    "event_cool_down_seconds",
                    models.PositiveIntegerField(
                        default=0,
                        help_text="After the event it does not happen again for so long.",
                        verbose_name="cool-down in seconds",
                    ),
                ),
                (
                    "event_per_session",
                    models.PositiveSmallIntegerField(
                        blank=True,
                        help_text="Empty: as often as it happens.",
                        null=True,
                        verbose_name="at most per session",
                    ),
                ),
                (
                    "requires",
                    models.ForeignKey(
                        blank=True,
                        help_text="Another reward of this campaign that must be earned first.",
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="campaigns.campaignreward",
                        verbose_name="only after",
                    ),
                ),
                (
                    "limit_total",
                    models.PositiveIntegerField(
                        blank=True,
                        help_text="So many are given out in the campaign. Empty: no limit.",
                        null=True,
                        verbose_name="at most in all",
                    ),
                ),
                (
                    "limit_per_day",
                    models.PositiveIntegerField(
                        blank=True,
                        help_text="So many are given out on one day of the campaign's time zone. Empty: no limit.",
                        null=True,
                        verbose_name="at most a day",
                    ),
                ),
                (
                    "at_limit",
                    models.CharField(
                        choices=[("hold", "hold them"), ("stop", "refuse them: “all given out”")],
                        db_default="hold",
                        default="hold",
                        help_text="What happens to claims over it. What a platform has granted is held in either case.",
                        max_length=4,
                        verbose_name="at the limit",
                    ),
                ),
            ],
            options={
                "verbose_name": "reward of the campaign",
                "verbose_name_plural": "rewards of the campaign",
                "constraints": [
                    models.UniqueConstraint(fields=("campaign", "reward"), name="campaign_reward_once"),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("limit_total", None), ("limit_total__gte", 1), _connector="OR"),
                            models.Q(("limit_per_day", None), ("limit_per_day__gte", 1), _connector="OR"),
                            ("at_limit__in", ["hold", "stop"]),
                        ),
                        name="campaign_reward_limits_positive",
                        violation_error_message="A limit is 1 or more. Leave it empty for none.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("event_name", ""),
                                ("minutes__gte", 1),
                                ("minutes__lte", 525600),
                                ("rule__in", ["watch", "broadcast"]),
                            ),
                            models.Q(
                                ("minutes", None), ("rule", "game_event"), models.Q(("event_name", ""), _negated=True)
                            ),
                            _connector="OR",
                        ),
                        name="campaign_reward_rule_complete",
                        violation_error_message="Watch and broadcast rules need minutes; a game event needs its name.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("event_condition", ""), ("event_path", ""), ("event_value", "")),
                            models.Q(
                                ("event_condition__in", ["equals", "changes_to", "rises_above", "appears_in"]),
                                ("rule", "game_event"),
                                models.Q(("event_path", ""), _negated=True),
                                models.Q(("event_value", ""), _negated=True),
                            ),
                            _connector="OR",
                        ),
                        name="campaign_reward_event_whole",
                        violation_error_message="A game event needs a path, a condition and a value.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("event_cool_down_seconds", 0), ("event_per_session", None)),
                            models.Q(
                                ("rule", "game_event"),
                                models.Q(("event_per_session", None), ("event_per_session__gte", 1), _connector="OR"),
                            ),
                            _connector="OR",
                        ),
                        name="campaign_reward_event_limits",
                        violation_error_message="The limit per session is 1 or more, and only a game event has limits.",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="CampaignPlatform",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "campaign",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="platforms",
                        to="campaigns.campaign",
                        verbose_name="campaign",
                    ),
                ),
                (
                    "organization",
                    models.ForeignKey(
                        editable=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="portal.organization",
                    ),
                ),
                (
                    "platform",
                    models.CharField(
                        max_length=32, validators=[portal.platforms.validate_platform], verbose_name="platform"
                    ),
                ),
                (
                    "counted_by",
                    models.CharField(
                        choices=[("platform", "the platform"), ("portal", "the portal, from heartbeats")],
                        default="platform",
                        max_length=10,
                        verbose_name="counted by",
                    ),
                ),
                (
                    "platform_campaign_id",
                    models.CharField(
                        blank=True,
                        help_text="From the platform's console, where the platform counts.",
                        max_length=200,
                        verbose_name="campaign id there",
                    ),
                ),
            ],
            options={
                "verbose_name": "platform",
                "verbose_name_plural": "platforms",
                "constraints": [
                    models.UniqueConstraint(fields=("campaign", "platform"), name="campaign_platform_once"),
                    models.UniqueConstraint(
                        condition=models.Q(("platform_campaign_id", ""), _negated=True),
                        fields=("organization", "platform", "platform_campaign_id"),
                        name="platform_campaign_id_once_per_organization",
                        violation_error_message="Another campaign has this id on this platform.",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="CampaignChannel",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "campaign",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="channels",
                        to="campaigns.campaign",
                        verbose_name="campaign",
                    ),
                ),
                (
                    "channel",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="listings",
                        to="campaigns.channel",
                        verbose_name="channel",
                    ),
                ),
                ("listed_at", models.DateTimeField(verbose_name="from")),
                ("removed_at", models.DateTimeField(blank=True, null=True, verbose_name="to")),
            ],
            options={
                "verbose_name": "listed channel",
                "verbose_name_plural": "listed channels",
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("removed_at", None)),
                        fields=("campaign", "channel"),
                        name="campaign_channel_open_once",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("removed_at", None), ("removed_at__gte", models.F("listed_at")), _connector="OR"
                        ),
                        name="campaign_channel_interval",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="CampaignTester",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "campaign",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="testers",
                        to="campaigns.campaign",
                        verbose_name="campaign",
                    ),
                ),
                (
                    "platform",
                    models.CharField(
                        max_length=32, validators=[portal.platforms.validate_platform], verbose_name="platform"
                    ),
                ),
                ("platform_user_id", models.CharField(max_length=200, verbose_name="user id")),
                ("note", models.CharField(blank=True, max_length=100, verbose_name="who")),
            ],
            options={
                "verbose_name": "tester",
                "verbose_name_plural": "testers",
                "constraints": [
                    models.UniqueConstraint(fields=("campaign", "platform", "platform_user_id"), name="tester_once")
                ],
            },
        ),
        migrations.CreateModel(
            name="ChannelImport",
            fields=[
                ("id", portal.ids.ULIDField(primary_key=True, serialize=False)),
                (
                    "campaign",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="channel_imports",
                        to="campaigns.campaign",
                        verbose_name="campaign",
                    ),
                ),
                ("platform", models.CharField(blank=True, max_length=32, verbose_name="platform")),
                ("deed", models.CharField(max_length=10)),
                (
                    "source",
                    models.CharField(
                        choices=[("paste", "import"), ("choice", "choice"), ("restore", "restored")],
                        default="paste",
                        max_length=10,
                    ),
                ),
                (
                    "restores",
                    models.PositiveIntegerField(
                        help_text="The number of the version, where it restores one.", null=True
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("resolving", "being looked up"),
                            ("ready", "to be confirmed"),
                            ("applied", "done"),
                            ("dropped", "dropped"),
                        ],
                        default="resolving",
                        max_length=10,
                        verbose_name="state",
                    ),
                ),
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
                ("reason", models.CharField(blank=True, max_length=500, verbose_name="reason")),
                ("lines", models.JSONField(default=list)),
                ("outcome", models.JSONField(default=list)),
                ("line_count", models.PositiveIntegerField()),
                ("total", models.PositiveIntegerField(default=0)),
                ("position", models.PositiveIntegerField(default=0)),
                ("asks", models.BooleanField(default=True, help_text="Whether the platform is to be asked, or was.")),
                (
                    "not_asked",
                    models.CharField(blank=True, help_text="A code: why the platform was not asked.", max_length=20),
                ),
                (
                    "problem",
                    models.CharField(blank=True, help_text="A code of the last failure: PlatformError.", max_length=60),
                ),
                ("failures", models.PositiveIntegerField(default=0, help_text="In a row.")),
                ("due_at", models.DateTimeField(null=True)),
                ("found_count", models.PositiveIntegerField(default=0)),
                ("duplicate_count", models.PositiveIntegerField(default=0)),
                ("unknown_count", models.PositiveIntegerField(default=0)),
                ("created_at", models.DateTimeField(verbose_name="made at")),
                ("resolved_at", models.DateTimeField(null=True)),
                ("ended_at", models.DateTimeField(null=True)),
                ("version", models.PositiveIntegerField(help_text="The number of the version it made.", null=True)),
            ],
            options={
                "verbose_name": "imported list of channels",
                "verbose_name_plural": "imported lists of channels",
                "indexes": [
                    models.Index(
                        condition=models.Q(("due_at__isnull", False)), fields=["due_at"], name="channel_import_due"
                    ),
                    models.Index(fields=["campaign", "-id"], name="channel_import_list"),
                    models.Index(fields=["created_at"], name="channel_import_created"),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("position__lte", models.F("total"))), name="channel_import_within_total"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("deed__in", ["add", "remove", "replace"])), name="channel_import_deed_known"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("due_at__isnull", False), ("state", "resolving")),
                            models.Q(models.Q(("state", "resolving"), _negated=True), ("due_at", None)),
                            _connector="OR",
                        ),
                        name="channel_import_due_while_resolving",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="ChannelImportPart",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "channel_import",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="parts", to="campaigns.channelimport"
                    ),
                ),
                ("position", models.PositiveIntegerField()),
                ("found", models.JSONField(default=list)),
            ],
            options={
                "verbose_name": "part of an imported list",
                "verbose_name_plural": "parts of imported lists",
                "constraints": [
                    models.UniqueConstraint(fields=("channel_import", "position"), name="channel_import_part_once")
                ],
            },
        ),
        migrations.CreateModel(
            name="ChannelListVersion",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "campaign",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="channel_versions",
                        to="campaigns.campaign",
                        verbose_name="campaign",
                    ),
                ),
                ("number", models.PositiveIntegerField(verbose_name="version")),
                ("at", models.DateTimeField(verbose_name="when")),
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
                (
                    "source",
                    models.CharField(
                        choices=[
                            ("paste", "import"),
                            ("choice", "choice"),
                            ("restore", "restored"),
                            ("edit", "campaign form"),
                            ("found", "found so"),
                        ],
                        max_length=10,
                    ),
                ),
                ("restores", models.PositiveIntegerField(null=True)),
                ("reason", models.CharField(blank=True, max_length=500, verbose_name="reason")),
                ("listed", models.PositiveIntegerField(verbose_name="channels")),
                ("added_count", models.PositiveIntegerField(default=0)),
                ("removed_count", models.PositiveIntegerField(default=0)),
                ("added", models.JSONField(default=list)),
                ("removed", models.JSONField(default=list)),
            ],
            options={
                "verbose_name": "version of an allow-list",
                "verbose_name_plural": "versions of allow-lists",
                "constraints": [
                    models.UniqueConstraint(fields=("campaign", "number"), name="channel_list_version_once")
                ],
            },
        ),
        migrations.CreateModel(
            name="GatewayProcess",
            fields=[
                ("id", portal.ids.ULIDField(primary_key=True, serialize=False)),
                ("host", models.CharField(max_length=100, verbose_name="machine")),
                ("pid", models.PositiveIntegerField(verbose_name="process")),
                ("started_at", models.DateTimeField(verbose_name="started at")),
                ("beat_at", models.DateTimeField(verbose_name="last heard of")),
                ("stopping_at", models.DateTimeField(null=True, verbose_name="stopping since")),
                ("connections", models.PositiveIntegerField(default=0, verbose_name="connections")),
            ],
            options={
                "verbose_name": "game state gateway",
                "verbose_name_plural": "game state gateways",
                "indexes": [models.Index(fields=["beat_at"], name="gateway_beat")],
            },
        ),
        migrations.CreateModel(
            name="GameSession",
            fields=[
                ("id", portal.ids.ULIDField(primary_key=True, serialize=False)),
                (
                    "organization",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="game_sessions",
                        to="portal.organization",
                        verbose_name="organization",
                    ),
                ),
                (
                    "game",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="sessions",
                        to="campaigns.game",
                        verbose_name="game",
                    ),
                ),
                ("client_id", models.CharField(max_length=100, verbose_name="client id")),
                ("client_name", models.CharField(max_length=100, verbose_name="client")),
                ("session_key", models.CharField(max_length=100, verbose_name="session id of the game")),
                ("authoritative", models.BooleanField(verbose_name="from the game's own server")),
                ("state", models.TextField(default="{}", verbose_name="state")),
                ("state_bytes", models.PositiveIntegerField(default=2, verbose_name="size in bytes")),
                ("revision", models.PositiveBigIntegerField(default=0, verbose_name="revision")),
                ("started_at", models.DateTimeField(verbose_name="started at")),
                ("connected_at", models.DateTimeField(verbose_name="connected at")),
                ("last_message_at", models.DateTimeField(verbose_name="last message at")),
                ("ended_at", models.DateTimeField(blank=True, null=True, verbose_name="ended at")),
                ("end_code", models.CharField(blank=True, max_length=32, verbose_name="why it ended")),
                ("connection", models.CharField(blank=True, max_length=26)),
                ("gateway", models.CharField(blank=True, max_length=26)),
                ("connections", models.PositiveIntegerField(default=1, verbose_name="times connected")),
                ("messages", models.PositiveBigIntegerField(default=0, verbose_name="messages")),
                ("received_bytes", models.PositiveBigIntegerField(default=0, verbose_name="bytes received")),
                ("minute", models.PositiveIntegerField(default=0)),
                ("minute_messages", models.PositiveIntegerField(default=0)),
                ("refused", models.PositiveBigIntegerField(default=0, verbose_name="messages refused")),
                ("last_refusal", models.CharField(blank=True, max_length=32, verbose_name="why the last was refused")),
                ("last_refused_at", models.DateTimeField(null=True, verbose_name="last refused at")),
                ("events", models.PositiveIntegerField(default=0, verbose_name="game events")),
            ],
            options={
                "verbose_name": "game session",
                "verbose_name_plural": "game sessions",
                "indexes": [
                    models.Index(fields=["organization", "-id"], name="game_session_list"),
                    models.Index(
                        condition=models.Q(("ended_at", None)), fields=["organization", "-id"], name="game_session_open"
                    ),
                    models.Index(
                        condition=models.Q(("ended_at", None)), fields=["last_message_at"], name="game_session_silent"
                    ),
                    models.Index(
                        condition=models.Q(("gateway", ""), _negated=True),
                        fields=["gateway"],
                        name="game_session_gateway",
                    ),
                    models.Index(
                        condition=models.Q(("ended_at__isnull", False)), fields=["ended_at"], name="game_session_age"
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("ended_at", None)),
                        fields=("client_id", "game", "session_key"),
                        name="game_session_open_once",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("end_code", ""), ("ended_at", None)),
                            models.Q(
                                ("connection", ""),
                                ("ended_at__isnull", False),
                                ("gateway", ""),
                                models.Q(("end_code", ""), _negated=True),
                            ),
                            _connector="OR",
                        ),
                        name="game_session_ended_with_reason",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("connection", ""), ("gateway", "")),
                            models.Q(
                                models.Q(("connection", ""), _negated=True), models.Q(("gateway", ""), _negated=True)
                            ),
                            _connector="OR",
                        ),
                        name="game_session_connection_has_gateway",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="GameSessionChannel",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "session",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="channels", to="campaigns.gamesession"
                    ),
                ),
                (
                    "channel",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="game_sessions",
                        to="campaigns.channel",
                        verbose_name="channel",
                    ),
                ),
                ("live", models.BooleanField(default=False, verbose_name="live")),
            ],
            options={
                "verbose_name": "channel of a game session",
                "verbose_name_plural": "channels of game sessions",
                "constraints": [
                    models.UniqueConstraint(fields=("session", "channel"), name="game_session_channel_once")
                ],
            },
        ),
        migrations.CreateModel(
            name="GameEvent",
            fields=[
                ("id", portal.ids.ULIDField(primary_key=True, serialize=False)),
                (
                    "session",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="happened",
                        to="campaigns.gamesession",
                        verbose_name="session",
                    ),
                ),
                (
                    "campaign_reward",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="game_events",
                        to="campaigns.campaignreward",
                        verbose_name="reward",
                    ),
                ),
                ("number", models.PositiveIntegerField(verbose_name="number")),
                ("at", models.DateTimeField(verbose_name="time")),
                ("value", models.CharField(blank=True, max_length=200, verbose_name="value")),
                ("due_at", models.DateTimeField(null=True)),
                ("settled_at", models.DateTimeField(null=True, verbose_name="settled at")),
                ("earned", models.PositiveIntegerField(default=0, verbose_name="earned by")),
            ],
            options={
                "verbose_name": "game event",
                "verbose_name_plural": "game events",
                "indexes": [
                    models.Index(
                        condition=models.Q(("due_at__isnull", False)), fields=["due_at"], name="game_event_due"
                    ),
                    models.Index(fields=["campaign_reward", "-id"], name="game_event_list"),
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("session", "campaign_reward", "number"), name="game_event_once")
                ],
            },
        ),
        migrations.CreateModel(
            name="GameEventChannel",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "event",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="channels", to="campaigns.gameevent"
                    ),
                ),
                (
                    "channel",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="campaigns.channel",
                        verbose_name="channel",
                    ),
                ),
                ("minute", models.PositiveIntegerField(verbose_name="minute")),
            ],
            options={
                "verbose_name": "channel of a game event",
                "verbose_name_plural": "channels of game events",
                "indexes": [models.Index(fields=["channel", "minute"], name="game_event_channel_find")],
                "constraints": [models.UniqueConstraint(fields=("event", "channel"), name="game_event_channel_once")],
            },
        ),
        migrations.CreateModel(
            name="GatewayOrder",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("gateway", models.CharField(db_index=True, max_length=26)),
                ("connection", models.CharField(max_length=26)),
                (
                    "deed",
                    models.CharField(
                        choices=[
                            ("drop", "close it: a producer ended the session"),
                            ("replace", "close it: the session is streamed by another connection"),
                        ],
                        max_length=8,
                    ),
                ),
                ("given_at", models.DateTimeField()),
            ],
            options={
                "verbose_name": "order to a gateway",
                "verbose_name_plural": "orders to gateways",
            },
        ),
        migrations.CreateModel(
            name="GatewayTally",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("hour", models.DateTimeField(verbose_name="hour")),
                ("kind", models.CharField(max_length=48, verbose_name="kind")),
                ("count", models.PositiveBigIntegerField(default=0, verbose_name="count")),
            ],
            options={
                "verbose_name": "count of a gateway",
                "verbose_name_plural": "counts of gateways",
                "constraints": [models.UniqueConstraint(fields=("hour", "kind"), name="gateway_tally_once")],
            },
        ),
        migrations.CreateModel(
            name="GameRecording",
            fields=[
                ("id", portal.ids.ULIDField(primary_key=True, serialize=False)),
                (
                    "session",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="recording",
                        to="campaigns.gamesession",
                        verbose_name="session",
                    ),
                ),
                (
                    "game",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="recordings",
                        to="campaigns.game",
                        verbose_name="game",
                    ),
                ),
                ("name", models.CharField(blank=True, max_length=100, verbose_name="name")),
                ("started_at", models.DateTimeField(verbose_name="started at")),
                ("messages", models.PositiveIntegerField(default=0, verbose_name="messages")),
                ("bytes", models.PositiveIntegerField(default=0, verbose_name="bytes")),
                ("full_at", models.DateTimeField(null=True, verbose_name="full since")),
            ],
            options={
                "verbose_name": "recorded session",
                "verbose_name_plural": "recorded sessions",
                "indexes": [models.Index(fields=["game", "-id"], name="game_recording_list")],
            },
        ),
        migrations.CreateModel(
            name="RecordedMessage",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "recording",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="lines",
                        to="campaigns.gamerecording",
                    ),
                ),
                ("number", models.PositiveIntegerField(verbose_name="number")),
                ("at", models.DateTimeField(verbose_name="time")),
                ("kind", models.CharField(max_length=8, verbose_name="kind")),
                ("data", models.TextField(verbose_name="data")),
            ],
            options={
                "verbose_name": "recorded message",
                "verbose_name_plural": "recorded messages",
                "constraints": [models.UniqueConstraint(fields=("recording", "number"), name="recorded_message_once")],
            },
        ),
        migrations.CreateModel(
            name="EventTrial",
            fields=[
                (
                    "campaign_reward",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="trial",
                        serialize=False,
                        to="campaigns.campaignreward",
                        verbose_name="reward",
                    ),
                ),
                (
                    "recording",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="campaigns.gamerecording",
                        verbose_name="recorded session",
                    ),
                ),
                ("tried", models.CharField(max_length=64, verbose_name="rule")),
                ("tried_at", models.DateTimeField(verbose_name="tried at")),
                ("happened", models.PositiveIntegerField(verbose_name="happened")),
            ],
            options={
                "verbose_name": "trial of a game event",
                "verbose_name_plural": "trials of game events",
            },
        ),
        migrations.CreateModel(
            name="ChannelStream",
            fields=[
                (
                    "channel",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="stream",
                        serialize=False,
                        to="campaigns.channel",
                    ),
                ),
                ("live", models.BooleanField(verbose_name="live")),
                ("told_at", models.DateTimeField(verbose_name="told at")),
                ("asked_at", models.DateTimeField(null=True, verbose_name="last asked at")),
            ],
            options={
                "verbose_name": "stream of a channel",
                "verbose_name_plural": "streams of channels",
            },
        ),
        migrations.CreateModel(
            name="HeartbeatSource",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "game",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="heartbeat_sources",
                        to="campaigns.game",
                        verbose_name="game",
                    ),
                ),
                (
                    "name",
                    models.CharField(
                        help_text="For your own orientation, for example: Twitch heartbeats.",
                        max_length=100,
                        verbose_name="name",
                    ),
                ),
                (
                    "identifiers",
                    models.CharField(
                        choices=[
                            ("registered", "identifiers that the portal registered with the platform"),
                            ("platform", "user ids of the platform"),
                            ("player", "player ids, from the studio's own player"),
                        ],
                        max_length=10,
                        verbose_name="ids in its heartbeats",
                    ),
                ),
                (
                    "platform",
                    models.CharField(
                        max_length=32, validators=[portal.platforms.validate_platform], verbose_name="platform"
                    ),
                ),
                (
                    "credential",
                    models.ForeignKey(
                        blank=True,
                        help_text="The app under which identifiers are registered. Only for registered identifiers.",
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="heartbeat_sources",
                        to="portal.platformcredential",
                        verbose_name="platform credential",
                    ),
                ),
                (
                    "enabled",
                    models.BooleanField(
                        default=True,
                        help_text="Off: heartbeats are answered with 503, so that the sender keeps them.",
                        verbose_name="enabled",
                    ),
                ),
                ("url_token_hash", models.CharField(editable=False, max_length=64, unique=True)),
                ("previous_token_hash", models.CharField(blank=True, db_index=True, editable=False, max_length=64)),
                (
                    "previous_until",
                    models.DateTimeField(editable=False, null=True, verbose_name="previous address valid until"),
                ),
                (
                    "last_heartbeat_at",
                    models.DateTimeField(editable=False, null=True, verbose_name="last heartbeat at"),
                ),
                ("last_refused_at", models.DateTimeField(editable=False, null=True, verbose_name="last refused at")),
                (
                    "last_refusal",
                    models.CharField(blank=True, editable=False, max_length=300, verbose_name="why it was refused"),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True, verbose_name="created at")),
            ],
            options={
                "verbose_name": "heartbeat source",
                "verbose_name_plural": "heartbeat sources",
                "constraints": [
                    models.UniqueConstraint(fields=("game", "name"), name="heartbeat_source_name_once"),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("credential__isnull", False), ("identifiers", "registered")),
                            models.Q(("credential", None), ("identifiers", "player"), ("platform", "portal")),
                            models.Q(
                                ("credential", None),
                                ("identifiers", "platform"),
                                models.Q(("platform", "portal"), _negated=True),
                            ),
                            _connector="OR",
                        ),
                        name="heartbeat_source_ids_fit_platform",
                        violation_error_message="Registered identifiers need the credential they are registered under. Player ids are the studio's own player's, platform user ids another platform's: both without a credential.",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Heartbeat",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "source",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="heartbeats",
                        to="campaigns.heartbeatsource",
                        verbose_name="source",
                    ),
                ),
                ("heartbeat_id", models.CharField(max_length=200, verbose_name="id")),
                ("sent_at", models.DateTimeField(verbose_name="time")),
                ("received_at", models.DateTimeField(verbose_name="received at")),
                ("broadcaster", models.CharField(max_length=200, verbose_name="broadcaster")),
                ("game_name", models.CharField(max_length=200, verbose_name="game name")),
                ("viewers", models.BigIntegerField(verbose_name="viewers reported")),
                ("listed", models.IntegerField(verbose_name="viewers listed")),
                ("unknown", models.IntegerField(default=0, verbose_name="ids of nobody")),
                ("retries", models.BigIntegerField(default=0, verbose_name="retries")),
                ("repeats", models.PositiveIntegerField(default=0, verbose_name="sent again")),
                ("conflicts", models.PositiveIntegerField(default=0, verbose_name="sent again with other contents")),
                ("digest", models.BinaryField(max_length=16)),
                ("extra", models.TextField(blank=True, verbose_name="further fields")),
                (
                    "outcome",
                    models.CharField(
                        choices=[
                            ("waiting", "waiting to be counted"),
                            ("counted", "counted"),
                            ("nowhere", "counted in no campaign"),
                            ("no_channel", "unknown broadcaster"),
                            ("no_game", "unknown game name"),
                        ],
                        default="waiting",
                        max_length=10,
                        verbose_name="outcome",
                    ),
                ),
                (
                    "channel",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="campaigns.channel",
                        verbose_name="channel",
                    ),
                ),
                ("due_at", models.DateTimeField(null=True)),
            ],
            options={
                "verbose_name": "heartbeat",
                "verbose_name_plural": "heartbeats",
                "indexes": [
                    models.Index(
                        condition=models.Q(("due_at__isnull", False)), fields=["due_at"], name="heartbeat_due"
                    ),
                    models.Index(fields=["source", "-id"], name="heartbeat_list"),
                    models.Index(
                        condition=models.Q(("due_at", None), ("outcome__in", ["no_channel", "no_game"])),
                        fields=["source", "outcome", "broadcaster"],
                        name="heartbeat_kept",
                    ),
                    models.Index(
                        condition=models.Q(("outcome__in", ["nowhere", "no_channel", "no_game"])),
                        fields=["source", "outcome", "-id"],
                        name="heartbeat_not_counted",
                    ),
                    models.Index(
                        condition=models.Q(("conflicts__gt", 0)), fields=["source", "-id"], name="heartbeat_conflicting"
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("source", "heartbeat_id"), name="heartbeat_once_per_source")
                ],
            },
        ),
        migrations.CreateModel(
            name="HeartbeatViewers",
            fields=[
                (
                    "heartbeat",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="viewer_list",
                        serialize=False,
                        to="campaigns.heartbeat",
                        verbose_name="heartbeat",
                    ),
                ),
                ("ids", models.BinaryField()),
            ],
            options={
                "verbose_name": "viewers of a heartbeat",
                "verbose_name_plural": "viewers of heartbeats",
            },
        ),
        migrations.CreateModel(
            name="RecentViewers",
            fields=[
                (
                    "heartbeat",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="recent_viewers",
                        serialize=False,
                        to="campaigns.heartbeat",
                        verbose_name="heartbeat",
                    ),
                ),
                (
                    "channel",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="campaigns.channel",
                    ),
                ),
                ("minute", models.PositiveIntegerField(verbose_name="minute")),
                ("numbers", models.BinaryField()),
                ("kept_at", models.DateTimeField(verbose_name="kept since")),
            ],
            options={
                "verbose_name": "recent viewers of a channel",
                "verbose_name_plural": "recent viewers of channels",
                "indexes": [
                    models.Index(fields=["channel", "minute"], name="recent_viewers_find"),
                    models.Index(fields=["kept_at"], name="recent_viewers_age"),
                ],
            },
        ),
        migrations.CreateModel(
            name="HeartbeatTally",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "source",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="tallies",
                        to="campaigns.heartbeatsource",
                    ),
                ),
                ("hour", models.DateTimeField(verbose_name="hour")),
                ("outcome", models.CharField(max_length=20, verbose_name="outcome")),
                ("count", models.PositiveBigIntegerField(default=0, verbose_name="count")),
            ],
            options={
                "verbose_name": "heartbeat count",
                "verbose_name_plural": "heartbeat counts",
                "constraints": [
                    models.UniqueConstraint(fields=("source", "hour", "outcome"), name="heartbeat_tally_once")
                ],
            },
        ),
        migrations.CreateModel(
            name="Viewer",
            fields=[
                ("id", portal.ids.ULIDField(primary_key=True, serialize=False)),
                (
                    "organization",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="viewers",
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
                ("platform_user_id", models.CharField(max_length=200, verbose_name="user id")),
                ("login", models.CharField(blank=True, max_length=200, verbose_name="login")),
                ("name", models.CharField(blank=True, max_length=200, verbose_name="name")),
                (
                    "user",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="viewers",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="portal account",
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True, verbose_name="first seen at")),
            ],
            options={
                "verbose_name": "viewer",
                "verbose_name_plural": "viewers",
                "indexes": [
                    models.Index(fields=["organization", "platform", "-id"], name="viewer_list"),
                    models.Index(fields=["organization", "login"], name="viewer_login"),
                    models.Index(fields=["organization", "name"], name="viewer_name"),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("organization", "platform", "platform_user_id"), name="viewer_once_per_organization"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="RegisteredIdentifier",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "credential",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="identifiers",
                        to="portal.platformcredential",
                        verbose_name="platform credential",
                    ),
                ),
                (
                    "viewer",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="identifiers",
                        to="campaigns.viewer",
                        verbose_name="viewer",
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("wanted", "to be registered"),
                            ("registered", "registered"),
                            ("unwanted", "to be removed"),
                            ("lapsed", "authorization lapsed"),
                        ],
                        default="wanted",
                        max_length=10,
                        verbose_name="state",
                    ),
                ),
                ("wanted_at", models.DateTimeField(verbose_name="wanted since")),
                ("registered_at", models.DateTimeField(null=True, verbose_name="registered at")),
                ("checked_at", models.DateTimeField(null=True, verbose_name="last checked at")),
                ("due_at", models.DateTimeField(null=True)),
                ("attempts", models.PositiveIntegerField(default=0, verbose_name="failures in a row")),
                ("last_error", models.CharField(blank=True, max_length=300, verbose_name="last error")),
                ("access_token", portal.encryption.EncryptedTextField(blank=True, editable=False)),
                ("refresh_token", portal.encryption.EncryptedTextField(blank=True, editable=False)),
                ("token_expires_at", models.DateTimeField(editable=False, null=True)),
                ("validated_at", models.DateTimeField(editable=False, null=True, verbose_name="token validated at")),
            ],
            options={
                "verbose_name": "registered identifier",
                "verbose_name_plural": "registered identifiers",
                "indexes": [
                    models.Index(
                        condition=models.Q(("due_at__isnull", False)), fields=["due_at"], name="identifier_due"
                    )
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("credential", "viewer"), name="identifier_once_per_credential"),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("state", "registered"), _negated=True),
                            ("registered_at__isnull", False),
                            _connector="OR",
                        ),
                        name="identifier_registered_has_time",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="SourceTest",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "source",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="tests",
                        to="campaigns.heartbeatsource",
                        verbose_name="heartbeat source",
                    ),
                ),
                ("platform_user_id", models.CharField(max_length=200, verbose_name="channel id")),
                ("started_at", models.DateTimeField(verbose_name="started at")),
                ("ended_at", models.DateTimeField(null=True, verbose_name="ended at")),
            ],
            options={
                "verbose_name": "test of a source",
                "verbose_name_plural": "tests of sources",
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("ended_at", None), ("ended_at__gte", models.F("started_at")), _connector="OR"
                        ),
                        name="source_test_interval",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="GameOfMember",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "membership",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="games",
                        to="portal.membership",
                        verbose_name="member",
                    ),
                ),
                (
                    "game",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="members",
                        to="campaigns.game",
                        verbose_name="game",
                    ),
                ),
            ],
            options={
                "verbose_name": "game of a member",
                "verbose_name_plural": "games of members",
                "constraints": [models.UniqueConstraint(fields=("membership", "game"), name="game_of_member_once")],
            },
        ),
        migrations.CreateModel(
            name="ClonedSeries",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "organization",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="portal.organization"
                    ),
                ),
                ("key", models.CharField(max_length=26, verbose_name="key")),
                ("made_at", models.DateTimeField(db_index=True, verbose_name="made at")),
                (
                    "first",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="campaigns.campaign",
                    ),
                ),
                ("copies", models.PositiveSmallIntegerField(verbose_name="copies")),
            ],
            options={
                "verbose_name": "cloned series",
                "verbose_name_plural": "cloned series",
                "constraints": [models.UniqueConstraint(fields=("organization", "key"), name="cloned_series_once")],
            },
        ),
        migrations.CreateModel(
            name="CampaignFile",
            fields=[
                ("id", portal.ids.ULIDField(primary_key=True, serialize=False)),
                (
                    "organization",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="portal.organization"
                    ),
                ),
                (
                    "game",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="campaigns.game"
                    ),
                ),
                (
                    "uploaded_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                ("uploaded_at", models.DateTimeField(db_index=True, verbose_name="uploaded at")),
                ("text", models.TextField(blank=True, verbose_name="text")),
                ("used_at", models.DateTimeField(null=True, verbose_name="used at")),
                (
                    "campaign",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="campaigns.campaign",
                    ),
                ),
            ],
            options={
                "verbose_name": "campaign file",
                "verbose_name_plural": "campaign files",
            },
        ),
        migrations.CreateModel(
            name="Watcher",
            fields=[
                ("number", models.BigAutoField(primary_key=True, serialize=False)),
                (
                    "viewer",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="watcher",
                        to="campaigns.viewer",
                        verbose_name="viewer",
                    ),
                ),
            ],
            options={
                "verbose_name": "watcher",
                "verbose_name_plural": "watchers",
            },
        ),
        migrations.CreateModel(
            name="WatchedHour",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "campaign",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="campaigns.campaign",
                    ),
                ),
                ("kind", models.PositiveSmallIntegerField(choices=[(1, "watched"), (2, "broadcast")])),
                ("hour", models.PositiveIntegerField()),
                ("shard", models.PositiveIntegerField()),
                ("masks", models.BinaryField()),
                ("version", models.PositiveIntegerField(default=1)),
            ],
            options={
                "verbose_name": "watched hour",
                "verbose_name_plural": "watched hours",
                "constraints": [
                    models.UniqueConstraint(fields=("campaign", "kind", "hour", "shard"), name="watched_hour_once")
                ],
            },
        ),
        migrations.CreateModel(
            name="OwnedHour",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "organization",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="portal.organization",
                    ),
                ),
                ("hour", models.PositiveIntegerField()),
                ("shard", models.PositiveIntegerField()),
                ("masks", models.BinaryField()),
                ("version", models.PositiveIntegerField(default=1)),
            ],
            options={
                "verbose_name": "owned hour",
                "verbose_name_plural": "owned hours",
                "constraints": [
                    models.UniqueConstraint(fields=("organization", "hour", "shard"), name="owned_hour_once")
                ],
            },
        ),
        migrations.CreateModel(
            name="WatchedTotal",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "campaign",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="campaigns.campaign",
                    ),
                ),
                ("kind", models.PositiveSmallIntegerField(choices=[(1, "watched"), (2, "broadcast")])),
                ("shard", models.PositiveIntegerField()),
                ("minutes", models.BinaryField()),
                ("version", models.PositiveIntegerField(default=1)),
            ],
            options={
                "verbose_name": "watched total",
                "verbose_name_plural": "watched totals",
                "constraints": [
                    models.UniqueConstraint(fields=("campaign", "kind", "shard"), name="watched_total_once")
                ],
            },
        ),
        migrations.CreateModel(
            name="Participation",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "watcher",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="participations",
                        to="campaigns.watcher",
                    ),
                ),
                (
                    "campaign",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="participations",
                        to="campaigns.campaign",
                    ),
                ),
            ],
            options={
                "verbose_name": "participation",
                "verbose_name_plural": "participations",
                "constraints": [models.UniqueConstraint(fields=("watcher", "campaign"), name="participation_once")],
            },
        ),
        migrations.CreateModel(
            name="EarnedReward",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "viewer",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="earned",
                        to="campaigns.viewer",
                        verbose_name="viewer",
                    ),
                ),
                (
                    "campaign_reward",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="earned",
                        to="campaigns.campaignreward",
                        verbose_name="reward",
                    ),
                ),
                ("earned_at", models.DateTimeField(verbose_name="earned at")),
            ],
            options={
                "verbose_name": "earned reward",
                "verbose_name_plural": "earned rewards",
                "constraints": [
                    models.UniqueConstraint(fields=("viewer", "campaign_reward"), name="earned_reward_once")
                ],
            },
        ),
        migrations.CreateModel(
            name="CampaignFigures",
            fields=[
                (
                    "campaign",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        related_name="figures",
                        serialize=False,
                        to="campaigns.campaign",
                    ),
                ),
                ("watched_minutes", models.PositiveBigIntegerField(default=0, verbose_name="watched minutes")),
                ("broadcast_minutes", models.PositiveBigIntegerField(default=0, verbose_name="broadcast minutes")),
                ("viewers", models.PositiveBigIntegerField(default=0, verbose_name="unique viewers")),
                ("broadcasters", models.PositiveBigIntegerField(default=0, verbose_name="unique broadcasters")),
            ],
            options={
                "verbose_name": "figures of a campaign",
                "verbose_name_plural": "figures of campaigns",
            },
        ),
        migrations.CreateModel(
            name="CampaignHour",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "campaign",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="hours",
                        to="campaigns.campaign",
                    ),
                ),
                ("hour", models.PositiveIntegerField(verbose_name="hour")),
                ("watched_minutes", models.PositiveBigIntegerField(default=0, verbose_name="watched minutes")),
                ("per_minute", models.BinaryField()),
            ],
            options={
                "verbose_name": "hour of a campaign",
                "verbose_name_plural": "hours of campaigns",
                "constraints": [models.UniqueConstraint(fields=("campaign", "hour"), name="campaign_hour_once")],
            },
        ),
        migrations.CreateModel(
            name="WatchedDay",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "campaign",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="days",
                        to="campaigns.campaign",
                    ),
                ),
                ("day", models.PositiveIntegerField(verbose_name="day")),
                ("watched_minutes", models.PositiveBigIntegerField(verbose_name="watched minutes")),
                ("viewers", models.PositiveBigIntegerField(verbose_name="unique viewers")),
            ],
            options={
                "verbose_name": "day of a campaign",
                "verbose_name_plural": "days of campaigns",
                "constraints": [models.UniqueConstraint(fields=("campaign", "day"), name="watched_day_once")],
            },
        ),
        migrations.CreateModel(
            name="ChannelFigures",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "campaign",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="channel_figures",
                        to="campaigns.campaign",
                    ),
                ),
                (
                    "channel",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="figures",
                        to="campaigns.channel",
                    ),
                ),
                ("reported_minutes", models.PositiveBigIntegerField(default=0, verbose_name="reported minutes")),
                ("heartbeats", models.PositiveBigIntegerField(default=0, verbose_name="heartbeats")),
                ("peak_viewers", models.PositiveIntegerField(default=0, verbose_name="most viewers")),
                ("last_minute", models.PositiveIntegerField(default=0, verbose_name="last minute")),
                ("last_viewers", models.PositiveIntegerField(default=0, verbose_name="viewers then")),
            ],
            options={
                "verbose_name": "figures of a channel",
                "verbose_name_plural": "figures of channels",
                "indexes": [models.Index(fields=["campaign", "-last_minute"], name="channel_figures_live")],
                "constraints": [models.UniqueConstraint(fields=("campaign", "channel"), name="channel_figures_once")],
            },
        ),
        migrations.CreateModel(
            name="RewardFigures",
            fields=[
                (
                    "campaign_reward",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        related_name="figures",
                        serialize=False,
                        to="campaigns.campaignreward",
                    ),
                ),
                ("earned", models.PositiveBigIntegerField(default=0, verbose_name="earned")),
            ],
            options={
                "verbose_name": "figures of a reward",
                "verbose_name_plural": "figures of rewards",
            },
        ),
        migrations.CreateModel(
            name="CountingLease",
            fields=[
                (
                    "organization",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="+",
                        serialize=False,
                        to="portal.organization",
                    ),
                ),
                ("holder", models.CharField(blank=True, max_length=26)),
                ("until", models.DateTimeField()),
            ],
            options={
                "verbose_name": "counting lease",
                "verbose_name_plural": "counting leases",
            },
        ),
    ]
