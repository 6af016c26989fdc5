"""Kick's claims, as they are described (A1, A5; protocols section 7.3)."""

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
from fulfillment.api.docs.describing import BASE, Answer, Body, Example, Operation, Parameter, Schema, ref
from fulfillment.api.docs.security import kick_callers
from fulfillment.api.kick.asking import DEFAULT_LIMIT, LONGEST_ID, LONGEST_STATUS, MAX_LIMIT, MAX_UPDATES
from fulfillment.api.kick.shape import INITIATED, PROCESSED
from fulfillment.rules.scopes import CLAIMS_READ, CLAIMS_WRITE

TAG = "Claims, as at Kick"
TEXT = (
    f"The calls of Kick's public API for Drops. A claim is `{INITIATED}` until it is fulfilled, then `{PROCESSED}`. Claims that "
    "are held, wait for a link or were abandoned are not listed.\n\n"
    "Each call needs the header `Authorization: Bearer …` with a token. Parameters that a call does not have are ignored."
)

_HEADER = '-H "Authorization: Bearer $TOKEN"'
_STATUS = identifier(LONGEST_STATUS)
_CLAIM: dict[str, Any] = {
    "claim_id": "01KAGD7Q3ZWB1V5G0S7T2N4M8C",
    "user_id": 4312876,
    "campaign_id": "01K9Z3M5N8Q2V4X7Z1C6B9D0FG",
    "reward_id": "01K9Z4J0H6T3D8E5R2Y7C1B9AQ",
    "external_id": "cape-of-the-north",
    "external_status": INITIATED,
    "created_at": "2026-11-20T12:00:00.512000Z",
    "updated_at": "2026-11-20T12:00:01.204000Z",
}
_OF_TWITCH = _CLAIM | {
    "claim_id": "01KAGE2T5XWB1V5G0S7T2N4M8D",
    "user_id": "player-4711",
    "platform": "twitch",
    "player_id": "player-4711",
}
EXAMPLE_UPDATE = {
    "claims": [
        {"claim_id": _CLAIM["claim_id"], "external_status": PROCESSED},
        {"claim_id": _OF_TWITCH["claim_id"], "external_status": "in the mailbox"},
    ]
}


def _envelope(data: Schema) -> Schema:
    return {
        "type": "object",
        "required": ["data", "message"],
        "properties": {"data": data, "message": {"type": "string", "description": "`OK`, or what was wrong."}},
    }


SCHEMAS: dict[str, Schema] = {
    "KickError": _envelope({"type": "null", "description": "Nothing."}) | {"description": "Why a call was refused."},
    "Claim": {
        "type": "object",
        "required": list(_CLAIM),
        "properties": {
            "claim_id": {"type": "string", "description": "The claim's id: Kick's own, or the portal's."},
            "user_id": {
                "type": ["integer", "string", "null"],
                "description": (
                    "The Kick user, a number of up to 64 bits. Of a claim from elsewhere the player's id in the game: text "
                    "where it is no number, `null` without one."
                ),
            },
            "campaign_id": {"type": "string", "description": "The campaign. Empty where nobody knows it."},
            "reward_id": {"type": "string", "description": "The reward. Empty where nobody knows it."},
            "external_id": {"type": "string", "description": "What the game calls the reward."},
            "external_status": {
                "type": "string",
                "description": f"`{INITIATED}`, `{PROCESSED}`, or the text that the client has set.",
            },
            "created_at": time("When it was granted."),
            "updated_at": time("When this last changed."),
            "platform": PLATFORM,
            "player_id": PLAYER_ID,
        },
    },
    "Claims": _envelope(
        {
            "type": "object",
            "description": "A page.",
            "required": ["claims", "cursor"],
            "properties": {
                "claims": {"type": "array", "items": ref("Claim"), "description": "The claims of this page."},
                "cursor": {
                    "type": "string",
                    "description": "The id of the last claim; on a page without claims the cursor that was passed.",
                },
            },
        }
    ),
    "ClaimUpdates": {
        "type": "object",
        "required": ["claims"],
        "properties": {
            "claims": {
                "type": "array",
                "minItems": 1,
                "maxItems": MAX_UPDATES,
                "description": "The claims, each with its status.",
                "items": {
                    "type": "object",
                    "additionalProperties": False,
                    "required": ["claim_id", "external_status"],
                    "properties": {
                        "claim_id": identifier(LONGEST_ID) | {"description": "The claim."},
                        "external_status": _STATUS
                        | {
                            "description": (
                                f"`{PROCESSED}`, and what the client has set as its own words for that, fulfils a claim. "
                                f"`{INITIATED}` says that it is not fulfilled. Any other text is kept and shown until it is."
                            )
                        },
                    },
                },
            }
        },
    },
    "PublicKey": _envelope(
        {
            "type": "object",
            "description": "The key.",
            "required": ["public_key"],
            "properties": {"public_key": {"type": "string", "description": "An RSA key in PEM."}},
        }
    ),
}


def refusal(status: int, text: str, *messages: str) -> Answer:
    """Return how a call of Kick's shape is refused."""
    headers = {429: {"Retry-After": ""}, 401: {"WWW-Authenticate": ""}}.get(status, {})
    examples = [Example(message, {"data": None, "message": message}) for message in messages]
    return Answer(text=text, schema=ref("KickError"), examples=examples, headers=headers)


def _refusals(scope: str) -> dict[int, Answer]:
    return {
        401: refusal(401, "The token is missing or worth nothing.", "Unauthorized"),
        403: refusal(403, "The client has not the scope.", f"Forbidden: this needs the scope {scope}."),
        429: refusal(429, TOO_MANY, "Too Many Requests"),
        500: refusal(500, FAULT, "Internal server error"),
    }


OPERATIONS = [
    Operation(
        path="/public/v1/drops/claims",
        method="GET",
        id="getDropsClaims",
        tag=TAG,
        title="List claims",
        text=(
            "Lists the claims of the client's organization, in the order in which they became visible. A player's token lists "
            "that player's own.\n\n"
            "Pages neither repeat nor skip a claim while others arrive. A page without claims is the last one for now; its "
            "cursor can be used later to see what has come since."
        ),
        parameters=[
            Parameter(
                name="campaign_id",
                schema=identifier(LONGEST_ID),
                text="Only claims of this campaign, by Kick's id or the portal's. An unknown one has no claims.",
            ),
            Parameter(name="claim_id", schema=identifier(LONGEST_ID), text="Only this claim."),
            Parameter(
                name="user_id",
                schema=identifier(LONGEST_ID),
                text="Only claims of this user, or for clients that list all platforms, of this player.",
            ),
            Parameter(name="external_status", schema=_STATUS, text="Only claims that show this status."),
            Parameter(
                name="limit",
                schema={"type": "integer", "minimum": 1, "maximum": MAX_LIMIT, "default": DEFAULT_LIMIT},
                text="How many at most in one page.",
            ),
            Parameter(
                name="cursor",
                schema={"anyOf": [{"const": "", "type": "string"}, identifier(LONGEST_ID)]},
                text=(
                    "Where the page begins: the `cursor` of the page before, or the id of any claim. One that the client cannot "
                    "see begins at the start, as does an empty one."
                ),
                examples=[_CLAIM["claim_id"]],
            ),
        ],
        security=kick_callers(CLAIMS_READ),
        request=f'curl -sS "{BASE}/public/v1/drops/claims?external_status={INITIATED}&limit=100" \\\n  {_HEADER}',
        answers={
            200: Answer(
                text="A page of claims; none is no error.",
                schema=ref("Claims"),
                examples=[
                    Example("A claim", {"data": {"claims": [_CLAIM], "cursor": _CLAIM["claim_id"]}, "message": "OK"}),
                    Example(
                        "For a client that lists the claims of all platforms",
                        {"data": {"claims": [_OF_TWITCH], "cursor": _OF_TWITCH["claim_id"]}, "message": "OK"},
                    ),
                    Example("Nothing new", {"data": {"claims": [], "cursor": _CLAIM["claim_id"]}, "message": "OK"}),
                ],
            ),
            400: refusal(
                400,
                "A parameter is not what it may be.",
                f"limit must be a whole number from 1 to {MAX_LIMIT}.",
                f"claim_id must be an id: 1 to {LONGEST_ID} characters, no control characters.",
            ),
            **_refusals(CLAIMS_READ),
        },
    ),
    Operation(
        path="/public/v1/drops/claims",
        method="PATCH",
        id="updateDropsClaims",
        tag=TAG,
        title="Mark claims as fulfilled",
        text=(
            f"Sets the status of 1 to {MAX_UPDATES} claims. That is how a game that fetches its claims says that it has granted "
            "them. Doing it again does no harm.\n\n"
            "What can be updated is updated, even where some of it cannot; the answer names those."
        ),
        body=Body(
            schema=ref("ClaimUpdates"),
            examples=[Example("One was granted, one is on its way", EXAMPLE_UPDATE)],
        ),
        security=kick_callers(CLAIMS_WRITE),
        request=(
            f'curl -sS -X PATCH "{BASE}/public/v1/drops/claims" \\\n  {_HEADER} -H "Content-Type: application/json" \\\n'
            f"""  -d '{{"claims": [{{"claim_id": "'"$CLAIM_ID"'", "external_status": "{PROCESSED}"}}]}}'"""
        ),
        answers={
            204: Answer(text="All were updated. The body is empty."),
            400: refusal(
                400,
                "The body is no JSON, or a claim or a status is not what it may be. Nothing was updated.",
                f'"claims" must have 1 to {MAX_UPDATES} items. It has 0.',
                'claims[0] must be an object with "claim_id" and "external_status", and nothing else.',
                "The body is not valid JSON.",
            ),
            404: refusal(
                404,
                "Some of the claims do not exist, or the client may not see them. All others that could be were updated.",
                "Not updated: 01KAGD7Q3ZWB1V5G0S7T2N4M8C (no such claim). All others were.",
            ),
            409: refusal(
                409,
                "All claims exist, and some could not be updated: their state forbids it, or their game is delivered to by the "
                "portal, which marks them itself. All others were updated.",
                "Not updated: 01KAGD7Q3ZWB1V5G0S7T2N4M8C (not possible in its state). All others were.",
            ),
            413: refusal(413, TOO_LARGE, TOO_LARGE_MESSAGE),
            **_refusals(CLAIMS_WRITE),
        },
    ),
    Operation(
        path="/public/v1/public-key",
        method="GET",
        id="getPublicKey",
        tag=TAG,
        title="Get Kick's public key",
        text=(
            "Returns the key that Kick signs its webhooks with, for programs that expect it here. No token is needed. It is not "
            "a key of the portal: its own deliveries are signed with a secret that each game has."
        ),
        security=[{}],
        request=f'curl -sS "{BASE}/public/v1/public-key"',
        answers={
            200: Answer(
                text="The key.",
                schema=ref("PublicKey"),
                examples=[
                    Example(
                        "A key",
                        {
                            "data": {"public_key": "-----BEGIN PUBLIC KEY-----\n…\n-----END PUBLIC KEY-----"},
                            "message": "OK",
                        },
                    )
                ],
            ),
            500: refusal(500, FAULT, "Internal server error"),
        },
    ),
]
