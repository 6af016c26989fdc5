"""The calls about game state, as they are described (G, A1)."""

from __future__ import annotations

from typing import Any

from campaigns.rules.game_state.codes import BROADCASTERS, ID_LENGTH
from fulfillment.api.docs.common import FAULT, TOO_MANY, identifier, time
from fulfillment.api.docs.describing import BASE, Answer, Example, Operation, Parameter, Schema, ref
from fulfillment.api.docs.security import callers_with_any
from fulfillment.api.game_state.asking import LONGEST_BROADCASTER_ID, LONGEST_ID, MAX_PLAYERS
from fulfillment.api.game_state.base import NO_SUCH_GAME, NOT_ALLOWED, NOT_ENABLED
from fulfillment.api.game_state.sessions import MOST_SESSIONS, NO_SUCH_SESSION
from fulfillment.rules.scopes import GAME_STATE_READ, GAME_STATE_WRITE

TAG = "Game state"
TEXT = (
    "What game servers stream to the portal over a WebSocket, and for whom they may. A client needs the scope, and the game must "
    "be on its list: an owner chooses both on the client's page. A person's token sees what is about that person's own channels, "
    f"and must have been asked for `{GAME_STATE_READ}` or `{GAME_STATE_WRITE}` by name.\n\n"
    "Each call needs the header `Authorization: Bearer …` with a token. Pages of every site may call, so that overlays can: with a "
    "person's token, since whoever looks at the page can read it.\n\n"
    "A broadcaster is named by the platform and the user id there, like `twitch:12345`."
)

_HEADER = '-H "Authorization: Bearer $TOKEN"'
_EITHER = f"{GAME_STATE_READ} or {GAME_STATE_WRITE}"

_GAME = "01K9Z3M5N8Q2V4X7Z1C6B9D0FG"
_BROADCASTER: dict[str, Any] = {
    "id": "twitch:12345",
    "platform": "twitch",
    "login": "mira_plays",
    "name": "Mira_Plays",
    "live": True,
}
_SESSION: dict[str, Any] = {
    "id": "01KAGD7Q3ZWB1V5G0S7T2N4M8C",
    "game_id": _GAME,
    "session_id": "match-8123",
    "authoritative": True,
    "connected": True,
    "started_at": "2026-11-20T12:00:00Z",
    "last_message_at": "2026-11-20T12:09:31.204000Z",
    "broadcasters": [_BROADCASTER],
    "revision": 412,
    "data": {"map": "Harbour", "round": 3, "score": {"red": 2, "blue": 1}},
}

_BROADCASTER_FIELDS: dict[str, Schema] = {
    "id": {"type": "string", "description": "What to name in `broadcaster_ids` when connecting."},
    "platform": {"type": "string", "description": "The platform."},
    "login": {"type": "string", "description": "The channel's name in addresses. Empty where nobody knows it."},
    "name": {"type": "string", "description": "The channel's name as it is shown. Empty where nobody knows it."},
    "live": {"type": "boolean", "description": "Whether the channel streams now, as far as the portal knows."},
}

SCHEMAS: dict[str, Schema] = {
    "GameStateError": {
        "type": "object",
        "description": "Why a call was refused.",
        "required": ["status", "message"],
        "properties": {
            "status": {"type": "integer", "description": "The HTTP status."},
            "message": {"type": "string", "description": "What was wrong, and what is allowed."},
        },
    },
    "PlayerBroadcasters": {
        "type": "object",
        "description": "A player, and the broadcasters that it is.",
        "required": ["player_id", "broadcasters"],
        "properties": {
            "player_id": {"type": "string", "description": "The player's id in the game."},
            "broadcasters": {
                "type": "array",
                "description": "The linked channels: at most one on each platform. Empty for a player who is unknown or has none.",
                "items": {
                    "type": "object",
                    "required": [*_BROADCASTER_FIELDS, "known_at"],
                    "properties": _BROADCASTER_FIELDS
                    | {
                        "known_at": {
                            "type": ["string", "null"],
                            "format": "date-time",
                            "description": (
                                "When the portal was last told that: by a heartbeat or by the platform. `null`: nothing has "
                                "told of the channel yet. The platform is asked within about a minute; ask again then."
                            ),
                        }
                    },
                },
            },
        },
    },
    "GameSession": {
        "type": "object",
        "description": "A session that a game server streams.",
        "required": list(_SESSION),
        "properties": {
            "id": {
                "type": "string",
                "description": "The portal's id of the session: `session` in the gateway's answer.",
            },
            "game_id": {"type": "string", "description": "The portal's id of the game."},
            "session_id": {
                "type": "string",
                "maxLength": ID_LENGTH,
                "description": "The game's own id of the session.",
            },
            "authoritative": {
                "type": "boolean",
                "description": "Whether the state came from the game's own server, with a client's own token: else anybody may have sent it.",
            },
            "connected": {"type": "boolean", "description": "Whether a server streams it just now. It may come back."},
            "started_at": time("When it began."),
            "last_message_at": time("When the last message came."),
            "broadcasters": {
                "type": "array",
                "description": f"Whose streams show it: up to {BROADCASTERS} channels.",
                "items": {"type": "object", "required": list(_BROADCASTER), "properties": _BROADCASTER_FIELDS},
            },
            "revision": {"type": "integer", "description": "Rises with each change of the state."},
            "data": {"type": "object", "description": "The merged state, up to a few seconds old."},
        },
    },
}


def _refusal(status: int, text: str, *messages: str, **more: Any) -> Answer:
    examples = [Example(message, {"status": status, "message": message}) for message in messages]
    return Answer(text=text, schema=ref("GameStateError"), examples=examples, **more)


def _refusals(scopes: str, *wrong: str, missing: str) -> dict[int, Answer]:
    return {
        400: _refusal(400, "A parameter is missing or wrong.", *wrong),
        401: _refusal(
            401, "The token is missing, has ended, or was revoked.", "Unauthorized", headers={"WWW-Authenticate": ""}
        ),
        403: _refusal(
            403,
            "The token is good, and does not allow this.",
            f"This needs the scope {scopes}.",
            NOT_ENABLED,
            *([NOT_ALLOWED] if missing == NO_SUCH_GAME else []),
        ),
        404: _refusal(404, "It does not exist, or belongs to another organization.", missing),
        429: _refusal(429, TOO_MANY, "Too Many Requests", headers={"Retry-After": ""}),
        500: _refusal(500, FAULT, "Internal server error"),
    }


_UNCHANGED = Answer(text="Nothing has changed since the answer that `If-None-Match` names.", headers={"ETag": ""})
_IF_NONE_MATCH = Parameter(
    name="If-None-Match",
    where="header",
    schema={"type": "string"},
    text="The `ETag` of the answer that you have. Browsers send it by themselves.",
)
_BROADCASTER_ID = {
    "type": "string",
    "maxLength": LONGEST_BROADCASTER_ID,
    "pattern": r"^[a-z0-9_-]{1,32}:[^\x00-\x1f\x7f-\x9f]{1,200}$",
}

OPERATIONS = [
    Operation(
        path="/game-state/v1/broadcasters",
        method="GET",
        id="getBroadcasters",
        tag=TAG,
        title="Find for whom to stream",
        text=(
            "Tells which broadcasters the players of a match are, and who of them is live: connect for those, and only for "
            "those. Listed are players whose account is linked and whose authorization the platform has not taken back."
        ),
        parameters=[
            Parameter(
                name="game_id", schema=identifier(LONGEST_ID), text="The portal's id of the game.", required=True
            ),
            Parameter(
                name="player_id",
                schema={"type": "array", "items": identifier(LONGEST_ID), "minItems": 1, "maxItems": MAX_PLAYERS},
                text=(
                    f"The players' ids in the game, up to {MAX_PLAYERS}. With a person's token only that person's own are "
                    "found, and it may be left out."
                ),
            ),
        ],
        security=callers_with_any(GAME_STATE_READ, GAME_STATE_WRITE),
        request=f'curl -sS "{BASE}/game-state/v1/broadcasters?game_id=$GAME_ID&player_id=player-4711&player_id=player-4712" \\\n  {_HEADER}',
        answers={
            200: Answer(
                text="For each player, in the order that was asked in, the linked broadcasters.",
                schema={
                    "type": "object",
                    "required": ["data"],
                    "properties": {
                        "data": {
                            "type": "array",
                            "description": "The players.",
                            "items": ref("PlayerBroadcasters"),
                        }
                    },
                },
                examples=[
                    Example(
                        "One player is live, the other is nobody's",
                        {
                            "data": [
                                {
                                    "player_id": "player-4711",
                                    "broadcasters": [{**_BROADCASTER, "known_at": "2026-11-20T12:09:00Z"}],
                                },
                                {"player_id": "player-4712", "broadcasters": []},
                            ]
                        },
                    )
                ],
            ),
            **_refusals(
                _EITHER,
                "game_id is missing.",
                "player_id is missing: give it once for each player.",
                missing=NO_SUCH_GAME,
            ),
        },
    ),
    Operation(
        path="/game-state/v1/sessions",
        method="GET",
        id="getSessions",
        tag=TAG,
        title="Read what is streamed",
        text=(
            f"Lists the open sessions, of all that you may see or about one broadcaster, the newest first, at most {MOST_SESSIONS}. Ask again with the `ETag`: "
            "while nothing has changed, the answer is 304 and costs little. States are written every few seconds, those with an "
            "event at once: to ask more often is of no use."
        ),
        parameters=[
            Parameter(
                name="broadcaster_id",
                schema=_BROADCASTER_ID,
                text="Only sessions about this broadcaster, like `twitch:12345`.",
                examples=["twitch:12345"],
            ),
            Parameter(
                name="game_id", schema=identifier(LONGEST_ID), text="Only sessions of this game, by the portal's id."
            ),
            _IF_NONE_MATCH,
        ],
        security=callers_with_any(GAME_STATE_READ),
        request=f'curl -sS "{BASE}/game-state/v1/sessions?broadcaster_id=twitch:12345" {_HEADER}',
        answers={
            200: Answer(
                text="The sessions. Without any the list is empty.",
                schema={
                    "type": "object",
                    "required": ["data"],
                    "properties": {
                        "data": {"type": "array", "description": "The sessions.", "items": ref("GameSession")}
                    },
                },
                examples=[Example("A match", {"data": [_SESSION]}), Example("Nothing is streamed", {"data": []})],
                headers={"ETag": ""},
            ),
            304: _UNCHANGED,
            **_refusals(
                GAME_STATE_READ,
                'broadcaster_id must be a platform and the user id there, like "twitch:12345".',
                missing=NO_SUCH_GAME,
            ),
        },
    ),
    Operation(
        path="/game-state/v1/sessions/{session}",
        method="GET",
        id="getSession",
        tag=TAG,
        title="Read one session",
        text="Returns one open session. A game server knows its id from the gateway's answer to `connect`.",
        parameters=[
            Parameter(
                name="session",
                where="path",
                schema={"type": "string", "minLength": 1, "pattern": "^[0-9A-Za-z]+$"},
                text="The portal's id of the session.",
                required=True,
            ),
            _IF_NONE_MATCH,
        ],
        security=callers_with_any(GAME_STATE_READ),
        request=f'curl -sS "{BASE}/game-state/v1/sessions/$SESSION" {_HEADER}',
        answers={
            200: Answer(
                text="The session.",
                schema=ref("GameSession"),
                examples=[Example("A match", _SESSION)],
                headers={"ETag": ""},
            ),
            304: _UNCHANGED,
            **{
                status: answer
                for status, answer in _refusals(GAME_STATE_READ, missing=NO_SUCH_SESSION).items()
                if status != 400
            },
        },
    ),
]
