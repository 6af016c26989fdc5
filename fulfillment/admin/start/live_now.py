"""Whether campaigns are live right now, on each platform: the phase, who counts, what came last, and how it stands in words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.http import HttpRequest
from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _t

from campaigns.admin.campaign_header import phase_chip
from campaigns.heartbeats.standing import SILENT_AFTER
from campaigns.rules import zones
from campaigns.rules.phases import Phase
from fulfillment.admin.health_lines import level_chip
from fulfillment.admin.words import ago, chip
from fulfillment.health.standing import PlatformStanding, Standing
from fulfillment.overview import WAITING, ClaimFigures
from fulfillment.rules.in_step import Level
from fulfillment.rules.shares import DELIVERED
from fulfillment.rules.states import State
from fulfillment.start import OnPlatform, Shown
from portal.charts import number
from portal.durations import time_in_words
from portal.models import Organization
from portal.organizations import may
from portal.roles import Permission

SHOWN = 6
"""So many campaigns are told of in full: more would push all else off the screen. The list has the others."""

_MATTERS = timedelta(days=2)
"""So long before its start a campaign is among those told of in full."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlatformRow:
    """One campaign on one platform. ``last`` says what came last and when, ``chip`` and ``told`` how it stands."""

    counts: str
    last: Sequence[tuple[str, str | SafeString]]
    chip: SafeString
    told: str
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CampaignRow:
    """One campaign: ``when`` says what its clock does next, ``problems`` what keeps it from being live in full."""

    id: str
    name: str
    url: str
    phase: tuple[str, str]
    test_mode: bool
    paused: bool
    when: Sequence[str]
    problems: Sequence[tuple[str, list[tuple[str, str]]]]
    platforms: Sequence[PlatformRow]
    figures: Sequence[tuple[str, str]]


def rows_of(
    request: HttpRequest,
    organization: Organization,
    shown: Sequence[Shown],
    standing: Standing | None,
    *,
    now: datetime,
) -> list[CampaignRow]:
    """Return the campaigns told of in full, in the order given."""
    known = {one.platform: one for one in standing.platforms} if standing else None
    return [_row(request, organization, one, known, now=now) for one in shown]


def told_in_full(shown: Sequence[Shown], *, now: datetime) -> list[Shown]:
    """Return those of the campaigns that are told of in full: live, in grace, or about to start."""
    return [one for one in shown if _matters(one, now)][:SHOWN]


def _matters(one: Shown, now: datetime) -> bool:
    if one.phase in (Phase.LIVE, Phase.GRACE):
        return True
    starts_at = one.campaign.starts_at
    return one.phase in (Phase.SCHEDULED, Phase.ANNOUNCED) and starts_at is not None and starts_at - now <= _MATTERS


def _row(
    request: HttpRequest,
    organization: Organization,
    one: Shown,
    known: dict[str, PlatformStanding] | None,
    *,
    now: datetime,
) -> CampaignRow:
    campaign = one.campaign
    return CampaignRow(
        id=campaign.pk,
        name=campaign.name,
        url=reverse("admin:campaigns_campaign_change", args=[campaign.pk]),
        phase=phase_chip(one.phase),
        test_mode=campaign.test_mode,
        paused=campaign.deliveries_paused,
        when=_when(one, now),
        problems=list(_problems(request, organization, one)),
        platforms=[_on_platform(place, one, known, now=now) for place in one.platforms],
        figures=figures_in_short(one.claims) if one.phase in (Phase.LIVE, Phase.GRACE, Phase.CLOSED) else [],
    )


def figures_in_short(claims: ClaimFigures) -> list[tuple[str, str]]:
    """Return the claims of one campaign in four figures."""
    return [
        (_t("claimed"), number(claims.total)),
        (_t("waiting for a link"), number(claims.of(WAITING))),
        (_t("delivered"), number(claims.of(tuple(DELIVERED)))),
        (_t("failed"), number(claims.of((State.FAILED,)))),
    ]


def _when(one: Shown, now: datetime) -> list[str]:
    """Return the times that are still to come, the next first: the start, the end, and when grace ends."""
    campaign = one.campaign
    if one.phase in (Phase.CLOSED, Phase.CANCELLED, Phase.DRAFT):
        return []
    told = [
        text % {"span": time_in_words(moment - now), "time": zones.describe(moment, campaign.time_zone)}
        for moment, text in (
            (campaign.starts_at, _t("Starts in %(span)s: %(time)s.")),
            (campaign.ends_at, _t("Ends in %(span)s: %(time)s.")),
        )
        if moment is not None and moment > now
    ]
    if campaign.closes_at is not None and one.phase in (Phase.LIVE, Phase.GRACE):
        values = {
            "span": time_in_words(campaign.closes_at - now),
            "time": zones.describe(campaign.closes_at, campaign.time_zone),
        }
        told.append(_t("Grace ends in %(span)s: %(time)s.") % values)
    return told


def _problems(
    request: HttpRequest, organization: Organization, one: Shown
) -> Iterator[tuple[str, list[tuple[str, str]]]]:
    """Yield what keeps rewards from going out, and where that is mended by those who may."""
    if one.phase not in (Phase.LIVE, Phase.GRACE):
        return
    if not organization.enabled:
        yield _t("The organization is not enabled. Ask the portal's administrator."), []
    if not one.has_endpoint:
        place = reverse("admin:fulfillment_endpoint_changelist")
        links = [(place, _t("Endpoints"))] if may(request, Permission.MANAGE) else []
        yield _t("The game has no endpoint that is switched on: claims are kept and go out once it has."), links
    if one.campaign.deliveries_paused:
        page = reverse("admin:campaigns_campaign_change", args=[one.campaign.pk])
        yield _t("Deliveries are paused: claims are kept."), [(page, _t("Let them go on"))]


def _on_platform(
    place: OnPlatform, one: Shown, known: dict[str, PlatformStanding] | None, *, now: datetime
) -> PlatformRow:
    claim = (_t("Last claim"), ago(place.claim_at, now=now) if place.claim_at else _t("none yet"))
    if place.counted_by_portal:
        heartbeat = (_t("Last heartbeat"), ago(place.heard_at, now=now) if place.heard_at else _t("none yet"))
        level, told = _heartbeats_told(place, one.phase, now)
        return PlatformRow(
            counts=_t("The portal counts"),
            last=[heartbeat, claim],
            chip=level_chip(level),
            told=told,
            url=reverse("admin:campaigns_heartbeatsource_changelist"),
        )
    last = [claim]
    standing = known.get(place.platform) if known is not None else None
    if standing is not None and standing.webhook_at is not None:
        last.insert(0, (_t("Last message"), ago(standing.webhook_at, now=now)))
    shown, told = _platform_told(place, standing, looked=known is not None)
    return PlatformRow(
        counts=_t("The platform counts"),
        last=last,
        chip=shown,
        told=told,
        url=f"{reverse('admin:health')}#{place.platform}",
    )


def _platform_told(place: OnPlatform, standing: PlatformStanding | None, *, looked: bool) -> tuple[SafeString, str]:
    if standing is not None:
        return level_chip(standing.told.level), standing.told.sentence
    name = {"name": place.name}
    if not looked:
        return chip(_t("not known yet"), "help"), _t("%(name)s: how it stands was not looked at yet.") % name
    return level_chip(Level.BAD), _t("%(name)s: there is no credential, so its claims cannot come in.") % name


def _heartbeats_told(place: OnPlatform, phase: Phase, now: datetime) -> tuple[Level, str]:
    name = {"name": place.name}
    if not place.sources:
        return Level.BAD, _t("%(name)s: no heartbeat source is switched on, so nobody's time is counted.") % name
    if phase is not Phase.LIVE:
        return Level.GOOD, _t("%(name)s: heartbeats count only while the campaign is live.") % name
    if place.heard_at is None or now - place.heard_at >= SILENT_AFTER:
        return Level.ATTENTION, _t("%(name)s: no heartbeat for 10 minutes. Does anybody stream?") % name
    return Level.GOOD, _t("%(name)s: heartbeats come in.") % name
