"""What the admin's start page reads of campaigns and their claims: counts that are kept, and short slices of indexes.

As many queries for an organization with 20 campaigns as for one, and each as quick after 10 million claims as after 10.
Campaigns in test mode are in no total (C8).
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db import connection
from django.db.models import Case, Exists, IntegerField, OuterRef, QuerySet, Value, When

from campaigns.heartbeats.standing import with_last_heartbeat
from campaigns.models import Campaign, CampaignGame, CampaignPlatform, HeartbeatSource
from campaigns.rules.phases import Phase
from fulfillment.claim_minutes import last_minute, start_of
from fulfillment.models import Claim, Endpoint
from fulfillment.overview import ClaimFigures
from fulfillment.rules.states import State
from portal import platforms

OFFERED = 50
"""So many campaigns can be chosen on the page, those that matter now first; any other by its own page."""

REASONS_READ = 1000
"""Of the claims in one state so many are looked at for their reasons, the newest."""

LATELY = timedelta(days=30)
"""So long after closing a campaign is still offered."""

NEEDING = (State.FAILED, State.HELD, State.QUARANTINED)
"""States in which a claim waits for the studio, the worst first."""

_RANKS = {Phase.LIVE: 0, Phase.GRACE: 1, Phase.SCHEDULED: 2, Phase.CLOSED: 3}
_COLUMNS = (
    "name",
    "game",
    "organization",
    "time_zone",
    "starts_at",
    "ends_at",
    "announces_at",
    "closes_at",
    "status",
    "test_mode",
    "deliveries_paused",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class OnPlatform:
    """A campaign on one platform. ``heard_at``: the last heartbeat of a source that is on, where the portal counts.

    ``claim_at`` is when the last claim came from there, to the minute. ``sources`` is how many are on.
    """

    platform: str
    name: str
    counted_by_portal: bool
    claim_at: datetime | None
    heard_at: datetime | None = None
    sources: int = 0


@dataclass(slots=True)
class Shown:
    """A campaign as the page shows it."""

    campaign: Campaign
    phase: Phase
    has_endpoint: bool
    platforms: list[OnPlatform] = field(default_factory=list)
    claims: ClaimFigures = field(default_factory=lambda: ClaimFigures({}))


@dataclass(frozen=True, slots=True, kw_only=True)
class Stuck:
    """So many of the newest claims in a state have this reason. ``more``: there are others that were not looked at."""

    state: State
    reason: str
    claims: int
    more: bool


def campaigns_now(campaigns: QuerySet[Campaign], *, now: datetime) -> list[Shown]:
    """Return the campaigns that matter now: live, in grace, to come, then those that closed lately. One query."""
    rank = Case(
        When(starts_at__lte=now, ends_at__gt=now, then=Value(_RANKS[Phase.LIVE])),
        When(ends_at__lte=now, closes_at__gt=now, then=Value(_RANKS[Phase.GRACE])),
        When(starts_at__gt=now, then=Value(_RANKS[Phase.SCHEDULED])),
        default=Value(_RANKS[Phase.CLOSED]),
        output_field=IntegerField(),
    )
    following = Case(
        When(starts_at__gt=now, then="starts_at"), When(ends_at__gt=now, then="ends_at"), default="closes_at"
    )
    published = campaigns.filter(status=Campaign.Status.PUBLISHED, closes_at__gt=now - LATELY)
    rows = _for_page(published).annotate(rank=rank, following=following).order_by("rank", "following", "pk")
    return [_shown(row, now) for row in rows[:OFFERED]]


def one_campaign(campaigns: QuerySet[Campaign], pk: str, *, now: datetime) -> Shown | None:
    """Return one of these campaigns; None if it is not one of them. One query."""
    row = _for_page(campaigns).filter(pk=pk).first()
    return _shown(row, now) if row else None


def _for_page(campaigns: QuerySet[Campaign]) -> QuerySet[Campaign]:
    endpoints = Endpoint.objects.filter(game=OuterRef("game"), enabled=True)
    return campaigns.annotate(has_endpoint=Exists(endpoints)).only(*_COLUMNS)


def _shown(row: Campaign, now: datetime) -> Shown:
    return Shown(row, row.phase(now), bool(getattr(row, "has_endpoint", False)))


def put_on_platforms(shown: Sequence[Shown], *, now: datetime) -> None:
    """Say of each of these campaigns where it runs and when something last came. Three queries; one where no heartbeats count."""
    ids = [one.campaign.pk for one in shown]
    rows = CampaignPlatform.objects.filter(campaign__in=ids).annotate(
        last=last_minute(campaign=OuterRef("campaign_id"), platform=OuterRef("platform"))
    )
    found = list(rows.values_list("campaign_id", "platform", "counted_by", "last"))
    by_portal = {campaign for campaign, _platform, by, _last in found if by == CampaignPlatform.CountedBy.PORTAL}
    heard = _heard([one.campaign for one in shown if one.campaign.pk in by_portal])
    order = {key: place for place, key in enumerate(platforms.keys())}
    places: defaultdict[str, list[OnPlatform]] = defaultdict(list)
    for campaign, platform, by, last in found:
        if platform not in order:
            continue
        counted = by == CampaignPlatform.CountedBy.PORTAL
        sources, heard_at = heard.get((campaign, platform), (0, None)) if counted else (0, None)
        places[campaign].append(
            OnPlatform(
                platform=platform,
                name=platforms.get(platform).name,
                counted_by_portal=counted,
                claim_at=start_of(last) if last is not None else None,
                heard_at=heard_at,
                sources=sources,
            )
        )
    for one in shown:
        one.platforms = sorted(places[one.campaign.pk], key=lambda place: order[place.platform])


def _heard(campaigns: Collection[Campaign]) -> Mapping[tuple[str, str], tuple[int, datetime | None]]:
    """Return by campaign and platform how many sources are on in its games, and when one last sent."""
    if not campaigns:
        return {}
    games: dict[str, set[str]] = {campaign.pk: {campaign.game_id} for campaign in campaigns}
    for campaign, game in CampaignGame.objects.filter(campaign__in=list(games)).values_list("campaign_id", "game_id"):
        games[campaign].add(game)
    wanted = set().union(*games.values())
    sources = with_last_heartbeat(HeartbeatSource.objects.filter(game__in=wanted, enabled=True))
    rows = list(sources.values_list("game_id", "platform", "newest_at", "last_heartbeat_at"))
    found: dict[tuple[str, str], tuple[int, datetime | None]] = {}
    for campaign, mine in games.items():
        for game, platform, newest_at, kept_at in rows:
            if game in mine:
                count, last = found.get((campaign, platform), (0, None))
                last = max(filter(None, (last, newest_at, kept_at)), default=None)
                found[campaign, platform] = (count + 1, last)
    return found


def totals_of(counts: Mapping[tuple[str, str], int], *, without: Collection[str] = ()) -> ClaimFigures:
    """Return the claims of all campaigns together by state, but for those named."""
    by_state: Counter[str] = Counter()
    for (campaign, state), claims in counts.items():
        if campaign not in without:
            by_state[state] += claims
    return ClaimFigures(by_state)


def of_each(counts: Mapping[tuple[str, str], int]) -> Mapping[str, ClaimFigures]:
    """Return the claims of each campaign by state."""
    by_campaign: defaultdict[str, dict[str, int]] = defaultdict(dict)
    for (campaign, state), claims in counts.items():
        by_campaign[campaign][state] = claims
    return {campaign: ClaimFigures(by_state) for campaign, by_state in by_campaign.items()}


def stuck_claims(claims: QuerySet[Claim]) -> list[Stuck]:
    """Return why claims wait for the studio, the worst state first, in each the most frequent reason first. One query.

    ``claims`` is an organization's, or some campaigns': an index has them by state. At most ``REASONS_READ`` of a state
    are looked at.
    """
    slices = [
        claims.filter(state=state).order_by("-pk").values("state", "reason")[:REASONS_READ].query.sql_with_params()
        for state in NEEDING
    ]
    parts = [f"SELECT * FROM ({sql}) of_state_{place}" for place, (sql, _params) in enumerate(slices)]  # noqa: S608 - the ORM's own
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT state, reason, COUNT(*) FROM ({' UNION ALL '.join(parts)}) among GROUP BY state, reason",  # noqa: S608 - the ORM's own
            [value for _sql, params in slices for value in params],
        )
        rows = cursor.fetchall()
    read: Counter[str] = Counter()
    for state, _reason, count in rows:
        read[state] += count
    found = [
        Stuck(state=State(state), reason=reason, claims=count, more=read[state] >= REASONS_READ)
        for state, reason, count in rows
    ]
    return sorted(found, key=lambda one: (NEEDING.index(one.state), -one.claims, one.reason))
