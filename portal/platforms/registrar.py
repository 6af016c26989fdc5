"""How a platform is told by which identifier of ours its heartbeats shall name a viewer (I2, L10): what each such platform does."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Protocol


@dataclass(frozen=True, kw_only=True)
class UserToken:
    """A viewer's tokens as the platform gave them. ``expires_in`` is in seconds; None: the platform did not tell."""

    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)
    expires_in: int | None


@dataclass(frozen=True, kw_only=True)
class TokenFacts:
    """What the platform says of an access token that is valid. ``expires_in`` as in :class:`UserToken`."""

    client_id: str
    user_id: str
    scopes: tuple[str, ...]
    expires_in: int | None

    @property
    def lifetime(self) -> timedelta | None:
        """How long the token is still good for."""
        return None if self.expires_in is None else timedelta(seconds=self.expires_in)


class Registrar(Protocol):
    """The calls to a platform's heartbeat service and to its token endpoints, all made with a viewer's own token.

    Addresses are passed in, as to all of a platform's calls. Every call may raise ``PlatformError`` and is safe to repeat.
    """

    @property
    def scopes(self) -> tuple[str, ...]:
        """The permissions that a viewer must have given."""

    def create(self, api_url: str, *, client_id: str, access_token: str, identifier: str) -> None:
        """Have heartbeats name the token's user by ``identifier`` from now on."""

    def check(self, api_url: str, *, client_id: str, access_token: str) -> str | None:
        """Return the identifier by which heartbeats name the token's user, or None where they do not name the user."""

    def delete(self, api_url: str, *, client_id: str, access_token: str) -> None:
        """Have heartbeats name the token's user no longer; also where they did not."""

    def refresh(self, id_url: str, *, client_id: str, client_secret: str, refresh_token: str) -> UserToken:
        """Return new tokens; the old ones may be spent. Raises ``TokenRefused`` where the user has to consent again."""

    def validate(self, id_url: str, *, access_token: str) -> TokenFacts:
        """Return what the platform says of the token. Raises ``TokenRefused`` where it is not valid (any more)."""

    def revoke(self, id_url: str, *, client_id: str, access_token: str) -> None:
        """End the token at the platform; also where it has ended."""
