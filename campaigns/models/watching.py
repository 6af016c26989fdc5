"""Who watched which minute, and how much that makes (W2, W5 to W7): compact arrays, for the reasons in docs/decisions/0005.

Every viewer who ever watched has a number. 4,096 consecutive numbers share a row (a shard), in which each has a place:
64 bits for the minutes of an hour that were credited, 32 bits for all minutes of a campaign. :mod:`campaigns.watch`
alone reads and writes them.
"""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from campaigns.models.campaigns import Campaign, CampaignReward
from campaigns.models.games import Channel
from campaigns.models.viewers import Viewer
from portal.models import Organization


class Watcher(models.Model):
    """The number of a viewer who was ever reported to watch. Given once, never changed."""

    number = models.BigAutoField(primary_key=True)
    viewer = models.OneToOneField(Viewer, on_delete=models.PROTECT, related_name="watcher", verbose_name=_("viewer"))

    class Meta:
        verbose_name = _("watcher")
        verbose_name_plural = _("watchers")

    def __str__(self) -> str:
        return str(self.viewer)


class MinuteKind(models.IntegerChoices):
    """What a minute was spent with."""

    WATCH = 1, _("watched")
    BROADCAST = 2, _("broadcast")


class WatchedHour(models.Model):
    """The minutes of one hour that were credited in a campaign to the viewers of one shard (W2).

    ``hour`` counts from 1970 in UTC. ``masks``: :mod:`campaigns.watch.arrays`. ``version`` is raised by every write,
    which is made only if it has not changed since it was read.
    """

    campaign = models.ForeignKey(Campaign, on_delete=models.PROTECT, db_index=False, related_name="+")
    kind = models.PositiveSmallIntegerField(choices=MinuteKind.choices)
    hour = models.PositiveIntegerField()
    shard = models.PositiveIntegerField()
    masks = models.BinaryField()
    version = models.PositiveIntegerField(default=1)

    class Meta:
        verbose_name = _("watched hour")
        verbose_name_plural = _("watched hours")
        constraints = [models.UniqueConstraint(fields=["campaign", "kind", "hour", "shard"], name="watched_hour_once")]

    def __str__(self) -> str:
        return f"{self.campaign_id} {self.hour}/{self.shard}"


class OwnedHour(models.Model):
    """The minutes of one hour that have an owner, where an organization counts one stream at a time (W8)."""

    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, db_index=False, related_name="+")
    hour = models.PositiveIntegerField()
    shard = models.PositiveIntegerField()
    masks = models.BinaryField()
    version = models.PositiveIntegerField(default=1)

    class Meta:
        verbose_name = _("owned hour")
        verbose_name_plural = _("owned hours")
        constraints = [models.UniqueConstraint(fields=["organization", "hour", "shard"], name="owned_hour_once")]

    def __str__(self) -> str:
        return f"{self.organization_id} {self.hour}/{self.shard}"


class WatchedTotal(models.Model):
    """All minutes credited in a campaign to the viewers of one shard: what progress is read from (W5)."""

    campaign = models.ForeignKey(Campaign, on_delete=models.PROTECT, db_index=False, related_name="+")
    kind = models.PositiveSmallIntegerField(choices=MinuteKind.choices)
    shard = models.PositiveIntegerField()
    minutes = models.BinaryField()
    version = models.PositiveIntegerField(default=1)

    class Meta:
        verbose_name = _("watched total")
        verbose_name_plural = _("watched totals")
        constraints = [models.UniqueConstraint(fields=["campaign", "kind", "shard"], name="watched_total_once")]

    def __str__(self) -> str:
        return f"{self.campaign_id}/{self.shard}"


class Participation(models.Model):
    """That a viewer was credited at least a minute in a campaign: made with the first one."""

    watcher = models.ForeignKey(Watcher, on_delete=models.PROTECT, db_index=False, related_name="participations")
    campaign = models.ForeignKey(Campaign, on_delete=models.PROTECT, db_index=False, related_name="participations")

    class Meta:
        verbose_name = _("participation")
        verbose_name_plural = _("participations")
        constraints = [models.UniqueConstraint(fields=["watcher", "campaign"], name="participation_once")]

    def __str__(self) -> str:
        return f"{self.watcher_id} · {self.campaign_id}"


class EarnedReward(models.Model):
    """That a viewer has met the rule of a campaign's reward (R3). Whether another must be earned first is asked besides."""

    viewer = models.ForeignKey(
        Viewer, on_delete=models.PROTECT, db_index=False, related_name="earned", verbose_name=_("viewer")
    )
    campaign_reward = models.ForeignKey(
        CampaignReward, on_delete=models.PROTECT, db_index=False, related_name="earned", verbose_name=_("reward")
    )
    earned_at = models.DateTimeField(_("earned at"))

    class Meta:
        verbose_name = _("earned reward")
        verbose_name_plural = _("earned rewards")
        constraints = [models.UniqueConstraint(fields=["viewer", "campaign_reward"], name="earned_reward_once")]

    def __str__(self) -> str:
        return f"{self.viewer_id} · {self.campaign_reward_id}"


class CampaignFigures(models.Model):
    """What was counted in a campaign so far, kept with each write so that reading costs the same at any size."""

    campaign = models.OneToOneField(Campaign, on_delete=models.PROTECT, primary_key=True, related_name="figures")
    watched_minutes = models.PositiveBigIntegerField(_("watched minutes"), default=0)
    broadcast_minutes = models.PositiveBigIntegerField(_("broadcast minutes"), default=0)
    viewers = models.PositiveBigIntegerField(_("unique viewers"), default=0)
    broadcasters = models.PositiveBigIntegerField(_("unique broadcasters"), default=0)

    class Meta:
        verbose_name = _("figures of a campaign")
        verbose_name_plural = _("figures of campaigns")

    def __str__(self) -> str:
        return f"{self.campaign_id}: {self.watched_minutes}"


class CampaignHour(models.Model):
    """The credited minutes of a campaign in one hour, and how many viewers each of its minutes had.

    ``hour`` counts from 1970 in UTC; ``per_minute`` is 60 numbers of 32 bits (:mod:`campaigns.watch.arrays`).
    """

    campaign = models.ForeignKey(Campaign, on_delete=models.PROTECT, db_index=False, related_name="hours")
    hour = models.PositiveIntegerField(_("hour"))
    watched_minutes = models.PositiveBigIntegerField(_("watched minutes"), default=0)
    per_minute = models.BinaryField()

    class Meta:
        verbose_name = _("hour of a campaign")
        verbose_name_plural = _("hours of campaigns")
        constraints = [models.UniqueConstraint(fields=["campaign", "hour"], name="campaign_hour_once")]

    def __str__(self) -> str:
        return f"{self.campaign_id} {self.hour}"


class WatchedDay(models.Model):
    """The credited minutes of a campaign in one day, and how many viewers they are of: of days that are over.

    ``day`` counts from 1970 in UTC. Worked out from the hours afterwards (:mod:`campaigns.watch.days`): out of date while
    ``watched_minutes`` are fewer than those of the day's hours.
    """

    campaign = models.ForeignKey(Campaign, on_delete=models.PROTECT, db_index=False, related_name="days")
    day = models.PositiveIntegerField(_("day"))
    watched_minutes = models.PositiveBigIntegerField(_("watched minutes"))
    viewers = models.PositiveBigIntegerField(_("unique viewers"))

    class Meta:
        verbose_name = _("day of a campaign")
        verbose_name_plural = _("days of campaigns")
        constraints = [models.UniqueConstraint(fields=["campaign", "day"], name="watched_day_once")]

    def __str__(self) -> str:
        return f"{self.campaign_id} {self.day}"


class ChannelFigures(models.Model):
    """What heartbeats reported of one channel in a campaign: reported minutes, which overlap between channels (W9)."""

    campaign = models.ForeignKey(Campaign, on_delete=models.PROTECT, db_index=False, related_name="channel_figures")
    channel = models.ForeignKey(Channel, on_delete=models.PROTECT, db_index=False, related_name="figures")
    reported_minutes = models.PositiveBigIntegerField(_("reported minutes"), default=0)
    heartbeats = models.PositiveBigIntegerField(_("heartbeats"), default=0)
    peak_viewers = models.PositiveIntegerField(_("most viewers"), default=0)
    last_minute = models.PositiveIntegerField(_("last minute"), default=0)
    last_viewers = models.PositiveIntegerField(_("viewers then"), default=0)

    class Meta:
        verbose_name = _("figures of a channel")
        verbose_name_plural = _("figures of channels")
        constraints = [models.UniqueConstraint(fields=["campaign", "channel"], name="channel_figures_once")]
        indexes = [models.Index(fields=["campaign", "-last_minute"], name="channel_figures_live")]

    def __str__(self) -> str:
        return f"{self.campaign_id} {self.channel_id}"


class RewardFigures(models.Model):
    """How many viewers have earned a campaign's reward."""

    campaign_reward = models.OneToOneField(
        CampaignReward, on_delete=models.PROTECT, primary_key=True, related_name="figures"
    )
    earned = models.PositiveBigIntegerField(_("earned"), default=0)

    class Meta:
        verbose_name = _("figures of a reward")
        verbose_name_plural = _("figures of rewards")

    def __str__(self) -> str:
        return f"{self.campaign_reward_id}: {self.earned}"


class CountingLease(models.Model):
    """Which process counts an organization's heartbeats at the moment, so that no two do the same work.

    That no minute is counted twice does not rest on it, but on the versions above and on the heartbeats' rows.
    """

    organization = models.OneToOneField(Organization, on_delete=models.CASCADE, primary_key=True, related_name="+")
    holder = models.CharField(max_length=26, blank=True)
    until = models.DateTimeField()

    class Meta:
        verbose_name = _("counting lease")
        verbose_name_plural = _("counting leases")

    def __str__(self) -> str:
        return self.holder
