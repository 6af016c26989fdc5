"""App tokens: how one is got, what a platform says of it, and ending it, for each platform that has them."""

from __future__ import annotations

from typing import Protocol

from portal.platforms.calls import AppToken
from portal.platforms.registrar import TokenFacts


class GetAppToken(Protocol):
    """How a platform gives an app a token for its id and secret."""

    def __call__(self, id_url: str, *, client_id: str, client_secret: str) -> AppToken:
        """Return a new app token. Raises ``PlatformError``."""


class AppTokens(Protocol):
    """Every call may raise ``PlatformError`` and is safe to repeat."""

    def validate(self, id_url: str, *, access_token: str) -> TokenFacts:
        """Return what the platform says of the token. Raises ``TokenRefused`` where it is not valid (any more)."""

    def revoke(self, id_url: str, *, client_id: str, access_token: str) -> None:
        """End the token at the platform; also where it has ended."""
