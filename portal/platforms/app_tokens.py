"""What a platform says of an app token, and ending one, for each platform that can be asked."""

from __future__ import annotations

from typing import Protocol

from portal.platforms.registrar import TokenFacts


class AppTokens(Protocol):
    """Every call may raise ``PlatformError`` and is safe to repeat."""

    def validate(self, id_url: str, *, access_token: str) -> TokenFacts:
        """Return what the platform says of the token. Raises ``TokenRefused`` where it is not valid (any more)."""

    def revoke(self, id_url: str, *, client_id: str, access_token: str) -> None:
        """End the token at the platform; also where it has ended."""
