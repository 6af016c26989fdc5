"""Twitch's entitlements, as they are described (A1, A5; protocols section 2)."""

from __future__ import annotations

from typing import Any

from fulfillment.api.docs.common import (
    FAULT,
    PLATFORM,
    PLAYER_ID,
    TOO_LARGE,
    TOO_LARGE_MESSAGE,
    TOO_MANY,
    identifier,
    time,
)
from fulfillment.api.docs.describing import BASE, Answer, Body, Example, Operation, Parameter, Schema, phrase, ref
from fulfillment.api.docs.security import twitch_callers
from fulfillment.api.twitch.asking import DEFAULT_FIRST, LONGEST_ID, MAX_FIRST, MAX_IDS
from fulfillment.api.twitch.cursors import cursor_of
from fulfillment.api.twitch.shape import CLAIMED, FULFILLED
from fulfillment.rules.scopes import CLAIMS_READ, CLAIMS_WRITE

TAG = "Entitlements, as at Twitch"
TEXT = (
    "The calls of Twitch's Helix API that a game backend makes for Drops. An entitlement is a claim: `CLAIMED` until it is "
    "fulfilled, then `FULFILLED`. Claims that are held, wait for a link or were abandoned are not listed.\n\n"
    "Each call needs two headers: `Authorization: Bearer …` with a token, and `Client-Id` with the id of the client that the "
    "token belongs to. Parameters that a call does not have are ignored, as at Twitch."
)
HEADERS = '-H "Authorization: Bearer $TOKEN" -H "Client-Id: $CLIENT_ID"'
COUNTED = {"Ratelimit-Limit": "", "Ratelimit-Remaining": "", "Ratelimit-Reset": ""}

_STATUSES = [CLAIMED, FULFILLED]
_RESULTS = {
    "SUCCESS": "the entitlement has this status now, or had it before",
    "INVALID_ID": "this is no id",
    "NOT_FOUND": "there is no such entitlement, or none that the client may see",
    "UNAUTHORIZED": "the game is delivered to by the portal, which marks its entitlements itself",
    "UPDATE_FAILED": "its present state forbids it; try again later",
}
_CURSOR = "^(A[Q-X][A-Za-z0-9_-]{10})?$"
_ENTITLEMENT: dict[str, Any] = {
    "id": "5da24a4f-2ef1-4a2c-8b1b-6a7a0a6e2c11",
    "benefit_id": "74c52265-e214-48a6-91b9-23b6014e8041",
    "timestamp": "2026-11-20T12:00:00.512000Z",
    "user_id": "25009227",
    "game_id": "33214",
    "fulfillment_status": CLAIMED,
    "last_updated": "2026-11-20T12:00:01.204000Z",
}
_OF_KICK = _ENTITLEMENT | {
    "id": "01KAGD7Q3ZWB1V5G0S7T2N4M8C",
    "benefit_id": "01K9Z4J0H6T3D8E5R2Y7C1B9AQ",
    "user_id": "player-4711",
    "game_id": "01K9Z3M5N8Q2V4X7Z1C6B9D0FG",
    "platform": "kick",
    "player_id": "player-4711",
}

EXAMPLE_UPDATE = {"entitlement_ids": [_ENTITLEMENT["id"], _OF_KICK["id"]], "fulfillment_status": FULFILLED}

SCHEMAS: dict[str, Schema] = {
    "TwitchError": {
        "type": "object",
        "description": "Why a call was refused.",
        "required": ["error", "status", "message"],
        "properties": {
            "error": {"type": "string", "description": "The words that belong to the status."},
            "status": {"type": "integer", "description": "The HTTP status."},
            "message": {"type": "string", "description": "What was wrong, and what is allowed."},
        },
    },
    "TwitchPagination": {
        "type": "object",
        "description": "Where the next page begins; empty on the last page.",
        "properties": {
            "cursor": {"type": "string", "description": "Pass it as `after`, with the same filters, for the next page."}
        },
    },
    "Entitlement": {
        "type": "object",
        "required": list(_ENTITLEMENT),
        "properties": {
            "id": {"type": "string", "description": "The entitlement's id: Twitch's own, or the portal's."},
            "benefit_id": {"type": "string", "description": "The reward. Empty where nobody knows it."},
            "timestamp": time("When it was granted."),
            "user_id": {
                "type": "string",
                "description": "The Twitch user; of a claim from elsewhere the player's id in the game, empty without one.",
            },
            "game_id": {
                "type": "string",
                "description": "The game's Twitch category; of a claim from elsewhere the portal's id of the game.",
            },
            "fulfillment_status": {"type": "string", "enum": _STATUSES, "description": "Whether it is fulfilled."},
            "last_updated": time("When this last changed."),
            "platform": PLATFORM,
            "player_id": PLAYER_ID,
        },
    },
    "Entitlements": {
        "type": "object",
        "required": ["data", "pagination"],
        "properties": {
            "data": {"type": "array", "items": ref("Entitlement"), "description": "The entitlements of this page."},
            "pagination": ref("TwitchPagination"),
        },
    },
    "EntitlementUpdate": {
        "type": "object",
        "required": ["entitlement_ids", "fulfillment_status"],
        "properties": {
            "entitlement_ids": {
                "type": "array",
                "items": {"type": "string"},
                "minItems": 1,
                "maxItems": MAX_IDS,
                "description": "The entitlements. One that is named twice is updated once.",
            },
            "fulfillment_status": {
                "type": "string",
                "enum": _STATUSES,
                "description": f"The status. `{CLAIMED}` for one that is fulfilled is kept in its history and changes nothing.",
            },
        },
    },
    "EntitlementResults": {
        "type": "object",
        "required": ["data"],
        "properties": {
            "data": {
                "type": "array",
                "description": "A group for each result that there was.",
                "items": {
                    "type": "object",
                    "required": ["status", "ids"],
                    "properties": {
                        "status": {
                            "type": "string",
                            "enum": list(_RESULTS),
                            "description": "\n\n".join(
                                [
                                    "What became of them:",
                                    "\n".join(f"- `{key}`: {what}" for key, what in _RESULTS.items()),
                                ]
                            ),
                        },
                        "ids": {
                            "type": "array",
                            "items": {"type": "string"},
                            "description": "The ids that it is about.",
                        },
                    },
                },
            }
        },
    },
}


def refusal(status: int, text: str, *messages: str, counted: bool = True) -> Answer:
    """Return how a call of Twitch's shape is refused. ``counted``: the headers that count calls are there."""
    examples = [
        Example(message, {"error": phrase(status), "status": status, "message": message}) for message in messages
    ]
    headers = COUNTED if counted else {}
    if status == 429:
        headers = headers | {"Retry-After": ""}
    if status == 401:
        headers = {"WWW-Authenticate": ""}
    return Answer(text=text, schema=ref("TwitchError"), examples=examples, headers=headers)


def refusals(scope: str) -> dict[int, Answer]:
    """Return how every call of Twitch's shape can be refused."""
    return {
        401: refusal(
            401,
            f"The token or the `Client-Id` is missing or wrong, the two do not belong together, or the client has not the "
            f"scope `{scope}`.",
            "OAuth token is missing",
            "Invalid OAuth token",
            "Client ID is missing",
            "Client ID and OAuth token do not match",
            f"Missing scope: {scope}",
        ),
        429: refusal(429, TOO_MANY, "Too Many Requests"),
        500: refusal(500, FAULT, "Internal server error", counted=False),
    }


NO_ORGANIZATION = "The client is not associated with a known organization."

_UPDATE_TEXT = (
    f"Sets the status of 1 to {MAX_IDS} entitlements. That is how a game that fetches its claims says that it has granted "
    "them. Doing it again does no harm.\n\n"
    "The answer tells what became of each, in groups. So look at it: a `200` does not say that all were updated."
)
_UPDATE_REQUEST = (
    'curl -sS -X PATCH "{address}" \\\n'
    f"  {HEADERS} \\\n"
    '  -H "Content-Type: application/json" \\\n'
    """  -d '{{"entitlement_ids": ["'"$CLAIM_ID"'"], "fulfillment_status": "FULFILLED"}}'"""
)


def _update(path: str, operation_id: str, title: str, text: str) -> Operation:
    return Operation(
        path=path,
        method="PATCH",
        id=operation_id,
        tag=TAG,
        title=title,
        text=text,
        body=Body(
            schema=ref("EntitlementUpdate"),
            examples=[Example("Two were granted", EXAMPLE_UPDATE)],
        ),
        security=twitch_callers(CLAIMS_WRITE),
        request=_UPDATE_REQUEST.format(address=f"{BASE}{path}"),
        answers={
            200: Answer(
                text="What became of each.",
                schema=ref("EntitlementResults"),
                examples=[
                    Example(
                        "One was updated, one is unknown",
                        {
                            "data": [
                                {"status": "SUCCESS", "ids": [_ENTITLEMENT["id"]]},
                                {"status": "NOT_FOUND", "ids": [_OF_KICK["id"]]},
                            ]
                        },
                    )
                ],
                headers=COUNTED,
            ),
            400: refusal(
                400,
                "The body is no JSON, has no ids or too many, or another status. Nothing was updated.",
                f"entitlement_ids must have 1 to {MAX_IDS} ids. It has 0.",
                f"fulfillment_status must be {CLAIMED} or {FULFILLED}.",
                "The body is not valid JSON.",
                NO_ORGANIZATION,
            ),
            413: refusal(413, TOO_LARGE, TOO_LARGE_MESSAGE),
            **refusals(CLAIMS_WRITE),
        },
    )


OPERATIONS = [
    Operation(
        path="/helix/entitlements/drops",
        method="GET",
        id="getDropsEntitlements",
        tag=TAG,
        title="List entitlements",
        text=(
            "Lists the entitlements of the client's organization, in the order in which they became visible. A player's "
            "token lists that player's own.\n\n"
            "Pages neither repeat nor skip an entitlement while others arrive. Fetch with `fulfillment_status=CLAIMED` what "
            "is to be granted, page by page until a page has no cursor."
        ),
        parameters=[
            Parameter(
                name="id",
                schema={"type": "array", "items": identifier(LONGEST_ID), "maxItems": MAX_IDS},
                text=(
                    f"Only these entitlements. May be repeated, up to {MAX_IDS} times (`id=1&id=2`). With it a page has room "
                    "for all of them."
                ),
            ),
            Parameter(
                name="user_id",
                schema=identifier(LONGEST_ID),
                text="Only those of this user. With a player's token it must be the player's own, so leave it out.",
            ),
            Parameter(
                name="game_id",
                schema=identifier(LONGEST_ID),
                text="Only those of this game: its Twitch category, or the portal's id of it.",
            ),
            Parameter(
                name="fulfillment_status",
                schema={"type": "string", "enum": _STATUSES},
                text="Only those with this status.",
            ),
            Parameter(
                name="first",
                schema={"type": "integer", "minimum": 1, "maximum": MAX_FIRST, "default": DEFAULT_FIRST},
                text="How many at most in one page.",
            ),
            Parameter(
                name="after",
                schema={"type": "string", "pattern": _CURSOR},
                text=(
                    "Where the page begins: the `cursor` of the page before. Take it as it is; what it is made of may change. "
                    "Empty begins at the start."
                ),
                examples=[cursor_of(1284)],
            ),
        ],
        security=twitch_callers(CLAIMS_READ),
        request=f'curl -sS "{BASE}/helix/entitlements/drops?fulfillment_status=CLAIMED&first=100" \\\n  {HEADERS}',
        answers={
            200: Answer(
                text="A page of entitlements; none is no error.",
                schema=ref("Entitlements"),
                examples=[
                    Example("There are more", {"data": [_ENTITLEMENT], "pagination": {"cursor": cursor_of(1284)}}),
                    Example(
                        "The last page, for a client that lists the claims of all platforms",
                        {
                            "data": [_ENTITLEMENT | {"platform": "twitch", "player_id": None}, _OF_KICK],
                            "pagination": {},
                        },
                    ),
                ],
                headers=COUNTED,
            ),
            400: refusal(
                400,
                "A parameter is not what it may be, or the client's organization may not use the portal.",
                f"first must be a whole number from 1 to {MAX_FIRST}.",
                f"fulfillment_status must be {CLAIMED} or {FULFILLED}.",
                "after must be a cursor that an earlier page gave.",
                "user_id must match the user ID in the user access token.",
                NO_ORGANIZATION,
            ),
            403: refusal(
                403,
                "The organization has no such game, or no such entitlement.",
                "The organization does not own the game that game_id names.",
                "The organization does not own an entitlement that id names.",
            ),
            **refusals(CLAIMS_READ),
        },
    ),
    _update("/helix/entitlements/drops", "updateDropsEntitlements", "Mark entitlements as fulfilled", _UPDATE_TEXT),
    _update(
        "/helix/entitlements/drops/update",
        "updateDropsEntitlementsAtItsOwnPath",
        "Mark entitlements as fulfilled, at another address",
        "The same call for programs that were made from the published contract, which has the update at a path of its own.",
    ),
]
