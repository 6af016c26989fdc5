"""Calls about tokens, as they are described: in the form of Twitch and in that of Kick (A1; protocols, OAuth).

The two forms differ in what they answer; what is asked is the same, and is described once.
"""

from __future__ import annotations

from typing import Any

from fulfillment.api.docs.describing import BASE, FORM, Answer, Body, Example, Operation, Parameter, Schema
from fulfillment.oauth.faults import (
    BAD_CODE,
    BAD_REFRESH_TOKEN,
    BAD_SCOPE,
    GRANT_NOT_ALLOWED,
    NO_CLIENT_ID,
    NO_SECRET,
    OTHER_ADDRESS,
    UNKNOWN_CLIENT,
    UNKNOWN_GRANT,
    WRONG_SECRET,
)
from fulfillment.oauth.parameters import BODY_LIMIT_BYTES, LONGEST_VALUE
from fulfillment.oauth.server import APP_TOKEN_SECONDS, PLAYER_TOKEN_SECONDS

GRANT_FAULTS = (
    NO_CLIENT_ID,
    NO_SECRET,
    UNKNOWN_CLIENT,
    WRONG_SECRET,
    UNKNOWN_GRANT,
    BAD_CODE,
    OTHER_ADDRESS,
    BAD_REFRESH_TOKEN,
    BAD_SCOPE,
    GRANT_NOT_ALLOWED,
)
LIMITED = "Too many calls about tokens came from one address, or for one client. Keep a token until it ends."
TOO_LARGE = f"The body has more than {BODY_LIMIT_BYTES:,} bytes."
TOO_LARGE_MESSAGE = f"The body may have at most {BODY_LIMIT_BYTES} bytes."
MALFORMED = "A parameter is missing or wrong, or is there twice with different values. The message says which."

CLIENT_ID_VALUE = "hof5gwx0su6owfnys0nyan9c87zr6t"
SECRET_VALUE = "MXbsSxY2A0s0lQ0dYwJ5rVb2mNsv3pM4cGm3Zr0xTQk"
TOKEN_VALUE = "rfx2uswqe8l4g1mkagrvg5tv0ks3abcd0123456789A"
REFRESH_VALUE = "5b93chm6hdve3mycz05zfzatkfdenfspp1h1ar2xxdA"

_VALUE: Schema = {"type": "string", "minLength": 1, "maxLength": LONGEST_VALUE}
_GRANTS = {
    "client_credentials": (),
    "authorization_code": ("code", "redirect_uri", "code_verifier"),
    "refresh_token": ("refresh_token",),
}

SCHEMAS: dict[str, Schema] = {
    "TokenRequest": {
        "type": "object",
        "required": ["client_id", "client_secret", "grant_type"],
        "properties": {
            "client_id": _VALUE | {"description": "The client's id."},
            "client_secret": _VALUE
            | {"description": "The client's secret. Id and secret may come by HTTP Basic instead."},
            "grant_type": {
                "type": "string",
                "enum": list(_GRANTS),
                "description": (
                    "What the token is for: the client itself, a player who has just allowed it, or a player whose token ended."
                ),
            },
            "scope": _VALUE
            | {"description": "Fewer scopes than the client has, with spaces between them. Left out: all that it has."},
            "code": _VALUE | {"description": "Of `authorization_code`: the code that the player came back with."},
            "redirect_uri": _VALUE
            | {"description": "Of `authorization_code`: the address that the player came back to."},
            "code_verifier": _VALUE
            | {"description": "Of `authorization_code`: the PKCE verifier that the challenge was made from."},
            "refresh_token": _VALUE
            | {"description": "Of `refresh_token`: the one that came with the token that ended."},
        },
        "allOf": [
            {"if": {"properties": {"grant_type": {"const": grant}}}, "then": {"required": list(needed)}}
            for grant, needed in _GRANTS.items()
            if needed
        ],
    }
}


def request_of_token(path: str) -> str:
    """Return the command that gets a client's own token."""
    return (
        f'curl -sS -X POST "{BASE}{path}" \\\n'
        '  -d client_id="$CLIENT_ID" -d client_secret="$CLIENT_SECRET" -d grant_type=client_credentials'
    )


def fetch_token(path: str, *, name: str = "TOKEN") -> str:
    """Return the command that gets a client's own token and keeps it under a name."""
    return f"""{name}=$({request_of_token(path)} \\
  | sed -n 's/.*"access_token":"\\([^"]*\\)".*/\\1/p')"""


FETCH_TOKEN = fetch_token("/oauth2/token")
"""The command that puts a token where the examples take it from."""

TOKEN_TEXT = (
    "Gives an access token. With `client_credentials` it is the client's own and lives "
    f"{APP_TOKEN_SECONDS // 86400} days; there is no refresh token, just ask again. With `authorization_code` it is that of a "
    f"player who has allowed the client to act for them, and lives {PLAYER_TOKEN_SECONDS // 3600} hours; `refresh_token` gets "
    "another. A refresh token can be used again and again.\n\n"
    "The parameters may come as a form, as JSON, or in the query with an empty body, as public clients of both platforms send "
    "them."
)
AUTHORIZE_TEXT = (
    "A page, not a call: send the player's browser there. The player signs in, sees what the client asks for, and is sent back "
    "to `redirect_uri` with a `code` that is good for one minute, or with an `error`. PKCE is always needed."
)


def token_body() -> Body:
    """Return the body of a call that gets a token."""
    client = {"client_id": CLIENT_ID_VALUE, "client_secret": SECRET_VALUE}
    return Body(
        schema={"$ref": "#/components/schemas/TokenRequest"},
        media_type=FORM,
        examples=[
            Example("The client's own token", client | {"grant_type": "client_credentials"}),
            Example(
                "The token of a player who came back with a code",
                client
                | {
                    "grant_type": "authorization_code",
                    "code": "gulfwdmys5lsm6qyz4xiz9q32l10",
                    "redirect_uri": "https://game.example.org/back",
                    "code_verifier": "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk",
                },
            ),
            Example(
                "Another token of that player", client | {"grant_type": "refresh_token", "refresh_token": REFRESH_VALUE}
            ),
        ],
    )


def authorize(path: str, *, tag: str, operation_id: str, demands_state: bool) -> Operation:
    """Describe the page on which a player allows a client to act for them."""

    def parameter(name: str, text: str, **schema: Any) -> Parameter:
        optional = name == "scope" or (name == "state" and not demands_state)
        return Parameter(name=name, schema=_VALUE | schema, text=text, required=not optional)

    html: dict[str, Any] = {"media_type": "text/html", "schema": {"type": "string", "description": "A page."}}
    query = (
        "response_type=code&scope=claims:read&state=$STATE&code_challenge=$CHALLENGE&code_challenge_method=S256"
        "&client_id=$CLIENT_ID&redirect_uri=$REDIRECT_URI"
    )
    return Operation(
        path=path,
        method="GET",
        id=operation_id,
        tag=tag,
        title="Ask a player for permission",
        text=AUTHORIZE_TEXT,
        parameters=[
            parameter("client_id", "The client's id."),
            parameter("redirect_uri", "One of the addresses that are registered for the client, to the letter."),
            parameter("response_type", "Always `code`.", enum=["code"]),
            parameter("scope", "The scopes, with spaces between them. A player's own claims need none."),
            parameter("state", "Comes back as it is: a value that only this browser's session knows."),
            parameter(
                "code_challenge", "The SHA-256 digest of the verifier, in base64url.", pattern="^[A-Za-z0-9_-]{43}$"
            ),
            parameter("code_challenge_method", "Always `S256`.", enum=["S256"]),
        ],
        security=[{}],
        request=f'echo "{BASE}{path}?{query}"',
        answers={
            200: Answer(text="The page that asks the player.", **html),
            302: Answer(
                text="The browser goes on: to the sign-in, or back to the client with what is wrong.",
                headers={"Location": ""},
            ),
            400: Answer(
                text="The client or its address is not known, so the browser is sent nowhere. A page says so.", **html
            ),
            429: Answer(text="Too many requests came from one address.", **html),
        },
    )
