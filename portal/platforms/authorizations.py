"""Asking a platform whether viewers still authorize the studio's app (L9), for each platform that can be asked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol


class Authorizations(Protocol):
    """The call is made with an app token of the organization's own app, may raise ``PlatformError`` and is safe to repeat."""

    @property
    def users_per_call(self) -> int:
        """Of how many users one call can ask."""

    def read(
        self, api_url: str, *, client_id: str, access_token: str, user_ids: Sequence[str]
    ) -> dict[str, tuple[str, ...]]:
        """Return those of at most ``users_per_call`` users who authorize the app, each with the scopes they granted."""
