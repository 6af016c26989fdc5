"""Twitch's entitlements, as the studio's own app updates them (Twitch API reference, Update Drops Entitlements)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from portal.platforms.calls import AppToken, ask_for_object, not_understood
from portal.platforms.claims_api import Marked
from portal.platforms.twitch.client import get_app_token

_RESULTS: Mapping[str, Marked] = {
    "SUCCESS": Marked.ACCEPTED,
    "INVALID_ID": Marked.REFUSED,
    "NOT_FOUND": Marked.REFUSED,
    "UNAUTHORIZED": Marked.REFUSED,
    "UPDATE_FAILED": Marked.LATER,
}


@dataclass(frozen=True)
class Entitlements:
    """Updates entitlements."""

    def app_token(self, id_url: str, *, client_id: str, client_secret: str) -> AppToken:
        """Return a new app token. Raises ``PlatformError``."""
        return get_app_token(id_url, client_id=client_id, client_secret=client_secret)

    def mark_done(
        self, api_url: str, *, client_id: str, access_token: str, claim_ids: Sequence[str]
    ) -> dict[str, tuple[Marked, str]]:
        """Set entitlements to FULFILLED. ``PATCH /helix/entitlements/drops``. Raises ``PlatformError``.

        An answer of success tells of each id what became of it; one that it does not name is asked about again.
        """
        reply = ask_for_object(
            "PATCH",
            f"{api_url}/helix/entitlements/drops",
            headers={"Authorization": f"Bearer {access_token}", "Client-Id": client_id},
            json={"entitlement_ids": list(claim_ids), "fulfillment_status": "FULFILLED"},
        )
        groups = reply.get("data")
        if not isinstance(groups, list) or not all(isinstance(group, dict) for group in groups):
            raise not_understood()
        marked = dict.fromkeys(claim_ids, (Marked.LATER, "no answer for this id"))
        for group in groups:
            status, ids = str(group.get("status"))[:40], group.get("ids")
            for claim_id in ids if isinstance(ids, list) else ():
                if isinstance(claim_id, str) and claim_id in marked:
                    marked[claim_id] = (_RESULTS.get(status, Marked.LATER), status)
        return marked
