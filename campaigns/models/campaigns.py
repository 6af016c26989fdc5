"""Campaigns and what belongs to them (C1, C3, C7, C8, R3)."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Self

from django.db import models
from django.db.models import F, Q
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from campaigns.models.games import Channel, Game
from campaigns.models.rewards import Reward
from campaigns.rules.phases import Phase, phase
from portal import platforms
from portal.ids import ULIDField, new_ulid
from portal.models import Organization

MAX_REWARDS = 12  # C1; Kick, Drops guide: "Attach up to 12 rewards"


class CampaignQuerySet(models.QuerySet["Campaign"]):
    """Campaigns, with the phase as a filter."""

    def in_phase(self, wanted: Phase, *, now: datetime) -> Self:
        """Return the campaigns that :func:`campaigns.rules.phases.phase` puts in ``wanted`` at ``now`` (C3)."""
        published = Q(status=Campaign.Status.PUBLISHED)
        return self.filter(
            {
                Phase.DRAFT: Q(status=Campaign.Status.DRAFT),
                Phase.CANCELLED: Q(status=Campaign.Status.CANCELLED),
                Phase.SCHEDULED: published & Q(starts_at__gt=now, announces_at__gt=now),
                Phase.ANNOUNCED: published & Q(starts_at__gt=now, announces_at__lte=now),
                Phase.LIVE: published & Q(starts_at__lte=now, ends_at__gt=now),
                Phase.GRACE: published & Q(ends_at__lte=now, closes_at__gt=now),
                Phase.CLOSED: published & Q(ends_at__lte=now, closes_at__lte=now),
            }[wanted]
        )


class Campaign(models.Model):
    """Rewards, rules and dates (C1). The phase is computed from status and clock, never stored (C3)."""

    class Status(models.TextChoices):
        """What a person decided; the clock does the rest (C4)."""

        DRAFT = "draft", _("draft")
        PUBLISHED = "published", _("published")
        CANCELLED = "cancelled", _("cancelled")

    class Scope(models.TextChoices):
        """Which channels count (C7)."""

        GLOBAL = "global", _("all channels")
        ALLOW_LIST = "allow_list", _("only listed channels")

    id = ULIDField(primary_key=True, default=new_ulid)
    organization = models.ForeignKey(
        Organization, on_delete=models.PROTECT, related_name="campaigns", verbose_name=_("organization")
    )
    game = models.ForeignKey(
        Game,
        on_delete=models.PROTECT,
        related_name="campaigns",
        verbose_name=_("game"),
        help_text=_("The game that players link to and that receives the rewards."),
    )
    name = models.CharField(_("name"), max_length=120)
    description = models.TextField(_("description"), max_length=2000, blank=True)
    info_url = models.URLField(_("info page"), blank=True, max_length=500)
    connection_url = models.URLField(
        _("connection page"),
        blank=True,
        max_length=500,
        help_text=_("Where viewers link their accounts. Empty: the portal's own link page."),
    )
    time_zone = models.CharField(_("time zone"), max_length=64, default="UTC")
    starts_at = models.DateTimeField(_("start"), null=True, blank=True)
    ends_at = models.DateTimeField(_("end"), null=True, blank=True)
    grace_days = models.PositiveSmallIntegerField(
        _("grace days"), default=14, help_text=_("How many days after the end rewards can still be claimed.")
    )
    announcement_days = models.PositiveSmallIntegerField(
        _("announcement days"), default=0, help_text=_("How many days before the start the campaign is shown.")
    )
    announces_at = models.DateTimeField(_("announced from"), null=True, editable=False)
    closes_at = models.DateTimeField(_("closes at"), null=True, editable=False)
    test_mode = models.BooleanField(
        _("test mode"), default=False, help_text=_("Only the testers listed here take part; left out of totals.")
    )
    scope = models.CharField(_("channels that count"), max_length=12, choices=Scope.choices, default=Scope.GLOBAL)
    per_player_limit = models.PositiveSmallIntegerField(
        _("times each reward"), default=1, help_text=_("How many of each reward one player may have.")
    )
    status = models.CharField(_("status"), max_length=12, choices=Status.choices, default=Status.DRAFT, editable=False)
    published_at = models.DateTimeField(_("published at"), null=True, editable=False)
    cancelled_at = models.DateTimeField(_("cancelled at"), null=True, editable=False)
    deliveries_paused = models.BooleanField(_("deliveries paused"), default=False, editable=False)
    created_at = models.DateTimeField(_("created at"), auto_now_add=True)

    objects = CampaignQuerySet.as_manager()

    class Meta:
        verbose_name = _("campaign")
        verbose_name_plural = _("campaigns")
        constraints = [
            models.CheckConstraint(
                condition=Q(status="draft")
                | Q(
                    # A comparison with NULL is not false, so that each column has to be there besides.
                    starts_at__isnull=False,
                    ends_at__isnull=False,
                    announces_at__isnull=False,
                    closes_at__isnull=False,
                    published_at__isnull=False,
                    ends_at__gt=F("starts_at"),
                    announces_at__lte=F("starts_at"),
                    closes_at__gte=F("ends_at"),
                )
                | Q(status="cancelled", published_at=None),
                name="campaign_published_has_dates",
            ),
            models.CheckConstraint(
                condition=Q(status__in=["draft", "published", "cancelled"]), name="campaign_status_known"
            ),
            models.CheckConstraint(
                condition=Q(per_player_limit__gte=1, per_player_limit__lte=100), name="campaign_limit_in_range"
            ),
        ]
        indexes = [models.Index(fields=["organization", "status", "starts_at"], name="campaign_list")]

    def __str__(self) -> str:
        return self.name

    @cached_property
    def listed_count(self) -> int:
        """How many channels are on the allow-list now (C7); counted once for this object."""
        return self.channels.filter(removed_at=None).count()

    def phase(self, now: datetime) -> Phase:
        """Return the phase at ``now`` (C3)."""
        return phase(
            status=self.status,
            starts_at=self.starts_at,
            ends_at=self.ends_at,
            announces_at=self.announces_at,
            closes_at=self.closes_at,
            now=now,
        )


class CampaignGame(models.Model):
    """A further game whose streams count in a campaign (C1)."""

    campaign = models.ForeignKey(Campaign, on_delete=models.CASCADE, related_name="further_games")
    game = models.ForeignKey(Game, on_delete=models.PROTECT, related_name="+", verbose_name=_("game"))

    class Meta:
        verbose_name = _("further game")
        verbose_name_plural = _("further games")
        constraints = [models.UniqueConstraint(fields=["campaign", "game"], name="campaign_game_once")]

    def __str__(self) -> str:
        return str(self.game)


class CampaignReward(models.Model):
    """A reward in a campaign, with its rule (R3). Twitch calls this a drop."""

    class Rule(models.TextChoices):
        """What earns the reward."""

        WATCH = "watch", _("watch")
        BROADCAST = "broadcast", _("broadcast")
        GAME_EVENT = "game_event", _("game event")

    class EventCondition(models.TextChoices):
        """When a game event has happened, of the value that ``event_path`` finds in the game state (G4)."""

        EQUALS = "equals", _("is")
        CHANGES_TO = "changes_to", _("changes to")
        RISES_ABOVE = "rises_above", _("rises above")
        APPEARS_IN = "appears_in", _("list gets")

    class AtLimit(models.TextChoices):
        """What happens to claims over a limit."""

        HOLD = "hold", _("hold them")
        STOP = "stop", _("refuse them: “all given out”")

    id = ULIDField(primary_key=True, default=new_ulid)
    campaign = models.ForeignKey(Campaign, on_delete=models.CASCADE, related_name="rewards", verbose_name=_("campaign"))
    reward = models.ForeignKey(Reward, on_delete=models.PROTECT, related_name="in_campaigns", verbose_name=_("reward"))
    position = models.PositiveSmallIntegerField(_("position"), default=0)
    rule = models.CharField(_("rule"), max_length=12, choices=Rule.choices, default=Rule.WATCH)
    minutes = models.PositiveIntegerField(
        _("minutes"), null=True, blank=True, help_text=_("Minutes to watch or to broadcast.")
    )
    event_name = models.CharField(_("event"), max_length=100, blank=True)
    event_path = models.CharField(
        _("where in the game state"),
        max_length=200,
        blank=True,
        help_text=_("A JSONPath, for example: $.boss.state"),
    )
    event_condition = models.CharField(_("condition"), max_length=12, choices=EventCondition.choices, blank=True)
    event_value = models.CharField(
        _("value"), max_length=200, blank=True, help_text=_("A JSON value: a text in quotes, a number, true or false.")
    )
    event_cool_down_seconds = models.PositiveIntegerField(
        _("cool-down in seconds"), default=0, help_text=_("After the event it does not happen again for so long.")
    )
    event_per_session = models.PositiveSmallIntegerField(
        _("at most per session"), null=True, blank=True, help_text=_("Empty: as often as it happens.")
    )
    requires = models.ForeignKey(
        "self",
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("only after"),
        help_text=_("Another reward of this campaign that must be earned first."),
    )
    limit_total = models.PositiveIntegerField(
        _("at most in all"),
        null=True,
        blank=True,
        help_text=_("So many are given out in the campaign. Empty: no limit."),
    )
    limit_per_day = models.PositiveIntegerField(
        _("at most a day"),
        null=True,
        blank=True,
        help_text=_("So many are given out on one day of the campaign's time zone. Empty: no limit."),
    )
    at_limit = models.CharField(
        _("at the limit"),
        max_length=4,
        choices=AtLimit.choices,
        default=AtLimit.HOLD,
        db_default=AtLimit.HOLD,
        help_text=_("What happens to claims over it. What a platform has granted is held in either case."),
    )

    class Meta:
        verbose_name = _("reward of the campaign")
        verbose_name_plural = _("rewards of the campaign")
        constraints = [
            models.UniqueConstraint(fields=["campaign", "reward"], name="campaign_reward_once"),
            models.CheckConstraint(
                condition=(Q(limit_total=None) | Q(limit_total__gte=1))
                & (Q(limit_per_day=None) | Q(limit_per_day__gte=1))
                & Q(at_limit__in=["hold", "stop"]),
                name="campaign_reward_limits_positive",
                violation_error_message=_("A limit is 1 or more. Leave it empty for none."),
            ),
            models.CheckConstraint(
                condition=Q(rule__in=["watch", "broadcast"], minutes__gte=1, minutes__lte=525_600, event_name="")
                | (Q(rule="game_event", minutes=None) & ~Q(event_name="")),
                name="campaign_reward_rule_complete",
                violation_error_message=_("Watch and broadcast rules need minutes; a game event needs its name."),
            ),
            # One made before events were looked for in game state has a name alone: the preflight asks for the rest.
            models.CheckConstraint(
                condition=Q(event_path="", event_condition="", event_value="")
                | (
                    Q(rule="game_event", event_condition__in=["equals", "changes_to", "rises_above", "appears_in"])
                    & ~Q(event_path="")
                    & ~Q(event_value="")
                ),
                name="campaign_reward_event_whole",
                violation_error_message=_("A game event needs a path, a condition and a value."),
            ),
            models.CheckConstraint(
                condition=Q(event_cool_down_seconds=0, event_per_session=None)
                | (Q(rule="game_event") & (Q(event_per_session=None) | Q(event_per_session__gte=1))),
                name="campaign_reward_event_limits",
                violation_error_message=_("The limit per session is 1 or more, and only a game event has limits."),
            ),
        ]

    def __str__(self) -> str:
        return str(self.reward)


class CampaignPlatform(models.Model):
    """A platform that a campaign runs on, and who counts there (C1)."""

    class CountedBy(models.TextChoices):
        """Who counts watch time and lets viewers claim."""

        PLATFORM = "platform", _("the platform")
        PORTAL = "portal", _("the portal, from heartbeats")

    campaign = models.ForeignKey(
        Campaign, on_delete=models.CASCADE, related_name="platforms", verbose_name=_("campaign")
    )
    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="+", editable=False)
    platform = models.CharField(_("platform"), max_length=32, validators=[platforms.validate_platform])
    counted_by = models.CharField(_("counted by"), max_length=10, choices=CountedBy.choices, default=CountedBy.PLATFORM)
    platform_campaign_id = models.CharField(
        _("campaign id there"),
        max_length=200,
        blank=True,
        help_text=_("From the platform's console, where the platform counts."),
    )

    class Meta:
        verbose_name = _("platform")
        verbose_name_plural = _("platforms")
        constraints = [
            models.UniqueConstraint(fields=["campaign", "platform"], name="campaign_platform_once"),
            models.UniqueConstraint(
                fields=["organization", "platform", "platform_campaign_id"],
                condition=~Q(platform_campaign_id=""),
                name="platform_campaign_id_once_per_organization",
                violation_error_message=_("Another campaign has this id on this platform."),
            ),
        ]

    def __str__(self) -> str:
        return self.platform

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Store; the organization is the campaign's."""
        self.organization_id = self.campaign.organization_id
        super().save(*args, **kwargs)


class CampaignChannel(models.Model):
    """A time in which a channel was on a campaign's allow-list (C7)."""

    campaign = models.ForeignKey(
        Campaign, on_delete=models.CASCADE, related_name="channels", verbose_name=_("campaign")
    )
    channel = models.ForeignKey(Channel, on_delete=models.PROTECT, related_name="listings", verbose_name=_("channel"))
    listed_at = models.DateTimeField(_("from"))
    removed_at = models.DateTimeField(_("to"), null=True, blank=True)

    class Meta:
        verbose_name = _("listed channel")
        verbose_name_plural = _("listed channels")
        constraints = [
            models.UniqueConstraint(
                fields=["campaign", "channel"], condition=Q(removed_at=None), name="campaign_channel_open_once"
            ),
            models.CheckConstraint(
                condition=Q(removed_at=None) | Q(removed_at__gte=F("listed_at")), name="campaign_channel_interval"
            ),
        ]

    def __str__(self) -> str:
        return str(self.channel)


class CampaignTester(models.Model):
    """A platform user who takes part while the campaign is in test mode (C8)."""

    campaign = models.ForeignKey(Campaign, on_delete=models.CASCADE, related_name="testers", verbose_name=_("campaign"))
    platform = models.CharField(_("platform"), max_length=32, validators=[platforms.validate_platform])
    platform_user_id = models.CharField(_("user id"), max_length=200)
    note = models.CharField(_("who"), max_length=100, blank=True)

    class Meta:
        verbose_name = _("tester")
        verbose_name_plural = _("testers")
        constraints = [models.UniqueConstraint(fields=["campaign", "platform", "platform_user_id"], name="tester_once")]

    def __str__(self) -> str:
        return self.note or f"{self.platform} {self.platform_user_id}"
