"""Games, what platforms call them, and the channels that stream them."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from portal import platforms
from portal.contrast import accent_problem
from portal.fields import CheckedImageField
from portal.ids import ULIDField, new_ulid
from portal.images import GAME_ART, GAME_LOGO
from portal.models import Organization


def validate_accent(value: str) -> None:
    """Refuse a colour on which buttons or steps could not be read (WCAG 2.2, 1.4.3 and 1.4.11)."""
    problem = accent_problem(value)
    if problem:
        raise ValidationError(problem, code="contrast")


class Game(models.Model):
    """A game that is streamed. Its page is where viewers link their accounts."""

    id = ULIDField(primary_key=True, default=new_ulid)
    organization = models.ForeignKey(
        Organization, on_delete=models.PROTECT, related_name="games", verbose_name=_("organization")
    )
    name = models.CharField(_("name"), max_length=120)
    slug = models.SlugField(_("short name"), max_length=60, help_text=_("Part of the link page's address."))
    website = models.URLField(_("website"), blank=True)
    support_url = models.URLField(
        _("help page"), blank=True, help_text=_("Where players are sent who did not get a reward.")
    )
    logo = CheckedImageField(_("logo"), rules=GAME_LOGO, blank=True)
    art = CheckedImageField(_("art"), rules=GAME_ART, blank=True)
    accent_color = models.CharField(
        _("accent colour"),
        max_length=7,
        blank=True,
        validators=[validate_accent],
        help_text=_("For buttons and steps on the link page, like #7a3cff. Its contrast is checked."),
    )
    where_rewards_arrive = models.CharField(
        _("where rewards arrive"),
        max_length=200,
        blank=True,
        help_text=_("Told to players, for example: In your mailbox, after the next login."),
    )
    usual_delivery = models.CharField(
        _("usual delivery time"), max_length=100, blank=True, help_text=_("Told to players: within 15 minutes.")
    )
    relink_cool_down_hours = models.PositiveSmallIntegerField(
        _("relink cool-down"),
        default=0,
        help_text=_("Hours that must pass after an unlink before the platform account links to another player."),
    )
    taken_over_at = models.DateTimeField(
        _("taken over at"),
        null=True,
        blank=True,
        help_text=_("Claims that a platform granted before this time are held, not delivered."),
    )
    game_state_idle_seconds = models.PositiveSmallIntegerField(
        _("longest silence of a game server"),
        default=195,
        validators=[MinValueValidator(10), MaxValueValidator(195)],
        help_text=_("Seconds without a message after which a game state connection is closed: 10 to 195."),
    )
    record_game_state = models.BooleanField(
        _("record game sessions"),
        default=False,
        help_text=_("New sessions are recorded, so that game events can be tried against them. The last 20 are kept."),
    )
    created_at = models.DateTimeField(_("created at"), auto_now_add=True)

    class Meta:
        verbose_name = _("game")
        verbose_name_plural = _("games")
        constraints = [
            models.UniqueConstraint(fields=["organization", "slug"], name="game_slug_once"),
            models.UniqueConstraint(fields=["organization", "name"], name="game_name_once"),
            models.CheckConstraint(
                condition=models.Q(game_state_idle_seconds__gte=10, game_state_idle_seconds__lte=195),
                name="game_state_idle_seconds_allowed",
                violation_error_message=_("The longest silence is 10 to 195 seconds."),
            ),
        ]

    def __str__(self) -> str:
        return self.name


class GameCategory(models.Model):
    """The id of a game's category on one platform; a game may have several."""

    game = models.ForeignKey(Game, on_delete=models.CASCADE, related_name="categories", verbose_name=_("game"))
    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="+", editable=False)
    platform = models.CharField(_("platform"), max_length=32, validators=[platforms.validate_platform])
    platform_category_id = models.CharField(_("category id"), max_length=200)

    class Meta:
        verbose_name = _("category")
        verbose_name_plural = _("categories")
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "platform", "platform_category_id"], name="category_once_per_organization"
            )
        ]

    def __str__(self) -> str:
        return f"{self.platform} {self.platform_category_id}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Store; the organization is the game's."""
        self.organization_id = self.game.organization_id
        super().save(*args, **kwargs)


class GameName(models.Model):
    """A name that a heartbeat source may give for the game (W1)."""

    game = models.ForeignKey(Game, on_delete=models.CASCADE, related_name="names", verbose_name=_("game"))
    name = models.CharField(_("name"), max_length=200)

    class Meta:
        verbose_name = _("other name")
        verbose_name_plural = _("other names")
        constraints = [models.UniqueConstraint(fields=["game", "name"], name="game_alias_once")]

    def __str__(self) -> str:
        return self.name


class Channel(models.Model):
    """A broadcaster on a platform, as one organization knows it."""

    id = ULIDField(primary_key=True, default=new_ulid)
    organization = models.ForeignKey(
        Organization, on_delete=models.PROTECT, related_name="channels", verbose_name=_("organization")
    )
    platform = models.CharField(_("platform"), max_length=32, validators=[platforms.validate_platform])
    platform_channel_id = models.CharField(_("channel id"), max_length=200)
    login = models.CharField(_("login"), max_length=200, blank=True)
    name = models.CharField(_("name"), max_length=200, blank=True)

    class Meta:
        verbose_name = _("channel")
        verbose_name_plural = _("channels")
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "platform", "platform_channel_id"], name="channel_once_per_organization"
            )
        ]
        indexes = [models.Index(fields=["organization", "login"], name="channel_login")]

    def __str__(self) -> str:
        return f"{self.name or self.login or self.platform_channel_id} ({self.platform})"


class ChannelOptOut(models.Model):
    """A time in which a channel took no part in a game's global campaigns (C7)."""

    channel = models.ForeignKey(Channel, on_delete=models.CASCADE, related_name="opt_outs", verbose_name=_("channel"))
    game = models.ForeignKey(Game, on_delete=models.CASCADE, related_name="opt_outs", verbose_name=_("game"))
    started_at = models.DateTimeField(_("from"))
    ended_at = models.DateTimeField(_("to"), null=True, blank=True)

    class Meta:
        verbose_name = _("opt-out")
        verbose_name_plural = _("opt-outs")
        constraints = [
            models.UniqueConstraint(
                fields=["channel", "game"], condition=models.Q(ended_at=None), name="opt_out_open_once"
            ),
            models.CheckConstraint(
                condition=models.Q(ended_at=None) | models.Q(ended_at__gte=models.F("started_at")),
                name="opt_out_ends_after_start",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.channel} · {self.game}"
