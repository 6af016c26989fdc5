"""Twitch's reports about games (Twitch API reference, Get Game Analytics; Insights & Analytics)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from urllib.parse import urlencode, urlsplit

from portal.platforms.calls import (
    PlatformError,
    TokenRefused,
    ask,
    ask_for_object,
    id_of,
    not_understood,
    rows_of,
    text_of,
)
from portal.platforms.reports import Report, ReportsPage
from portal.platforms.times import parse_time
from portal.platforms.twitch.client import headers
from portal.platforms.twitch.tokens import Tokens

REPORTS_PER_PAGE = 20
"""A page never has more, whatever is asked for (Get Game Analytics, ``first``)."""


@dataclass(frozen=True)
class GameAnalytics(Tokens):
    """Reads the daily figures of all games of whoever granted the token."""

    scopes: tuple[str, ...] = ("analytics:read:games",)

    def authorize_url(self, id_url: str, *, client_id: str, redirect_uri: str, state: str) -> str:
        """Return where to send the browser (Twitch, "Authorization code grant flow").

        ``force_verify`` has Twitch show who is signed in there: it may be another person than the one who is to grant.
        """
        asked = {
            "response_type": "code",
            "client_id": client_id,
            "redirect_uri": redirect_uri,
            "scope": " ".join(self.scopes),
            "state": state,
            "force_verify": "true",
        }
        return f"{id_url}/oauth2/authorize?{urlencode(asked)}"

    def read(
        self, api_url: str, *, client_id: str, access_token: str, started_on: date, ended_on: date, cursor: str
    ) -> ReportsPage:
        """Return one page of reports. ``GET /helix/analytics/games``. Raises ``PlatformError``; for 401 ``TokenRefused``.

        Twitch cuts the days to its own: at most a year back, and not the last one or two days. A game has a report only
        if it was broadcast for five hours. Reports come in no particular order.
        """
        params = {
            "type": "overview_v2",
            "started_at": f"{started_on.isoformat()}T00:00:00Z",
            "ended_at": f"{ended_on.isoformat()}T00:00:00Z",
            "first": str(REPORTS_PER_PAGE),
        }
        params |= {"after": cursor} if cursor else {}
        url = f"{api_url}/helix/analytics/games"
        try:
            reply = ask_for_object(
                "GET", url, headers=headers(client_id, access_token), params=params, timeout=self.seconds
            )
        except PlatformError as error:
            if error.status != 401:
                raise
            refused = TokenRefused(status=401, host=error.host)
        else:
            pagination = reply.get("pagination")
            following = text_of(pagination.get("cursor")) if isinstance(pagination, dict) else ""
            rows = rows_of(reply)
            reports = tuple(report for report in map(_report, rows) if report is not None)
            if rows and not reports:
                raise not_understood()
            return ReportsPage(reports=reports, cursor=following if rows and following != cursor else "")
        raise refused

    def download(self, report: Report) -> str:
        """Return the report as CSV text. Raises ``PlatformError``: ``too_long`` for more days than the door reads (D7).

        The address is good for five minutes and needs no token; nothing of it but its host is told in an error.
        """
        answer = ask("GET", report.url)
        if answer.truncated:
            raise PlatformError("too_long", host=urlsplit(report.url).hostname or "")
        return answer.text


def _report(row: dict[str, object]) -> Report | None:
    """Read one report; None where it cannot be read, so that one game's keeps no other's back."""
    days = row.get("date_range")
    span = days if isinstance(days, dict) else {}
    started, ended = (parse_time(text_of(span.get(name))) for name in ("started_at", "ended_at"))
    url = text_of(row.get("URL"))
    try:
        game_id = id_of(row.get("game_id"))
    except PlatformError:
        return None
    if not url or started is None or ended is None:
        return None
    return Report(game_id=game_id, url=url, started_on=started.date(), ended_on=ended.date())
