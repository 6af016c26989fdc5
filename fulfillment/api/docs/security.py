"""Who may call, as OpenAPI says it: the kinds of tokens, where each comes from, and the header that goes with Twitch's (A1)."""

from __future__ import annotations

from collections.abc import Sequence

from fulfillment.api.docs.describing import Schema
from fulfillment.rules.scopes import SCOPE_NAMES

APP, PLAYER, CLIENT_ID = "appToken", "playerToken", "clientId"
KICK_APP, KICK_PLAYER = "kickAppToken", "kickPlayerToken"

LABELS = {APP: "A client's own token", PLAYER: "a player's token"} | {
    KICK_APP: "A client's own token",
    KICK_PLAYER: "a player's token",
}
"""What the kinds of tokens are called on the page."""

_OWN = "A client's own token. It has all scopes of the client unless it was asked for fewer."
_OF_PLAYER = (
    "The token of a player who allowed the client to act for them. What it lists and updates are that player's own claims, "
    "for which it needs no scope of its own; the client still needs it. Figures and game state it must be asked for by name."
)


def security_schemes(base: str) -> dict[str, Schema]:
    """Return the kinds of tokens of a portal at this address."""
    return {
        APP: _own(f"{base}/oauth2"),
        PLAYER: _of_player(f"{base}/oauth2"),
        CLIENT_ID: {
            "type": "apiKey",
            "in": "header",
            "name": "Client-Id",
            "description": "The id of the client that the token belongs to. Calls of Twitch's shape need it beside the token.",
        },
        KICK_APP: _own(f"{base}/oauth"),
        KICK_PLAYER: _of_player(f"{base}/oauth"),
    }


def twitch_callers(scope: str, *, of_player: str = "") -> list[dict[str, Sequence[str]]]:
    """Say that a call takes both kinds of tokens. ``of_player`` is the scope that a player's token needs itself."""
    return _callers(APP, PLAYER, scope, of_player, {CLIENT_ID: ()})


def kick_callers(scope: str) -> list[dict[str, Sequence[str]]]:
    """Say that a call takes both kinds of tokens, in the form of Kick."""
    return _callers(KICK_APP, KICK_PLAYER, scope, "", {})


def callers_with_any(*scopes: str) -> list[dict[str, Sequence[str]]]:
    """Say that a call takes both kinds of tokens, each with one of these scopes, and no header beside it."""
    return [{kind: (scope,)} for kind in (APP, PLAYER) for scope in scopes]


def _callers(
    app: str, player: str, scope: str, of_player: str, besides: dict[str, Sequence[str]]
) -> list[dict[str, Sequence[str]]]:
    return [{app: (scope,), **besides}, {player: (of_player,) if of_player else (), **besides}]


def _own(tokens: str) -> Schema:
    flow = {"tokenUrl": f"{tokens}/token", "scopes": _scopes()}
    return {"type": "oauth2", "description": _OWN, "flows": {"clientCredentials": flow}}


def _of_player(tokens: str) -> Schema:
    flow = {
        "authorizationUrl": f"{tokens}/authorize",
        "tokenUrl": f"{tokens}/token",
        "refreshUrl": f"{tokens}/token",
        "scopes": _scopes(),
    }
    return {"type": "oauth2", "description": _OF_PLAYER, "flows": {"authorizationCode": flow}}


def _scopes() -> dict[str, str]:
    return {key: str(name).capitalize() for key, name in SCOPE_NAMES}
