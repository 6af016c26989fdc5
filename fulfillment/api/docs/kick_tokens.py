"""Calls about tokens in the form of Kick, as they are described (A1; protocols section 7.4)."""

from __future__ import annotations

from typing import Any

from fulfillment.api.docs import tokens
from fulfillment.api.docs.common import FAULT
from fulfillment.api.docs.describing import BASE, Answer, Example, Operation, Parameter, Schema, ref
from fulfillment.api.docs.kick import refusal
from fulfillment.api.docs.security import KICK_APP, KICK_PLAYER
from fulfillment.oauth import faults
from fulfillment.oauth.server import APP_TOKEN_SECONDS, PLAYER_TOKEN_SECONDS
from fulfillment.rules.scopes import CLAIMS_READ

TAG = "Tokens, as at Kick"
TEXT = "Tokens in the form of Kick's `id.kick.com/oauth`. They serve in both shapes, like those in the form of Twitch."

SCHEMAS: dict[str, Schema] = {
    "KickToken": {
        "type": "object",
        "required": ["access_token", "token_type", "expires_in"],
        "properties": {
            "access_token": {"type": "string", "description": "The token."},
            "token_type": {"type": "string", "const": "Bearer", "description": "The kind."},
            "refresh_token": {"type": "string", "description": "Of a player's token: what gets another one."},
            "expires_in": {"type": "integer", "description": "In how many seconds it ends."},
            "scope": {
                "type": "string",
                "description": "The scopes that were asked for, with spaces. Left out where a client asked for none.",
            },
        },
    },
    "KickTokenInfo": {
        "type": "object",
        "required": ["data", "message"],
        "properties": {
            "data": {
                "type": "object",
                "description": "The token.",
                "required": ["active", "client_id", "token_type", "scope"],
                "properties": {
                    "active": {"type": "boolean", "description": "Whether it is good."},
                    "client_id": {"type": "string", "description": "The client."},
                    "token_type": {
                        "type": "string",
                        "enum": ["app", "user"],
                        "description": "A client's own, or a player's.",
                    },
                    "scope": {"type": "string", "description": "The scopes that were asked for, with spaces."},
                    "exp": {"type": "integer", "description": "When it ends, in seconds since 1970 (UTC)."},
                },
            },
            "message": {"type": "string", "description": "`OK`."},
        },
    },
    "KickTokenError": {
        "type": "object",
        "description": "Why a call about tokens was refused.",
        "required": ["error", "error_description"],
        "properties": {
            "error": {"type": "string", "description": "OAuth's word for it."},
            "error_description": {"type": "string", "description": "What was wrong."},
        },
    },
}


def _refusal(status: int, text: str, *given: faults.Fault, **more: Any) -> Answer:
    examples = [
        Example(fault.message, {"error": fault.error, "error_description": fault.message})
        for fault in given
        if fault.status == status
    ]
    return Answer(text=text, schema=ref("KickTokenError"), examples=examples, **more)


_SHARED = {
    413: _refusal(413, tokens.TOO_LARGE, faults.Fault("invalid_request", tokens.TOO_LARGE_MESSAGE, 413)),
    429: _refusal(429, tokens.LIMITED, faults.TOO_MANY, headers={"Retry-After": ""}),
    500: _refusal(500, FAULT, faults.Fault("server_error", "Internal server error", 500)),
}
_BASIC = {"WWW-Authenticate": ""}

OPERATIONS = [
    Operation(
        path="/oauth/token",
        method="POST",
        id="getKickToken",
        tag=TAG,
        title="Get a token",
        text=tokens.TOKEN_TEXT,
        body=tokens.token_body(),
        security=[{}],
        request=tokens.request_of_token("/oauth/token"),
        answers={
            200: Answer(
                text="The token.",
                schema=ref("KickToken"),
                examples=[
                    Example(
                        "A client's own",
                        {"access_token": tokens.TOKEN_VALUE, "token_type": "Bearer", "expires_in": APP_TOKEN_SECONDS},
                    ),
                    Example(
                        "A player's",
                        {
                            "access_token": tokens.TOKEN_VALUE,
                            "token_type": "Bearer",
                            "refresh_token": tokens.REFRESH_VALUE,
                            "expires_in": PLAYER_TOKEN_SECONDS,
                            "scope": CLAIMS_READ,
                        },
                    ),
                ],
            ),
            400: _refusal(400, tokens.MALFORMED, *tokens.GRANT_FAULTS),
            401: _refusal(401, "Client or secret are missing or wrong.", *tokens.GRANT_FAULTS, headers=_BASIC),
            **_SHARED,
        },
    ),
    Operation(
        path="/oauth/token/introspect",
        method="POST",
        id="introspectToken",
        tag=TAG,
        title="Ask what a token is good for",
        text="Tells what the very token that the call shows is good for, and how long.",
        security=[{KICK_APP: ()}, {KICK_PLAYER: ()}],
        request=f'curl -sS -X POST "{BASE}/oauth/token/introspect" -H "Authorization: Bearer $TOKEN"',
        answers={
            200: Answer(
                text="The token is good.",
                schema=ref("KickTokenInfo"),
                examples=[
                    Example(
                        "A player's",
                        {
                            "data": {
                                "active": True,
                                "client_id": tokens.CLIENT_ID_VALUE,
                                "token_type": "user",
                                "scope": CLAIMS_READ,
                                "exp": 1795176000,
                            },
                            "message": "OK",
                        },
                    )
                ],
            ),
            401: refusal(401, "The token is missing, has ended, or was revoked.", "Unauthorized"),
            429: _SHARED[429],
            500: _SHARED[500],
        },
    ),
    Operation(
        path="/oauth/revoke",
        method="POST",
        id="revokeKickToken",
        tag=TAG,
        title="End a token",
        text="Ends an access or refresh token. Whoever holds it may end it. One that is none any more has ended, too.",
        parameters=[
            Parameter(
                name="token",
                schema={"type": "string", "minLength": 1},
                text="The token. It may come in the body instead.",
                required=True,
            ),
            Parameter(
                name="token_hint_type",
                schema={"type": "string"},
                text="Which kind it is, `access_token` or `refresh_token`. It is not needed: the portal looks.",
            ),
        ],
        security=[{}],
        request=(
            f"{tokens.fetch_token('/oauth/token', name='OLD_TOKEN')}\n"
            f'curl -sS -X POST "{BASE}/oauth/revoke?token=$OLD_TOKEN&token_hint_type=access_token"'
        ),
        answers={
            200: Answer(
                text="It has ended.",
                schema={"type": "string"},
                examples=[Example("Done", "OK")],
                media_type="text/plain",
            ),
            400: _refusal(400, "The token is missing.", faults.Fault("invalid_request", "missing token")),
            **_SHARED,
        },
    ),
    tokens.authorize("/oauth/authorize", tag=TAG, operation_id="askKickPlayer", demands_state=True),
]
