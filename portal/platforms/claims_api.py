"""How a platform is told which of its claims were delivered (F6): what each platform with such an API does."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import Protocol

from portal.platforms.calls import AppToken

CLAIMS_PER_CALL = 100
"""Twitch's and Kick's limit alike (Update Drops Entitlements; Update drops claims)."""


class Marked(StrEnum):
    """What a platform answered about one claim."""

    ACCEPTED = "accepted"
    REFUSED = "refused"
    """Asking again changes nothing until somebody mends the cause."""
    LATER = "later"


class ClaimsApi(Protocol):
    """The calls to a platform's claims API, made with an app token of the organization's own app.

    Addresses are passed in, as to all of a platform's calls. Every call may raise ``PlatformError`` and is safe to repeat.
    """

    def app_token(self, id_url: str, *, client_id: str, client_secret: str) -> AppToken:
        """Return a new app token."""

    def mark_done(
        self, api_url: str, *, client_id: str, access_token: str, claim_ids: Sequence[str]
    ) -> dict[str, tuple[Marked, str]]:
        """Say that at most ``CLAIMS_PER_CALL`` claims were delivered; return for each what was answered, and its word for it."""
