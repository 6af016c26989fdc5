"""What reports say of a game by day, beside what the portal itself counted (UTC)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from django.db.models import QuerySet

from campaigns.models import CampaignPlatform, Game, GameCategory
from campaigns.rules.days import day_number
from fulfillment.daily import days_of
from fulfillment.models import ReportDay, ReportFile
from fulfillment.rules.report_csv import number_of, ordered
from portal.models import PlatformCredential

_WATCHED = "watch"


@dataclass(frozen=True, slots=True)
class ReportedGame:
    """A game of which there are reports. ``game`` None: its category is not entered in the portal."""

    credential: PlatformCredential
    platform_game_id: str
    game: Game | None


@dataclass(frozen=True, slots=True)
class OwnFigures:
    """The portal's own figures for each of some days, in their order. ``watched_minutes`` None: the portal counts nowhere."""

    granted: Sequence[int]
    delivered: Sequence[int]
    watched_minutes: Sequence[int] | None


def reported_games(credentials: Sequence[PlatformCredential]) -> list[ReportedGame]:
    """Return all games of which there are reports, by name, those that are not in the portal last. Three queries."""
    known = {credential.pk: credential for credential in credentials}
    found: set[tuple[str, str]] = set()
    for model in (ReportFile, ReportDay):
        rows = model._default_manager.filter(credential__in=known).order_by()
        found.update(rows.values_list("credential_id", "platform_game_id").distinct())
    games: dict[tuple[str, str], Game] = {}
    for row in GameCategory.objects.filter(
        organization__in={credential.organization_id for credential in credentials},
        platform__in={credential.platform for credential in credentials},
    ).select_related("game"):
        games[row.platform, row.platform_category_id] = row.game
    listed = [
        ReportedGame(known[pk], game_id, games.get((known[pk].platform, game_id))) for pk, game_id in sorted(found)
    ]
    return sorted(listed, key=lambda one: (one.game is None, one.game.name if one.game else ""))


def days_until(*, now: datetime, count: int) -> list[date]:
    """Return so many days in order, the last of which is over."""
    yesterday = now.astimezone(UTC).date() - timedelta(days=1)
    return [yesterday - timedelta(days=number) for number in range(count - 1, -1, -1)]


def reported_days(reported: ReportedGame, days: Sequence[date]) -> dict[date, dict[str, str]]:
    """Return what reports say of some days that follow each other, without those of which they say nothing. One query."""
    rows = _stored(reported).filter(day__gte=days[0], day__lte=days[-1])
    return dict(rows.values_list("day", "values"))


def all_days(reported: ReportedGame) -> list[tuple[date, dict[str, str]]]:
    """Return what reports say of all days that are stored, in order. One query."""
    return list(_stored(reported).order_by("day").values_list("day", "values"))


def columns_of(reported: ReportedGame, days: Sequence[dict[str, str]]) -> list[str]:
    """Return the names of the columns of some days: as the latest report orders them, further ones by name. One query."""
    files = ReportFile.objects.filter(
        credential=reported.credential.pk, platform_game_id=reported.platform_game_id, problem__in=("", "outside")
    )
    latest = files.order_by("-started_on").values_list("columns", flat=True).first() or []
    return ordered(latest, {name for values in days for name in values})


def drawable(columns: Sequence[str], days: Sequence[dict[str, str]]) -> list[str]:
    """Return those columns that are figures on at least one day and no ids, in their order."""
    return [
        name
        for name in columns
        if not name.casefold().replace("_", " ").endswith(" id")
        and any(number_of(values.get(name, "")) is not None for values in days)
    ]


def column_to_begin_with(columns: Sequence[str]) -> str:
    """Return the column that is shown before one is chosen: the first about watching, else the first; empty for none."""
    return next((name for name in columns if _WATCHED in name.casefold()), next(iter(columns), ""))


def own_figures(game: Game, days: Sequence[date]) -> OwnFigures:
    """Return what the portal counted of a game's campaigns on some days that follow each other, on all platforms together.

    The number of queries follows from the number of days alone. Campaigns in test mode are left out (C8).
    """
    place = {day: number for number, day in enumerate(days)}
    granted, delivered, watched = ([0] * len(days) for _ in range(3))
    span = (_number(days[0]), _number(days[-1]))
    for one in days_of(game, span):
        number = place[one.on]
        granted[number] += one.claims.granted
        delivered[number] += one.claims.delivered
        watched[number] += one.watched_minutes or 0
    counts = CampaignPlatform.objects.filter(
        campaign__game=game, campaign__test_mode=False, counted_by=CampaignPlatform.CountedBy.PORTAL
    )
    return OwnFigures(granted, delivered, watched if counts.exists() else None)


def _stored(reported: ReportedGame) -> QuerySet[ReportDay]:
    return ReportDay.objects.filter(credential=reported.credential.pk, platform_game_id=reported.platform_game_id)


def _number(day: date) -> int:
    return day_number(datetime(day.year, day.month, day.day, tzinfo=UTC))
