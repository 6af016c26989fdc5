"""Twitch with its reports about games as a real HTTP server on loopback: tokens, the list of reports, and their files.

Written from Twitch's documents (Get Game Analytics; Insights & Analytics) and importing nothing of the product. Faults of
calls are put in the queues of :class:`TwitchServer`; those of files are set by game.
"""

from __future__ import annotations

import csv
import io
import secrets
from collections import deque
from dataclasses import dataclass, field
from datetime import date, timedelta
from urllib.parse import parse_qs, urlsplit

from tests.doubles.oauth_server import Json
from tests.doubles.twitch_server import HANG, TwitchServer
from tests.loopback import Connection, Request

REPORTS = "/helix/analytics/games"
FILES = "/files/"
SCOPE = "analytics:read:games"


@dataclass
class ReportsServer(TwitchServer):
    """``figures`` has the rows of each game by day; ``available`` is the last day of which there are figures.

    ``bodies`` replace a game's file; ``filler`` is added to every row. ``listed`` and ``downloads`` say what was asked for.
    """

    figures: dict[str, dict[date, dict[str, str]]] = field(default_factory=dict)
    available: date = date.max
    page_size: int = 20
    bodies: dict[str, bytes] = field(default_factory=dict)
    file_faults: dict[str, deque[int]] = field(default_factory=dict)
    filler: dict[str, str] = field(default_factory=dict)
    app_of_tokens: str = ""
    listed: list[tuple[date, date, str]] = field(default_factory=list)
    downloads: list[tuple[str, date, date]] = field(default_factory=list)
    _files: dict[str, tuple[str, date, date]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        super().__post_init__()
        self.paths |= {REPORTS: self._reports}

    def give(self, game_id: str, first: date, last: date, **columns: str) -> None:
        """Have figures of a game for all days from first to last."""
        days = self.figures.setdefault(game_id, {})
        for number in range((last - first).days + 1):
            days[first + timedelta(days=number)] = columns or {"Hours Watched": str(100 + number)}

    def _answer(self, connection: Connection, request: Request) -> None:
        path = urlsplit(request.target).path
        if path.startswith(FILES):
            self._file(connection, path.removeprefix(FILES))
        else:
            super()._answer(connection, request)

    def _reports(self, connection: Connection, request: Request) -> None:
        given = request.headers.get("authorization", "").removeprefix("Bearer ")
        grant = next((g for g in self.grants if g.access == given and not g.ended and not g.expired), None)
        if grant is None or SCOPE not in grant.scopes or request.headers.get("client-id") != self.client_id:
            connection.reply_json({"error": "Unauthorized", "status": 401, "message": "invalid token"}, 401)
            return
        asked = {name: values[0] for name, values in parse_qs(urlsplit(request.target).query).items()}
        assert asked["type"] == "overview_v2"
        first, last = (
            date.fromisoformat(asked[name].removesuffix("T00:00:00Z")) for name in ("started_at", "ended_at")
        )
        last = min(last, self.available)
        cursor = asked.get("after", "")
        if last < first or (cursor and not cursor.isdigit()):
            connection.reply_json({"error": "Bad Request", "status": 400, "message": "no such days"}, 400)
            return
        with self._lock:
            self.listed.append((first, last, cursor))
        games = [game for game, days in self.figures.items() if any(first <= day <= last for day in days)]
        begin = int(cursor or 0)
        page = games[begin : begin + self.page_size]
        more = begin + self.page_size < len(games)
        pagination: Json = {"cursor": str(begin + self.page_size)} if more else {}
        connection.reply_json({
            "data": [self._report(game, first, last) for game in page],
            "pagination": pagination,
        })  # fmt: skip

    def _report(self, game_id: str, first: date, last: date) -> Json:
        name = f"{secrets.token_hex(8)}.csv"
        self._files[name] = (game_id, first, last)
        return {
            "game_id": game_id,
            "URL": f"{self.url}{FILES}{name}?X-Amz-Expires=300&X-Amz-Signature={secrets.token_hex(16)}",
            "type": "overview_v2",
            "date_range": {"started_at": f"{first}T00:00:00Z", "ended_at": f"{last}T00:00:00Z"},
        }

    def _file(self, connection: Connection, name: str) -> None:
        game_id, first, last = self._files[name]
        with self._lock:
            self.downloads.append((game_id, first, last))
            faults = self.file_faults.get(game_id)
            fault = faults.popleft() if faults else None
        if fault == HANG:
            connection.hang()
        elif fault is not None:
            connection.reply(fault, b"<Error><Code>AccessDenied</Code></Error>", Content_Type="application/xml")
        else:
            body = self.bodies.get(game_id) or self._csv(game_id, first, last)
            connection.reply(200, body, Content_Type="text/csv")

    def _csv(self, game_id: str, first: date, last: date) -> bytes:
        rows = {day: row for day, row in sorted(self.figures[game_id].items()) if first <= day <= last}
        columns = list(dict.fromkeys(name for row in rows.values() for name in row))
        out = io.StringIO()
        writer = csv.writer(out)
        writer.writerow(["Date", *columns, *(["Note"] if game_id in self.filler else [])])
        for day, row in rows.items():
            filler = [self.filler[game_id]] if game_id in self.filler else []
            writer.writerow([day.isoformat(), *(row.get(name, "") for name in columns), *filler])
        return out.getvalue().encode()

    def _validate(self, connection: Connection, request: Request) -> None:
        if not self.app_of_tokens:
            super()._validate(connection, request)
            return
        mine, self.client_id = self.client_id, self.app_of_tokens
        super()._validate(connection, request)
        self.client_id = mine
