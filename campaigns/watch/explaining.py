"""Why a heartbeat counts in a campaign or not, in words for producers (W3, C7): asked of the very rules that count."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from campaigns.models import (
    Campaign,
    CampaignChannel,
    Channel,
    ChannelOptOut,
    Heartbeat,
    HeartbeatSource,
)
from campaigns.rules.counting import Interval, Report, Why
from campaigns.watch.rules_of import Running, rules_of
from portal import platforms
from portal.sentences import Sentence

_NEAR = timedelta(days=30)
_CAMPAIGNS_AT_MOST = 20
_OTHERS_NAMED_AT_MOST = 3
COUNTING_IS_LATE = timedelta(minutes=2)
"""Counting lags by at most a minute where a process counts."""

Outcome = Heartbeat.Outcome


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a report counts in one campaign: ``why`` is None where it does; ``sentence`` says it for people."""

    campaign: Campaign
    why: Why | None
    sentence: Sentence

    @property
    def counts(self) -> bool:
        """Whether it counts."""
        return self.why is None


def report_of(heartbeat: Heartbeat) -> Report:
    """Return what decides about a heartbeat."""
    source = heartbeat.source
    return Report(
        game=source.game_id,
        platform=source.platform,
        sent_at=heartbeat.sent_at,
        received_at=heartbeat.received_at,
    )


def verdicts(*, source: HeartbeatSource, report: Report, channel: Channel | None) -> list[Verdict]:
    """Judge a report of a channel in every campaign of the organization around its time, those that count it first.

    ``channel`` None stands for one that nobody knows yet. A constant number of queries. Campaigns of other games are left
    out where there is one of this game.
    """
    running = _around(source.game.organization_id, channel, report.sent_at)
    found = []
    for key, campaign in running.campaigns.items():
        why = running.why_not(key, report, channel.pk if channel is not None else "")
        found.append(Verdict(campaign, why, _sentence(campaign, why, source=source, report=report, channel=channel)))
    of_this_game = [verdict for verdict in found if verdict.why is not Why.OTHER_GAME]
    return sorted(of_this_game or found[:_OTHERS_NAMED_AT_MOST], key=lambda verdict: not verdict.counts)


def why_not_counted(heartbeat: Heartbeat, *, now: datetime) -> list[Sentence]:
    """Return why a heartbeat counts nowhere, or not yet; empty where it was counted."""
    source = heartbeat.source
    if heartbeat.due_at is not None:
        return [_waiting(heartbeat, now=now)]
    if heartbeat.outcome == Outcome.NO_GAME:
        names = {"name": heartbeat.game_name, "game": source.game.name}
        text = _(
            "It calls the game “%(name)s”, which is none of the names of %(game)s. Accept the name, or mend it there."
        )
        return [Sentence(text, names), *_kept(heartbeat)]
    if heartbeat.outcome == Outcome.NO_BROADCASTER:
        text = _("Its broadcaster is not linked: the channel counts once its owner links on your link page.")
        return [Sentence(text), *_kept(heartbeat)]
    if heartbeat.outcome == Outcome.COUNTED:
        return []
    judged = verdicts(source=source, report=report_of(heartbeat), channel=heartbeat.channel)
    return [verdict.sentence for verdict in judged if not verdict.counts] or [no_campaign(source)]


def no_campaign(source: HeartbeatSource) -> Sentence:
    """Return the sentence for a time around which there is no campaign at all."""
    return Sentence(
        _("There was no campaign at that time. Make one for %(game)s in which the portal counts on %(platform)s."),
        {"game": source.game.name, "platform": platforms.get(source.platform).name},
    )


def _waiting(heartbeat: Heartbeat, *, now: datetime) -> Sentence:
    if heartbeat.due_at is not None and heartbeat.due_at > now:
        text = _("It is counted at %(time)s UTC: one stream at a time is counted once the minute is settled.")
        return Sentence(text, {"time": f"{heartbeat.due_at:%H:%M:%S}"})
    if heartbeat.due_at is not None and heartbeat.due_at < now - COUNTING_IS_LATE:
        text = _(
            "It has waited to be counted for over %(minutes)s minutes: the process that counts does not run or cannot "
            "keep up. Tell whoever runs the portal; nothing is lost."
        )
        return Sentence(text, {"minutes": int(COUNTING_IS_LATE.total_seconds() // 60)})
    return Sentence(_("It is counted in a moment."))


def _kept(heartbeat: Heartbeat) -> list[Sentence]:
    # Asked of the database: the list itself may have megabytes.
    if Heartbeat.objects.filter(pk=heartbeat.pk, viewer_list__isnull=False).exists():
        return [Sentence(_("It is kept for 48 hours and counts by its own time if that is mended until then."))]
    return [Sentence(_("It was kept for 48 hours and can no longer be counted."))]


def _around(organization_id: str, channel: Channel | None, moment: datetime) -> Running:
    """Read the campaigns around a time, drafts among them, with what decides about a channel."""
    running = Running()
    near = Campaign.objects.filter(organization=organization_id)
    near = near.filter(starts_at=None) | near.filter(starts_at__lte=moment + _NEAR, ends_at__gte=moment - _NEAR)
    found = near.prefetch_related("platforms", "further_games").order_by("-starts_at", "-pk")
    for campaign in found[:_CAMPAIGNS_AT_MOST]:
        running.campaigns[campaign.pk] = campaign
        running.rules[campaign.pk] = rules_of(campaign)
    if channel is not None:
        for row in CampaignChannel.objects.filter(campaign__in=list(running.campaigns), channel=channel):
            running.listed[row.campaign_id, channel.pk].append(Interval(row.listed_at, row.removed_at))
        for out in ChannelOptOut.objects.filter(channel=channel):
            running.opted_out[channel.pk, out.game_id].append(Interval(out.started_at, out.ended_at))
    return running


_TEXTS = {
    Why.OTHER_GAME: _("“%(campaign)s” is about other games, not about %(game)s."),
    Why.NOT_PUBLISHED: _("“%(campaign)s” is a draft. It counts once it is published and has started."),
    Why.BEFORE_PUBLICATION: _("“%(campaign)s” was published only at %(published)s. Minutes count from then on."),
    Why.BEFORE_START: _("“%(campaign)s” starts only at %(start)s."),
    Why.AFTER_END: _("“%(campaign)s” had ended, at %(end)s."),
    Why.AFTER_CANCELLATION: _("“%(campaign)s” was cancelled, at %(cancelled)s."),
    Why.CAME_AFTER_CLOSING: _("It arrived at %(received)s, when claiming in “%(campaign)s” had closed already."),
    Why.NOT_LISTED: _(
        "In “%(campaign)s” only listed channels count, and %(channel)s was not on the list at that time."
    ),
    Why.OPTED_OUT: _(
        "The owner of %(channel)s has opted out of the global campaigns of %(game)s, “%(campaign)s” among them."
    ),
}


def _sentence(
    campaign: Campaign, why: Why | None, *, source: HeartbeatSource, report: Report, channel: Channel | None
) -> Sentence:
    values = {
        "campaign": campaign.name,
        "game": source.game.name,
        "platform": platforms.get(source.platform).name,
        "channel": str(channel) if channel is not None else _("the channel"),
        "published": _utc(campaign.published_at),
        "start": _utc(campaign.starts_at),
        "end": _utc(campaign.ends_at),
        "cancelled": _utc(campaign.cancelled_at),
        "received": _utc(report.received_at),
    }
    if why is None:
        text = _("Counts in “%(campaign)s”.")
        if campaign.test_mode:
            text = _("Counts in “%(campaign)s”, which is in test mode: only its testers are credited.")
        return Sentence(text, values)
    if why is Why.NOT_PUBLISHED and campaign.status == Campaign.Status.CANCELLED:
        return Sentence(_("“%(campaign)s” was cancelled before it was published."), values)
    if why is Why.NOT_COUNTED_HERE:
        return Sentence(_not_here(campaign, source.platform), values)
    return Sentence(_TEXTS[why], values)


def _not_here(campaign: Campaign, platform: str) -> str | Promise:
    if any(row.platform == platform for row in campaign.platforms.all()):
        return _("In “%(campaign)s” %(platform)s itself counts, not the portal.")
    return _("“%(campaign)s” does not run on %(platform)s.")


def _utc(moment: datetime | None) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC" if moment is not None else "–"
