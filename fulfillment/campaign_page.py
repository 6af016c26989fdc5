"""The page of a campaign, for viewers: what can be earned, how, until when, where, and how far they are."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any
from urllib.parse import quote, urlencode

from django.core.paginator import Paginator
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest
from django.utils.translation import gettext as _

from campaigns.models import Campaign, CampaignChannel, CampaignReward, CampaignTester, Channel, ChannelFigures
from campaigns.rules.phases import Phase
from campaigns.watch.figures import live_channels, live_within
from fulfillment.progress import CountedElsewhere, Progress, ordered, read_progress
from fulfillment.progress_shown import dates_of, link_page, phase_in_words, shown_elsewhere, shown_progress
from linking.counting import Counting, counting_in
from linking.landing import Standing, steps
from linking.offers import rule_in_words, rule_note
from linking.theming import game_context
from linking.viewers_of import OwnViewer
from linking.words import joined, watched_on
from portal import platforms
from portal.durations import time_in_words
from portal.fields import rendition_url

CHANNELS_A_PAGE = 50
LIVE_SHOWN = 12

Shown = dict[str, Any]

_STEPS_IN = frozenset({Phase.ANNOUNCED, Phase.LIVE, Phase.GRACE})


def find_campaign(campaign_id: str, own: list[OwnViewer], *, now: datetime) -> Campaign:
    """Return a campaign that this person may see: announced at some time, and if it is a test, theirs to test (C8).

    Raises:
        Http404: there is none, it is a draft, it was never announced, or it is a test without them.
    """
    campaign = (
        Campaign.objects.exclude(status=Campaign.Status.DRAFT)
        .filter(pk=campaign_id)
        .select_related("game__organization", "organization")
        .prefetch_related("platforms", "rewards__reward", "further_games__game")
        .first()
    )
    if campaign is None or not _was_announced(campaign, now) or not _may_see_test(campaign, own):
        raise Http404
    return campaign


def _was_announced(campaign: Campaign, now: datetime) -> bool:
    announced = campaign.announces_at
    if campaign.published_at is None or announced is None or announced > now:
        return False
    return campaign.cancelled_at is None or announced <= campaign.cancelled_at


def _may_see_test(campaign: Campaign, own: list[OwnViewer]) -> bool:
    if not campaign.test_mode:
        return True
    theirs = Q(pk=None)
    for one in own:
        if one.sees(campaign):
            theirs |= Q(platform=one.viewer.platform, platform_user_id=one.viewer.platform_user_id)
    return CampaignTester.objects.filter(theirs, campaign=campaign).exists()


def live_context(request: HttpRequest, campaign: Campaign, own: list[OwnViewer], *, now: datetime) -> Shown:
    """Return what changes on the page while it is open: phase, countdown, own progress, channels that are live."""
    told = read_progress([campaign], own, now=now)
    live = _live(campaign, campaign.phase(now), now)
    return shown_live(campaign, told, live, signed_in=request.user.is_authenticated, now=now)


def shown_live(
    campaign: Campaign,
    told: tuple[list[Progress], list[CountedElsewhere]],
    live: Shown | None,
    *,
    signed_in: bool,
    now: datetime,
) -> Shown:
    """Return what changes on the page, by what is known already of progress and of channels that are live."""
    phase = campaign.phase(now)
    progress, elsewhere = told
    kind, label = phase_in_words(phase)
    counted_here = counting_in([campaign]).by_portal
    return {
        "campaign": campaign,
        "phase": phase.value,
        "status_kind": kind,
        "status_label": label,
        "phase_text": _phase_text(campaign, phase, now),
        "dates": dates_of(campaign, phase, now=now),
        "progress": [shown_progress(one, now=now) for one in progress],
        "elsewhere": [shown_elsewhere(one, now=now) for one in elsewhere] if phase in (Phase.LIVE, Phase.GRACE) else [],
        "live": live,
        "counted_here": counted_here,
        "nothing_yet": phase is Phase.LIVE and bool(counted_here) and signed_in,
    }


LiveAmong = Callable[[Campaign, list[str], datetime], set[str]]
"""Tells which of some channels, by their ids, are live in a campaign."""


def live_among(campaign: Campaign, channels: list[str], now: datetime) -> set[str]:
    """Return which of these channels a recent heartbeat of the campaign was about."""
    return set(_live_rows(campaign, now).filter(channel__in=channels).values_list("channel", flat=True))


def page_context(
    request: HttpRequest, campaign: Campaign, standing: Standing, *, now: datetime, live: LiveAmong = live_among
) -> Shown:
    """Return what stands on the page besides: rewards, who counts, channels, steps."""
    phase = campaign.phase(now)
    for_minutes = any(row.rule != CampaignReward.Rule.GAME_EVENT for row in campaign.rewards.all())
    counting = replace(counting_in([campaign]), minutes=for_minutes)
    return {
        **game_context(campaign.game),
        "rewards": [_reward(row) for row in ordered(campaign.rewards.all())],
        "counts": _who_counts(counting),
        "for_minutes": for_minutes,
        "channels": _channels(request, campaign, now, live),
        "games": joined([campaign.game.name, *(row.game.name for row in campaign.further_games.all())], _("or")),
        "steps": steps(standing, counting) if phase in _STEPS_IN else [],
        "next_step": _next_step(campaign, standing, counting) if phase in _STEPS_IN else None,
        "signed_in": standing.user.is_authenticated,
    }


def _phase_text(campaign: Campaign, phase: Phase, now: datetime) -> str:
    def left(until: datetime | None) -> str:
        return time_in_words(until - now) if until else ""

    match phase:
        case Phase.ANNOUNCED:
            return _("It starts in %(time)s. You can link your accounts already.") % {"time": left(campaign.starts_at)}
        case Phase.LIVE:
            return _("It runs for another %(time)s.") % {"time": left(campaign.ends_at)}
        case Phase.GRACE:
            return _("It has ended: nothing more can be earned. Claim what you have earned within %(time)s.") % {
                "time": left(campaign.closes_at)
            }
        case Phase.CLOSED:
            return _("It is closed: nothing can be earned or claimed any more. What was claimed is still delivered.")
        case _:
            return _("It was cancelled. What you claimed before that is still delivered.")


def _reward(row: Any) -> Shown:
    needs = row.requires_id and next((one for one in row.campaign.rewards.all() if one.pk == row.requires_id), None)
    return {
        "name": row.reward.name,
        "description": row.reward.description,
        "image_url": rendition_url(row.reward.image),
        "image_alt": row.reward.alt_text,
        "rule": rule_in_words(row),
        "note": rule_note(row),
        "needs": needs.reward.name if needs else "",
    }


def _who_counts(counting: Counting) -> list[str]:
    """Return in words who counts the time, and where to claim."""
    lines = []
    if counting.by_portal:
        lines.append(
            (
                _("On %(names)s this site counts the minutes, shows how far you are, and lets you claim.")
                if counting.minutes
                else _("On %(names)s this site knows who is watching when it happens, and lets you claim.")
            )
            % {"names": joined([watched_on(key) for key in counting.by_portal])}
        )
    if counting.by_platform:
        names = joined([watched_on(key) for key in counting.by_platform])
        alone = len(counting.by_platform) == 1
        lines.append(
            (
                _("%(names)s counts your time itself; we see it only after you claim there.")
                if alone
                else _("%(names)s count your time themselves; we see it only after you claim there.")
            )
            % {"names": names}
        )
    return lines


def _next_step(campaign: Campaign, standing: Standing, counting: Counting) -> Shown | None:
    """Return the one thing to do for who has no account linked for this campaign; None for who has."""
    linked = set(standing.links) & {*counting.by_portal, *counting.by_platform}
    if linked or (counting.own_player and standing.player is not None):
        return None
    names = [
        platform.name for platform in standing.platforms if platform.key in (*counting.by_portal, *counting.by_platform)
    ]
    text = _(
        "You have not linked the account that you watch with. Link it now, and what you earn goes to your game account."
    )
    if standing.player is None:
        text = _("Link your game account and the account that you watch with. What you earn then goes to the game.")
    if standing.player is None and not names and counting.own_player:
        text = _("Sign in with your game account. What you earn in the studio's own player then goes to it.")
    return {
        "title": _("Take part"),
        "text": text,
        "url": link_page(campaign),
        "label": _("Link your accounts"),
        "external": bool(campaign.connection_url),
    }


def _live(campaign: Campaign, phase: Phase, now: datetime) -> Shown | None:
    """Return the channels that a recent heartbeat was about; None where none would be told of."""
    if phase is not Phase.LIVE or not counting_in([campaign]).by_portal:
        return None
    rows = _live_rows(campaign, now).select_related("channel").order_by("-last_viewers", "channel_id")
    found = list(rows[: LIVE_SHOWN + 1])
    total = _live_rows(campaign, now).count() if len(found) > LIVE_SHOWN else len(found)
    return {
        "channels": [{**_channel(row.channel), "viewers": row.last_viewers} for row in found[:LIVE_SHOWN]],
        "more": max(0, total - LIVE_SHOWN),
        "total": total,
    }


def _live_rows(campaign: Campaign, now: datetime) -> QuerySet[ChannelFigures]:
    within = live_within(one_stream_at_a_time=campaign.organization.one_stream_at_a_time)
    return live_channels(ChannelFigures.objects.filter(campaign=campaign.pk), within=within, now=now)


def _channels(request: HttpRequest, campaign: Campaign, now: datetime, live_among: LiveAmong) -> Shown:
    """Return which channels count: all, or a page of those listed that ``?channel=`` finds."""
    if campaign.scope == Campaign.Scope.GLOBAL:
        return {"all": True}
    listed = CampaignChannel.objects.filter(campaign=campaign, removed_at=None).select_related("channel")
    total = listed.count()
    wanted = request.GET.get("channel", "").strip()[:100]
    if wanted:
        listed = listed.filter(Q(channel__login__icontains=wanted) | Q(channel__name__icontains=wanted))
    page = Paginator(listed.order_by("channel__login", "channel__name", "pk"), CHANNELS_A_PAGE).get_page(
        request.GET.get("page")
    )
    ids = [row.channel_id for row in page.object_list]
    live = live_among(campaign, ids, now) if ids else set()
    return {
        "all": False,
        "total": total,
        "wanted": wanted,
        "query": f"{urlencode({'channel': wanted})}&",
        "page": page,
        "rows": [{**_channel(row.channel), "is_live": row.channel_id in live} for row in page.object_list],
        "searchable": total > CHANNELS_A_PAGE,
    }


def _channel(channel: Channel) -> Shown:
    """Return a channel's name, and its page on its platform where one can be told."""
    platform = platforms.get(channel.platform)
    url = f"{platform.web_url}/{quote(channel.login, safe='')}" if platform.web_url and channel.login else ""
    name = channel.name or channel.login or channel.platform_channel_id
    return {"name": name, "platform": watched_on(channel.platform), "url": url}
