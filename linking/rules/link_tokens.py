"""Reading a link token: the proof, made by the game itself, that a player id belongs to whoever opens the link (L2).

A link token is a JSON Web Token signed with HS256. Its claims: ``aud`` the game's id on the portal, ``sub`` the player
id, ``jti`` an id that is never used twice, ``iat`` and ``exp`` at most ten minutes apart, ``name`` the player's name
(optional). Nothing is stored here: that a token works once is the database's job.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

import jwt
from django.utils.translation import gettext_lazy as _

from portal.platforms.messages import is_storable

LIFETIME = timedelta(minutes=10)
CLOCK_SKEW = timedelta(seconds=60)
MAX_ID_LENGTH = 200
MIN_SECRET_BYTES = 32
MAX_TOKEN_LENGTH = 4096


class TokenFault(StrEnum):
    """Why a link token is refused."""

    EXPIRED = "expired"
    USED = "used"
    WRONG_GAME = "wrong_game"
    BAD_SIGNATURE = "bad_signature"
    MALFORMED = "malformed"
    INCOMPLETE = "incomplete"
    TOO_LONG_LIVED = "too_long_lived"
    NOT_YET = "not_yet"
    BAD_PLAYER_ID = "bad_player_id"
    NOT_SET_UP = "not_set_up"


SENTENCES = {
    TokenFault.EXPIRED: _("This link has expired. Links from the game work for a few minutes only."),
    TokenFault.USED: _("This link was used already. Each link from the game works once."),
    TokenFault.WRONG_GAME: _("This link was made for another game."),
    TokenFault.BAD_SIGNATURE: _("This link was changed on its way, or it does not come from the game."),
    TokenFault.MALFORMED: _("This link is not complete. Perhaps only a part of it was copied."),
    TokenFault.INCOMPLETE: _("The game left something out of this link, so it cannot be used."),
    TokenFault.TOO_LONG_LIVED: _("The game made this link valid for too long, so it cannot be used."),
    TokenFault.NOT_YET: _("This link is dated in the future: the game's clock and ours differ too much."),
    TokenFault.BAD_PLAYER_ID: _("The game account in this link is not one that can be linked."),
    TokenFault.NOT_SET_UP: _("This game does not take links from the game."),
}


class TokenRefused(Exception):
    """A link token cannot be used. ``sentence`` says why in plain words."""

    def __init__(self, fault: TokenFault) -> None:
        super().__init__(fault.value)
        self.fault = fault

    @property
    def sentence(self) -> Any:
        """Why, for the player; translatable."""
        return SENTENCES[self.fault]


@dataclass(frozen=True)
class TokenClaims:
    """What a good link token says."""

    token_id: str
    player_id: str
    name: str
    expires_at: datetime


def read_token(token: str, *, game_id: str, secrets: Sequence[str], now: datetime) -> TokenClaims:
    """Return what ``token`` says, if one of ``secrets`` signed it for this game and it is valid at ``now``.

    Raises ``TokenRefused``. Secrets of fewer than 32 bytes count as none: HS256 with less can be guessed.
    """
    payload = _signed_payload(token, [s for s in secrets if len(s.encode()) >= MIN_SECRET_BYTES])
    if any(name not in payload for name in ("exp", "iat", "jti", "sub", "aud")):
        raise TokenRefused(TokenFault.INCOMPLETE)
    audience = payload["aud"]
    if game_id not in (audience if isinstance(audience, list) else [audience]):
        raise TokenRefused(TokenFault.WRONG_GAME)
    issued_at, expires_at = _moment(payload["iat"]), _moment(payload["exp"])
    if expires_at <= now:
        raise TokenRefused(TokenFault.EXPIRED)
    if issued_at > now + CLOCK_SKEW:
        raise TokenRefused(TokenFault.NOT_YET)
    if expires_at - issued_at > LIFETIME or expires_at > now + LIFETIME + CLOCK_SKEW:
        raise TokenRefused(TokenFault.TOO_LONG_LIVED)
    name = payload.get("name", "")
    return TokenClaims(
        token_id=_identifier(payload["jti"], TokenFault.INCOMPLETE),
        player_id=_identifier(payload["sub"], TokenFault.BAD_PLAYER_ID),
        name=name.strip()[:MAX_ID_LENGTH] if isinstance(name, str) and is_storable(name) else "",
        expires_at=expires_at,
    )


def _signed_payload(token: str, secrets: Sequence[str]) -> dict[str, Any]:
    if not secrets:
        raise TokenRefused(TokenFault.NOT_SET_UP)
    if len(token) > MAX_TOKEN_LENGTH:
        raise TokenRefused(TokenFault.MALFORMED)
    # Times and audience are judged by the caller, with its own clock and its own words.
    options: Any = {
        "verify_exp": False,
        "verify_iat": False,
        "verify_nbf": False,
        "verify_aud": False,
        "verify_sub": False,
        "verify_jti": False,
    }
    for secret in secrets:
        try:
            return dict(jwt.decode(token, secret, algorithms=["HS256"], options=options))
        except jwt.InvalidSignatureError:
            continue
        except jwt.InvalidAlgorithmError:
            break
        except jwt.PyJWTError:
            raise TokenRefused(TokenFault.MALFORMED) from None
    raise TokenRefused(TokenFault.BAD_SIGNATURE)


def _moment(value: object) -> datetime:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TokenRefused(TokenFault.INCOMPLETE)
    try:
        return datetime.fromtimestamp(value, UTC)
    except (OverflowError, ValueError, OSError):
        raise TokenRefused(TokenFault.INCOMPLETE) from None


def _identifier(value: object, fault: TokenFault) -> str:
    if not isinstance(value, str) or not value.strip() or len(value) > MAX_ID_LENGTH or not value.isprintable():
        raise TokenRefused(fault)
    return value
