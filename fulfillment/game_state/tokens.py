"""The access tokens of game servers and clients: looked at when they connect, and again while they are (G2)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from allauth.idp.oidc.models import TokenQuerySet

from campaigns.rules.game_state.codes import Code, Refused
from fulfillment.api.callers import Caller, access_tokens, caller_of, client_of, is_usable
from fulfillment.rules.scopes import GAME_STATE_WRITE

_LONGEST = 512
_CHUNK = 500

_WHY = {
    Code.TOKEN_PREFIXED: 'The token has a prefix or a blank: the field takes the raw token, without "Bearer" or "OAuth".',
    Code.TOKEN_UNKNOWN: "The token is unknown, or was revoked: get a new access token and connect with it.",
    Code.TOKEN_EXPIRED: "The token has expired: get a new access token and connect with it.",
    Code.TOKEN_REVOKED: "The token counts no longer: its client was revoked or has expired, or its person or "
    "organization may not use the portal any more.",
    Code.SCOPE_MISSING: f"The token lacks the scope {GAME_STATE_WRITE}: the client must have it, and a person must have "
    "been asked for it by name.",
}


def refusal(code: Code) -> Refused:
    """Return how a token is refused, with the sentence."""
    return Refused(code, _WHY[code])


def read_token(raw: str) -> tuple[Caller, str]:
    """Return whose token this is, and the key by which it is found again. Raises ``Refused`` for one that is nobody's.

    Whether it still counts is asked with :func:`fault_of`.
    """
    if any(character.isspace() for character in raw):
        raise refusal(Code.TOKEN_PREFIXED)
    found = None
    if 0 < len(raw) <= _LONGEST and raw.isascii():
        found = next(iter(_callers(access_tokens().by_value(raw)[:1])), None)
    if found is None:
        raise refusal(Code.TOKEN_UNKNOWN)
    return found[1], found[0]


def read_again(keys: Iterable[str]) -> dict[str, Caller]:
    """Return whose the tokens are that are still there, by their keys: two queries for each 500."""
    wanted = sorted({int(key) for key in keys})
    found: dict[str, Caller] = {}
    for start in range(0, len(wanted), _CHUNK):
        found.update(_callers(access_tokens().filter(pk__in=wanted[start : start + _CHUNK])))
    return found


def fault_of(caller: Caller, *, now: datetime) -> Code | None:
    """Return why whoever calls may not stream game state now, or None."""
    if not is_usable(caller.client, now=now) or not caller.client.organization.enabled:
        return Code.TOKEN_REVOKED
    if caller.user is not None and not caller.user.is_active:
        return Code.TOKEN_REVOKED
    if caller.expires_at is not None and caller.expires_at <= now:
        return Code.TOKEN_EXPIRED
    return None if caller.may(GAME_STATE_WRITE) else Code.SCOPE_MISSING


def _callers(tokens: TokenQuerySet) -> list[tuple[str, Caller]]:
    """Return whose these tokens are, each with its key, which is not the token. Those of other programs are left out."""
    rows = [(row, client_of(row)) for row in tokens.prefetch_related("user")]
    return [(str(row.pk), caller_of(row, client)) for row, client in rows if client is not None]
