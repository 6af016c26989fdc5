"""What the page of platforms' reports shows: who lets the portal read them, what is wrong, and one game's figures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _t
from django.utils.translation import ngettext

from fulfillment.admin.words import chip, utc
from fulfillment.models import ReportFile, ReportGrant, ReportWindow
from fulfillment.reports.comparing import (
    OwnFigures,
    ReportedGame,
    column_to_begin_with,
    columns_of,
    days_until,
    drawable,
    own_figures,
    reported_days,
)
from fulfillment.reports.words import explain
from fulfillment.rules.report_csv import number_of
from portal import platforms
from portal.charts import Drawn, Every, Series, TimeChart, number
from portal.models import PlatformCredential

SPANS = (30, 90, 365)
"""For how many days figures are shown, the first unless another is chosen."""

MOST_PROBLEMS = 50
_MANY_BARS = 60


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that could not be read: which, what happened, what to do, and when it is tried again."""

    what: str
    happened: str
    advice: str
    again_at: datetime | None


@dataclass(frozen=True, slots=True)
class Source:
    """A platform that gives reports, and how it stands with them."""

    credential: PlatformCredential
    name: str
    organization_word: str
    grant: ReportGrant | None
    state: str
    facts: Sequence[tuple[str, Any]]
    happened: str
    advice: str
    problems: Sequence[Problem]


def key_of(reported: ReportedGame) -> str:
    """Return how an address names a game's report."""
    return f"{reported.credential.pk}.{reported.platform_game_id}"


def sources(credentials: Sequence[PlatformCredential], games: Sequence[ReportedGame], *, now: datetime) -> list[Source]:
    """Return how it stands with each of some credentials. The number of queries is the same for one as for many."""
    pks = [credential.pk for credential in credentials]
    grants = {
        grant.pk: grant
        for grant in ReportGrant.objects.filter(credential__in=pks)
        .select_related("granted_by")
        .defer("access_token", "refresh_token")
    }
    windows = list(ReportWindow.objects.filter(grant__in=pks).order_by("-started_on", "platform_game_id"))
    names = {(one.credential.pk, one.platform_game_id): one.game.name for one in games if one.game}
    broken = list(
        ReportFile.objects.filter(credential__in=pks)
        .exclude(problem="")
        .defer("content")
        .order_by("-started_on", "platform_game_id")[:MOST_PROBLEMS]
    )
    return [
        _source(
            credential,
            grants.get(credential.pk),
            [window for window in windows if window.grant_id == credential.pk],
            [file for file in broken if file.credential_id == credential.pk],
            names,
            now=now,
        )
        for credential in credentials
    ]


def _source(
    credential: PlatformCredential,
    grant: ReportGrant | None,
    windows: Sequence[ReportWindow],
    broken: Sequence[ReportFile],
    names: dict[tuple[str, str], str],
    *,
    now: datetime,
) -> Source:
    platform = platforms.get(credential.platform)
    happened, advice = explain(grant.problem) if grant else ("", "")
    return Source(
        credential=credential,
        name=platform.name,
        organization_word=str(platform.vocabulary.organization),
        grant=grant,
        state=_state(credential, grant),
        facts=_facts(grant, windows, now=now) if grant else [],
        happened=happened,
        advice=advice,
        problems=[*_failed(windows, names), *_broken(broken, names)][:MOST_PROBLEMS],
    )


def _state(credential: PlatformCredential, grant: ReportGrant | None) -> str:
    if not credential.enabled:
        return chip(_t("credential switched off"), "block", "drops-chip-attention")
    if grant is None:
        return chip(_t("not allowed yet"), "lock", "drops-chip-attention")
    if grant.lapsed_at:
        return chip(_t("no longer allowed"), "error", "drops-chip-error")
    return chip(_t("allowed"), "check", "drops-chip-ok")


def _facts(grant: ReportGrant, windows: Sequence[ReportWindow], *, now: datetime) -> list[tuple[str, Any]]:
    by = str(grant.granted_by) if grant.granted_by else _t("somebody who has no account here any more")
    facts: list[tuple[str, Any]] = [
        (_t("Allowed by"), by),
        (_t("Allowed at"), utc(grant.granted_at)),
        (_t("User id at the platform"), grant.platform_user_id or "–"),
    ]
    if grant.lapsed_at:
        return [*facts, (_t("Over since"), utc(grant.lapsed_at))]
    left = sum(1 for window in windows if window.due_at is not None)
    soon = grant.fetch_at is not None and grant.fetch_at <= now
    facts += [
        (_t("Token last found good"), utc(grant.validated_at)),
        (_t("Last fetch of all days"), utc(grant.fetched_at) if grant.fetched_at else _t("not yet")),
        (_t("Next fetch"), _t("at any moment") if soon else utc(grant.fetch_at)),
    ]
    parts = ngettext("%(count)s part of this fetch", "%(count)s parts of this fetch", left) % {"count": number(left)}
    return [*facts, (_t("Still to be read"), parts)] if left else facts


def _failed(windows: Sequence[ReportWindow], names: dict[tuple[str, str], str]) -> list[Problem]:
    found = []
    for window in windows:
        if not window.problem:
            continue
        of = _name(names, window.grant_id, window.platform_game_id) if window.platform_game_id else _t("All games")
        happened, advice = explain(window.problem)
        found.append(Problem(_about(of, window), happened, advice, window.due_at))
    return found


def _broken(files: Sequence[ReportFile], names: dict[tuple[str, str], str]) -> list[Problem]:
    return [
        Problem(_about(_name(names, file.credential_id, file.platform_game_id), file), *explain(file.problem), None)
        for file in files
    ]


def _name(names: dict[tuple[str, str], str], credential_id: str, game_id: str) -> str:
    return names.get((credential_id, game_id)) or _t("Game %(id)s there") % {"id": game_id}


def _about(of: str, row: ReportWindow | ReportFile) -> str:
    days = {"game": of, "first": row.started_on.isoformat(), "last": row.ended_on.isoformat()}
    return _t("%(game)s, %(first)s to %(last)s") % days


def chosen(request: HttpRequest, games: Sequence[ReportedGame]) -> ReportedGame | None:
    """Return the game that is looked at: the one asked for, else the first; None where there is none to look at."""
    shown = [one for one in games if one.game is not None]
    asked = request.GET.get("game", "")
    return next((one for one in shown if key_of(one) == asked), shown[0] if shown else None)


def span_of(request: HttpRequest) -> int:
    """Return for how many days figures are asked for."""
    asked = request.GET.get("days", "")
    return next((span for span in SPANS if str(span) == asked), SPANS[0])


def figures(request: HttpRequest, reported: ReportedGame, *, now: datetime) -> dict[str, Any]:
    """Return a game's figures: charts above each other over the same days, and a table with the latest day first."""
    span = span_of(request)
    days = days_until(now=now, count=span)
    told = reported_days(reported, days)
    columns = columns_of(reported, list(told.values()))
    drawn = drawable(columns, list(told.values()))
    column = request.GET.get("column", "")
    column = column if column in drawn else column_to_begin_with(drawn)
    name = platforms.get(reported.credential.platform).name
    values = [number_of(told[day].get(column, "")) if day in told else None for day in days]
    own = own_figures(reported.game, days) if reported.game else OwnFigures([], [], None)
    starts = [datetime(day.year, day.month, day.day, tzinfo=UTC) for day in days]
    labels = [day.isoformat() for day in days]
    return {
        "columns": drawn,
        "column": column,
        "spans": SPANS,
        "span": span,
        "game_key": key_of(reported),
        "game_name": reported.game,
        "category": reported.platform_game_id,
        "category_platform": name,
        "nothing": not told,
        "charts": _charts(name, column, values, own, starts, labels),
        "heads": _heads(name, column, own),
        "rows": [(labels[place], _cells(values[place], own, place)) for place in range(len(days) - 1, -1, -1)],
        "open_table": span == SPANS[0],
        "csv": f"{reverse('admin:reports_days')}?game={key_of(reported)}",
    }


def _chart(
    starts: Sequence[datetime],
    labels: Sequence[str],
    key: str,
    title: str,
    series: list[Series],
    empty: str,
    *,
    drawn: Drawn = Drawn.BARS,
) -> TimeChart:
    return TimeChart(
        key=key,
        title=title,
        axis=_t("Day, in UTC"),
        every=Every.DAY,
        starts=starts,
        labels=labels,
        series=series,
        drawn=drawn if len(starts) < _MANY_BARS else Drawn.LINES,
        missing=_t("no figure"),
        empty=empty,
    )


def _charts(
    name: str,
    column: str,
    values: Sequence[int | float | None],
    own: OwnFigures,
    starts: Sequence[datetime],
    labels: Sequence[str],
) -> list[TimeChart]:
    chart = partial(_chart, starts, labels)
    nothing = _t("No figure came for these days.")
    charts = [
        chart(
            "reported",
            _t("%(platform)s: %(column)s") % {"platform": name, "column": column or "–"},
            [Series(column, values)],
            nothing,
            drawn=Drawn.LINES,
        ),
        chart(
            "claims",
            _t("This portal: claims"),
            [Series(_t("granted"), own.granted), Series(_t("delivered"), own.delivered)],
            _t("No claim was granted or delivered in these days."),
        ),
    ]
    if own.watched_minutes is not None:
        watched = [Series(_t("watched minutes"), own.watched_minutes)]
        empty = _t("No minute was counted in these days.")
        charts.append(chart("minutes", _t("This portal: watched minutes"), watched, empty, drawn=Drawn.LINES))
    return charts


def _heads(name: str, column: str, own: OwnFigures) -> list[str]:
    heads = [
        _t("%(platform)s: %(column)s") % {"platform": name, "column": column or "–"},
        _t("Claims granted"),
        _t("Claims delivered"),
    ]
    return heads if own.watched_minutes is None else [*heads, _t("Watched minutes")]


def _cells(value: int | float | None, own: OwnFigures, place: int) -> list[str]:
    cells = [value, own.granted[place], own.delivered[place]]
    if own.watched_minutes is not None:
        cells.append(own.watched_minutes[place])
    return [number(cell, _t("no figure")) for cell in cells]
