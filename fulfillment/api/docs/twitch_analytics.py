"""Twitch's game analytics, as they are described (A1; protocols section 2.3)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from fulfillment.api.docs.common import identifier, time
from fulfillment.api.docs.describing import BASE, Answer, Example, Operation, Parameter, Schema, ref
from fulfillment.api.docs.security import twitch_callers
from fulfillment.api.docs.twitch import COUNTED, HEADERS, NO_ORGANIZATION, refusal, refusals
from fulfillment.api.twitch.asking import LONGEST_ID
from fulfillment.api.twitch.report_files import COLUMNS, VALID_SECONDS
from fulfillment.api.twitch.reports_asking import LONGEST_DAYS, MAX_FIRST, MOST_REPORTS, REPORT_TYPE, cursor_of
from fulfillment.rules.scopes import ANALYTICS

TAG = "Game analytics, as at Twitch"
TEXT = (
    "Figures of a game by day, as a file that a spreadsheet opens. A client's own token can ask for them, and the token of a "
    f"member of the studio's staff who has granted the scope `{ANALYTICS}`."
)

_GAME = "01K9Z3M5N8Q2V4X7Z1C6B9D0FG"
_MINUTES = VALID_SECONDS // 60
_REPORT: dict[str, Any] = {
    "game_id": "33214",
    "URL": "https://drops.example.org/helix/analytics/files/eyJjIjoi…",
    "type": REPORT_TYPE,
    "date_range": {"started_at": "2026-11-01T00:00:00Z", "ended_at": "2026-11-19T00:00:00Z"},
}
_ROWS = (
    ("2026-11-19", "33214", "Starfall", "01K9Z4", "First light", "", "", "5480", "312", "40", "38", "1"),
    ("2026-11-19", "33214", "Starfall", "01K9Z4", "First light", "01K9Z5", "Comet banner", "", "", "40", "38", "1"),
)

SCHEMAS: dict[str, Schema] = {
    "GameReports": {
        "type": "object",
        "required": ["data", "pagination"],
        "properties": {
            "data": {
                "type": "array",
                "description": "A report for each game in whose campaigns anything happened.",
                "items": {
                    "type": "object",
                    "required": ["game_id", "URL", "type", "date_range"],
                    "properties": {
                        "game_id": {
                            "type": "string",
                            "description": "The game's Twitch category, else the portal's id of it.",
                        },
                        "URL": {
                            "type": "string",
                            "format": "uri",
                            "description": f"The file. The link is good for {_MINUTES} minutes and needs no token.",
                        },
                        "type": {"type": "string", "const": REPORT_TYPE, "description": "The kind of report."},
                        "date_range": {
                            "type": "object",
                            "description": "The days in the file, both inside.",
                            "required": ["started_at", "ended_at"],
                            "properties": {"started_at": time("The first day."), "ended_at": time("The last day.")},
                        },
                    },
                },
            },
            "pagination": ref("TwitchPagination"),
        },
    },
}


def _words(text: str, example: str, **more: Any) -> Answer:
    schema: Schema = {"type": "string"}
    return Answer(text=text, schema=schema, media_type="text/plain", examples=[Example(example, example)], **more)


def _day(name: str, text: str) -> Parameter:
    schema: Schema = {"type": "string", "format": "date-time"}
    return Parameter(name=name, schema=schema, text=text, examples=["2026-11-01T00:00:00Z"])


_LIST = Operation(
    path="/helix/analytics/games",
    method="GET",
    id="getGameAnalytics",
    tag=TAG,
    title="List reports",
    text=(
        "Lists a report for each game of the organization in whose campaigns anything happened in these days: a link to a "
        "file. Days are days in UTC; the last that can be reported is yesterday."
    ),
    parameters=[
        Parameter(
            name="game_id",
            schema=identifier(LONGEST_ID),
            text="Only this game: its Twitch category, or the portal's id of it. `after` is ignored then.",
        ),
        Parameter(name="type", schema={"type": "string", "enum": [REPORT_TYPE]}, text="The kind of report."),
        _day(
            "started_at",
            f"The first day, at midnight in UTC. Goes with `ended_at`. More than {LONGEST_DAYS} days ago counts as that.",
        ),
        _day("ended_at", "The last day, at midnight in UTC. Later than yesterday counts as yesterday."),
        Parameter(
            name="first",
            schema={"type": "integer", "minimum": 1, "maximum": MAX_FIRST, "default": MOST_REPORTS},
            text=f"How many at most in one page. A page never has more than {MOST_REPORTS}.",
        ),
        Parameter(
            name="after",
            schema={"type": "string"},
            text="Where the page begins: the `cursor` of the page before. Take it as it is.",
            examples=[cursor_of(_GAME)],
        ),
    ],
    security=twitch_callers(ANALYTICS, of_player=ANALYTICS),
    request=f'curl -sS "{BASE}/helix/analytics/games?type={REPORT_TYPE}" \\\n  {HEADERS}',
    answers={
        200: Answer(
            text="A page of reports; none is no error.",
            schema=ref("GameReports"),
            examples=[Example("One game", {"data": [_REPORT], "pagination": {}})],
            headers=COUNTED,
        ),
        400: refusal(
            400,
            "A parameter is not what it may be, or the client's organization may not use the portal.",
            "started_at and ended_at must be given together, or neither.",
            "ended_at must not be earlier than started_at.",
            f"first must be a whole number from 1 to {MAX_FIRST}.",
            "after must be a cursor that an earlier page gave.",
            "Reports are paged forward only: use after.",
            NO_ORGANIZATION,
        ),
        404: refusal(
            404,
            "The organization has no game that is called so. One of which nothing is to be reported gives an empty list.",
            "The game that game_id names was not found.",
        ),
        **refusals(ANALYTICS),
    },
)

OPERATIONS = [
    _LIST,
    replace(
        _LIST,
        path="/helix/analytics/game",
        id="getGameAnalyticsAtAnotherAddress",
        title="List reports, at another address",
        text="The same call for programs that use twitchAPI for Python, which asks at this address.",
        request=_LIST.request.replace(_LIST.path, "/helix/analytics/game"),
    ),
    Operation(
        path="/helix/analytics/files/{signed}",
        method="GET",
        id="getReportFile",
        tag=TAG,
        title="Fetch a report",
        text=(
            "The file behind the `URL` of a report, as CSV. A row of a campaign and a day has the watched minutes, the distinct "
            "viewers and the claims; the rows of its rewards, which follow it, have the claims alone. So sums over rows of one "
            "kind count nothing twice. Viewers of several days must not be added up: one who came on two days is in both.\n\n"
            "Read columns by their names: more may come, anywhere."
        ),
        parameters=[
            Parameter(
                name="signed",
                where="path",
                schema={"type": "string", "minLength": 1},
                text="Part of the link.",
                required=True,
            )
        ],
        security=[{}],
        request='curl -sS -o report.csv "$REPORT_URL"',
        answers={
            200: Answer(
                text="The file.",
                schema={"type": "string"},
                media_type="text/csv",
                examples=[
                    Example(
                        "A day, a campaign and its reward",
                        "\r\n".join(",".join(row) for row in (COLUMNS, *_ROWS)) + "\r\n",
                    )
                ],
            ),
            403: _words(
                "The link was changed, or whoever asked for it may not see the figures any more.",
                "This link is not valid. It was changed on its way, or whoever asked for it may not see these figures any more. "
                "Ask for the report again to get a new one.",
            ),
            410: _words(
                f"The link is older than {_MINUTES} minutes.",
                "This link has expired: it was valid for 5 minutes. Ask for the report again to get a new one.",
            ),
            503: _words(
                "The figures are still being worked out. Fetch the same link again after as many seconds as `Retry-After` says.",
                "The figures of these days are still being worked out. Fetch this link again in half a minute.",
                headers={"Retry-After": ""},
            ),
        },
    ),
]
