"""Kick's drops claims, as the studio's own app updates them (Kick, Drops Public API)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from portal.platforms.calls import AppToken, ask
from portal.platforms.claims_api import Marked
from portal.platforms.kick.client import get_app_token

PROCESSED = "processed"
"""The text by which the portal says *delivered*: free to choose, and the one of Kick's own example."""


@dataclass(frozen=True)
class DropsClaims:
    """Updates drops claims."""

    def app_token(self, id_url: str, *, client_id: str, client_secret: str) -> AppToken:
        """Return a new app token. Raises ``PlatformError``."""
        return get_app_token(id_url, client_id=client_id, client_secret=client_secret)

    def mark_done(
        self, api_url: str, *, client_id: str, access_token: str, claim_ids: Sequence[str]
    ) -> dict[str, tuple[Marked, str]]:
        """Set the status of claims. ``PATCH /public/v1/drops/claims``. Raises ``PlatformError``.

        The answer of success is 204 without a word about any one claim: it is taken to be about all of them.
        """
        claims = [{"claim_id": claim_id, "external_status": PROCESSED} for claim_id in claim_ids]
        headers = {"Authorization": f"Bearer {access_token}"}
        ask("PATCH", f"{api_url}/public/v1/drops/claims", headers=headers, json={"claims": claims})
        return dict.fromkeys(claim_ids, (Marked.ACCEPTED, PROCESSED))
