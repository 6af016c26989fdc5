"""Rewards and their ids on platforms (R1, R2)."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _

from campaigns.models.games import Game
from portal import platforms
from portal.fields import CheckedImageField
from portal.ids import ULIDField, new_ulid
from portal.images import REWARD_IMAGE
from portal.models import Organization


class Reward(models.Model):
    """One item a viewer can get (R1)."""

    id = ULIDField(primary_key=True, default=new_ulid)
    game = models.ForeignKey(Game, on_delete=models.PROTECT, related_name="rewards", verbose_name=_("game"))
    name = models.CharField(_("name"), max_length=120)
    description = models.TextField(_("description"), max_length=1000, blank=True)
    image = CheckedImageField(
        _("image"),
        rules=REWARD_IMAGE,
        blank=True,
        help_text=_("PNG, JPEG, GIF or WebP, at most 120×120 pixels and 256 KiB. Pages show it at 40×40."),
    )
    alt_text = models.CharField(
        _("alternative text"),
        max_length=200,
        blank=True,
        help_text=_("What the image shows, for people who cannot see it."),
    )
    external_id = models.CharField(
        _("external id"), max_length=200, blank=True, help_text=_("The item in the game. Sent with every delivery.")
    )
    created_at = models.DateTimeField(_("created at"), auto_now_add=True)

    class Meta:
        verbose_name = _("reward")
        verbose_name_plural = _("rewards")
        constraints = [
            models.UniqueConstraint(
                fields=["game", "external_id"],
                condition=~models.Q(external_id=""),
                name="reward_external_id_once_per_game",
                violation_error_message=_("Another reward of this game has this external id."),
            )
        ]
        indexes = [models.Index(fields=["external_id"], name="reward_external_id")]

    def __str__(self) -> str:
        return self.name


class RewardPlatformId(models.Model):
    """What one platform calls a reward. Twitch: benefit id. Kick: reward id."""

    reward = models.ForeignKey(Reward, on_delete=models.CASCADE, related_name="platform_ids", verbose_name=_("reward"))
    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="+", editable=False)
    platform = models.CharField(_("platform"), max_length=32, validators=[platforms.validate_platform])
    platform_reward_id = models.CharField(_("reward id there"), max_length=200)

    class Meta:
        verbose_name = _("platform id")
        verbose_name_plural = _("platform ids")
        constraints = [
            models.UniqueConstraint(fields=["reward", "platform"], name="reward_platform_once"),
            models.UniqueConstraint(
                fields=["organization", "platform", "platform_reward_id"],
                name="platform_reward_id_once_per_organization",
                violation_error_message=_("Another reward has this id on this platform."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.platform} {self.platform_reward_id}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Store; the organization is the reward's."""
        self.organization_id = self.reward.game.organization_id
        super().save(*args, **kwargs)
