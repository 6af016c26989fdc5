"""Calls about tokens in the form of Twitch, as they are described (A1; protocols section 4)."""

from __future__ import annotations

from typing import Any

from fulfillment.api.docs import tokens
from fulfillment.api.docs.common import FAULT
from fulfillment.api.docs.describing import BASE, FORM, Answer, Body, Example, Operation, Schema, ref
from fulfillment.api.docs.security import APP, PLAYER
from fulfillment.oauth import faults
from fulfillment.oauth.faults import Fault
from fulfillment.oauth.server import APP_TOKEN_SECONDS, PLAYER_TOKEN_SECONDS
from fulfillment.rules.scopes import CLAIMS_READ

TAG = "Tokens, as at Twitch"
TEXT = (
    "Tokens in the form of Twitch's `id.twitch.tv/oauth2`. They serve in both shapes, like those in the form of Kick."
)

SCHEMAS: dict[str, Schema] = {
    "TwitchToken": {
        "type": "object",
        "required": ["access_token", "expires_in", "token_type"],
        "properties": {
            "access_token": {"type": "string", "description": "The token."},
            "expires_in": {"type": "integer", "description": "In how many seconds it ends."},
            "refresh_token": {"type": "string", "description": "Of a player's token: what gets another one."},
            "scope": {
                "type": "array",
                "items": {"type": "string"},
                "description": "The scopes that were asked for. Left out where a client asked for none.",
            },
            "token_type": {"type": "string", "const": "bearer", "description": "The kind."},
        },
    },
    "TwitchTokenInfo": {
        "type": "object",
        "required": ["client_id", "scopes", "expires_in"],
        "properties": {
            "client_id": {"type": "string", "description": "The client."},
            "scopes": {
                "type": "array",
                "items": {"type": "string"},
                "description": "The scopes that were asked for. Of a client's own token none means all that it has.",
            },
            "expires_in": {"type": "integer", "description": "In how many seconds it ends."},
            "user_id": {
                "type": "string",
                "description": "Of a player's token: the Twitch user where exactly one is linked, else the player's id.",
            },
            "login": {"type": "string", "description": "Of a player's token: the name that goes with it."},
        },
    },
    "TwitchTokenError": {
        "type": "object",
        "description": "Why a call about tokens was refused.",
        "required": ["status", "message"],
        "properties": {
            "status": {"type": "integer", "description": "The HTTP status."},
            "message": {"type": "string", "description": "What was wrong."},
        },
    },
    "TwitchRevocation": {
        "type": "object",
        "required": ["client_id", "token"],
        "properties": {
            "client_id": {"type": "string", "minLength": 1, "description": "The client that the token belongs to."},
            "token": {"type": "string", "minLength": 1, "description": "An access or refresh token."},
        },
    },
}


def _refusal(status: int, text: str, *messages: str, **more: Any) -> Answer:
    examples = [Example(message, {"status": status, "message": message}) for message in messages]
    return Answer(text=text, schema=ref("TwitchTokenError"), examples=examples, **more)


def _messages(status: int, among: tuple[Fault, ...]) -> list[str]:
    return [fault.message for fault in among if fault.twitch_status == status]


_SHARED = {
    413: _refusal(413, tokens.TOO_LARGE, tokens.TOO_LARGE_MESSAGE),
    429: _refusal(429, tokens.LIMITED, faults.TOO_MANY.message, headers={"Retry-After": ""}),
    500: _refusal(500, FAULT, "Internal server error"),
}

OPERATIONS = [
    Operation(
        path="/oauth2/token",
        method="POST",
        id="getToken",
        tag=TAG,
        title="Get a token",
        text=tokens.TOKEN_TEXT,
        body=tokens.token_body(),
        security=[{}],
        request=tokens.request_of_token("/oauth2/token"),
        answers={
            200: Answer(
                text="The token.",
                schema=ref("TwitchToken"),
                examples=[
                    Example(
                        "A client's own",
                        {"access_token": tokens.TOKEN_VALUE, "expires_in": APP_TOKEN_SECONDS, "token_type": "bearer"},
                    ),
                    Example(
                        "A player's",
                        {
                            "access_token": tokens.TOKEN_VALUE,
                            "expires_in": PLAYER_TOKEN_SECONDS,
                            "refresh_token": tokens.REFRESH_VALUE,
                            "scope": [CLAIMS_READ],
                            "token_type": "bearer",
                        },
                    ),
                ],
            ),
            400: _refusal(400, tokens.MALFORMED, *_messages(400, tokens.GRANT_FAULTS)),
            403: _refusal(403, "The secret is wrong.", *_messages(403, tokens.GRANT_FAULTS)),
            **_SHARED,
        },
    ),
    Operation(
        path="/oauth2/validate",
        method="GET",
        id="validateToken",
        tag=TAG,
        title="Ask what a token is good for",
        text="Tells whose token it is and how long it lives. The header may say `OAuth` or `Bearer`.",
        security=[{APP: ()}, {PLAYER: ()}],
        request=f'curl -sS "{BASE}/oauth2/validate" -H "Authorization: OAuth $TOKEN"',
        answers={
            200: Answer(
                text="The token is good.",
                schema=ref("TwitchTokenInfo"),
                examples=[
                    Example(
                        "A client's own",
                        {"client_id": tokens.CLIENT_ID_VALUE, "scopes": [], "expires_in": APP_TOKEN_SECONDS - 600},
                    ),
                    Example(
                        "A player's",
                        {
                            "client_id": tokens.CLIENT_ID_VALUE,
                            "scopes": [CLAIMS_READ],
                            "expires_in": PLAYER_TOKEN_SECONDS - 600,
                            "user_id": "25009227",
                            "login": "northern_star",
                        },
                    ),
                ],
            ),
            401: _refusal(
                401,
                "The token is missing, has ended, or was revoked.",
                "missing authorization token",
                "invalid access token",
                headers={"WWW-Authenticate": ""},
            ),
            429: _SHARED[429],
            500: _SHARED[500],
        },
    ),
    Operation(
        path="/oauth2/revoke",
        method="POST",
        id="revokeToken",
        tag=TAG,
        title="End a token",
        text="Ends an access or refresh token. Whoever holds it may end it. The parameters may come in the query instead.",
        body=Body(
            schema=ref("TwitchRevocation"),
            media_type=FORM,
            examples=[Example("A token", {"client_id": tokens.CLIENT_ID_VALUE, "token": tokens.TOKEN_VALUE})],
        ),
        security=[{}],
        request=(
            f"{tokens.fetch_token('/oauth2/token', name='OLD_TOKEN')}\n"
            f'curl -sS -X POST "{BASE}/oauth2/revoke" -d client_id="$CLIENT_ID" -d token="$OLD_TOKEN"'
        ),
        answers={
            200: Answer(text="It has ended. The body is empty."),
            400: _refusal(
                400,
                "A parameter is missing, or the client has no such token.",
                faults.NO_CLIENT_ID.message,
                "missing oauth token",
                faults.UNKNOWN_TOKEN.message,
            ),
            404: _refusal(404, "There is no such client.", faults.NO_SUCH_CLIENT.message),
            **_SHARED,
        },
    ),
    tokens.authorize("/oauth2/authorize", tag=TAG, operation_id="askPlayer", demands_state=False),
]
