"""What a game's campaigns came to day by day (UTC): watched minutes and viewers, claims, delivered, failed.

Read from figures that are kept by day, at the same cost after ten viewer-hours and claims and after ten million. Campaigns
in test mode are left out (C8). What a platform counts itself it tells nobody: that is None here, never 0.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

from django.db.models import Exists, OuterRef, QuerySet

from campaigns.models import Campaign, CampaignHour, CampaignPlatform, CampaignReward, Game
from campaigns.rules.days import HOURS, date_of
from campaigns.watch import days as watched_days
from fulfillment.claim_counts import claims_by_day
from fulfillment.models import ClaimCountChange, ClaimDay

DAYS_AT_ONCE = 31
"""So many days are held in memory at a time."""

Days = tuple[int, int]
"""The first day and the last, both inside, counted from 1970 in UTC."""

_Happened = Mapping[str, int]
_Place = tuple[int, str | None, str | None]
_OTHER: _Place = (32_767, None, None)


@dataclass(frozen=True, slots=True)
class Claims:
    """How many claims were granted in a day, and how often one was delivered or failed in it."""

    granted: int = 0
    delivered: int = 0
    failed: int = 0


@dataclass(frozen=True, slots=True)
class RewardDay:
    """One reward's day. ``reward_id`` and ``name`` are None for claims whose reward the campaign does not have."""

    reward_id: str | None
    name: str | None
    claims: Claims


@dataclass(frozen=True, slots=True)
class CampaignDay:
    """One campaign's day, and those of its rewards to whose claims anything happened, in the campaign's order.

    ``claims`` is the sum over the rewards. ``watched_minutes`` and ``viewers`` None: no platform is counted by the portal.
    """

    on: date
    campaign_id: str
    name: str
    watched_minutes: int | None
    viewers: int | None
    claims: Claims
    rewards: tuple[RewardDay, ...]


@dataclass(frozen=True, slots=True)
class _Known:
    """The campaigns' names, those that the portal counts in, and each reward's place, id and name by its row there."""

    names: Mapping[str, str]
    counted: frozenset[str]
    rewards: Mapping[str, _Place]


@dataclass(slots=True)
class _Found:
    """What is known of one campaign's day."""

    watched: tuple[int, int] | None = None
    rewards: dict[str, _Happened] = field(default_factory=dict)


def games_with_activity(organization_id: str, days: Days) -> QuerySet[Game]:
    """Return the organization's games in whose campaigns a minute was credited, or anything happened to a claim."""
    first, last = days
    of_game = {"campaign__game": OuterRef("pk"), "campaign__test_mode": False}
    on_day = {**of_game, "day__gte": first, "day__lte": last, "claims__gt": 0}
    watched = CampaignHour.objects.filter(**of_game, hour__gte=first * HOURS, hour__lt=(last + 1) * HOURS)
    happened = Exists(ClaimDay.objects.filter(**on_day)) | Exists(ClaimCountChange.objects.filter(**on_day))
    return Game.objects.filter(Exists(watched) | happened, organization=organization_id)


def bring_up_to_date(game: Game, days: Days, *, now: datetime, seconds: float) -> bool:
    """Work out of a game's days what is not up to date, for a while: mostly nothing. Return whether that was all."""
    return watched_days.bring_up_to_date(now=now, campaigns=_campaigns(game), days=days, seconds=seconds)


def days_of(game: Game, days: Days) -> Iterator[CampaignDay]:
    """Yield the days of a game's campaigns on which anything happened, by date, then in the order of the campaigns.

    The number of queries follows from the number of days alone. What is yielded is right as of ``bring_up_to_date``.
    """
    campaigns = _campaigns(game)
    known = _read_known(campaigns)
    first, last = days
    for start in range(first, last + 1, DAYS_AT_ONCE):
        part = (start, min(start + DAYS_AT_ONCE - 1, last))
        found = _read(campaigns, part)
        for day, campaign_id in sorted(found):
            # One that was made, or taken out of test mode, a moment ago is not known yet.
            if campaign_id in known.names:
                yield _campaign_day(day, campaign_id, found[day, campaign_id], known)


def _campaigns(game: Game) -> QuerySet[Campaign]:
    return Campaign.objects.filter(game=game, test_mode=False)


def _read_known(campaigns: QuerySet[Campaign]) -> _Known:
    counted = CampaignPlatform.objects.filter(
        campaign__in=campaigns, counted_by=CampaignPlatform.CountedBy.PORTAL
    ).values_list("campaign", flat=True)
    rewards = CampaignReward.objects.filter(campaign__in=campaigns)
    return _Known(
        names=dict(campaigns.values_list("pk", "name")),
        counted=frozenset(counted),
        rewards={
            pk: (position, reward, name)
            for pk, position, reward, name in rewards.values_list("pk", "position", "reward", "reward__name")
        },
    )


def _read(campaigns: QuerySet[Campaign], days: Days) -> dict[tuple[int, str], _Found]:
    found: dict[tuple[int, str], _Found] = defaultdict(_Found)
    for row in watched_days.days_of(campaigns, days):
        found[row.day, row.campaign_id].watched = (row.watched_minutes, row.viewers)
    for (day, campaign_id, campaign_reward), happened in claims_by_day(campaigns, first=days[0], last=days[1]).items():
        found[day, campaign_id].rewards[campaign_reward] = happened
    return found


def _campaign_day(day: int, campaign_id: str, found: _Found, known: _Known) -> CampaignDay:
    nobody = (0, 0) if campaign_id in known.counted else (None, None)
    watched_minutes, viewers = found.watched or nobody
    places = {pk: known.rewards.get(pk, _OTHER) for pk in found.rewards}
    rewards: list[RewardDay] = []
    together: Counter[str] = Counter()
    for pk in sorted(found.rewards, key=lambda pk: (places[pk][0], pk)):
        _position, reward_id, name = places[pk]
        rewards.append(RewardDay(reward_id, name, _claims(found.rewards[pk])))
        together.update(found.rewards[pk])
    return CampaignDay(
        on=date_of(day),
        campaign_id=campaign_id,
        name=known.names[campaign_id],
        watched_minutes=watched_minutes,
        viewers=viewers,
        claims=_claims(together),
        rewards=tuple(rewards),
    )


def _claims(happened: _Happened) -> Claims:
    what = ClaimDay.What
    return Claims(*(happened.get(one.value, 0) for one in (what.GRANTED, what.DELIVERED, what.FAILED)))
