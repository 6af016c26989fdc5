"""Twitch's entitlements, as the studio's own app reads and updates them (Twitch API reference, Entitlements)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from portal.platforms.calls import ask_for_object, text_of
from portal.platforms.claims_api import ClaimsPage, Marked, Narrowed
from portal.platforms.lists import id_in, marked_in, page_of
from portal.platforms.messages import ClaimReceived
from portal.platforms.times import parse_time
from portal.platforms.twitch.client import headers

FULFILLED = "FULFILLED"


@dataclass(frozen=True)
class Entitlements:
    """Reads and updates entitlements."""

    ways_round = (Narrowed.CATEGORY, Narrowed.USER)
    page_size = 100
    confirms_each = True

    def mark_done(
        self, api_url: str, *, client_id: str, access_token: str, claim_ids: Sequence[str]
    ) -> dict[str, tuple[Marked, str]]:
        """Set entitlements to FULFILLED. ``PATCH /helix/entitlements/drops``. Raises ``PlatformError``.

        An answer of success tells of each id what became of it; one that it does not name is asked about again.
        """
        reply = ask_for_object(
            "PATCH",
            f"{api_url}/helix/entitlements/drops",
            headers=headers(client_id, access_token),
            json={"entitlement_ids": list(claim_ids), "fulfillment_status": FULFILLED},
        )
        return marked_in(reply.get("data"), claim_ids)

    def list_claims(
        self,
        api_url: str,
        *,
        client_id: str,
        access_token: str,
        narrowed: Narrowed,
        value: str,
        only_open: bool,
        cursor: str,
        size: int,
    ) -> ClaimsPage:
        """Return one page of entitlements. ``GET /helix/entitlements/drops``. Raises ``PlatformError``.

        With an app token all that the organization owns, of one game, or of one user; sorted by nothing in particular,
        without the campaign. On the last page ``pagination`` is an empty object.
        """
        names = {Narrowed.CATEGORY: "game_id", Narrowed.USER: "user_id"}
        params = {names[narrowed]: value} if narrowed in names else {}
        params |= {"fulfillment_status": "CLAIMED"} if only_open else {}
        params |= {"after": cursor} if cursor else {}
        reply = ask_for_object(
            "GET",
            f"{api_url}/helix/entitlements/drops",
            headers=headers(client_id, access_token),
            params={**params, "first": str(size)},
        )
        pagination = reply.get("pagination")
        following = pagination.get("cursor") if isinstance(pagination, dict) else ""
        return page_of(reply.get("data"), following, asked=cursor, read=_read, done=FULFILLED)


def _read(item: Mapping[str, Any]) -> tuple[ClaimReceived, str]:
    granted_at = item.get("timestamp")
    claim = ClaimReceived(
        platform_claim_id=id_in(item, "id"),
        platform_user_id=id_in(item, "user_id"),
        platform_reward_id=id_in(item, "benefit_id"),
        category_id=id_in(item, "game_id", optional=True),
        granted_at=parse_time(granted_at) if isinstance(granted_at, str) else None,
    )
    return claim, text_of(item.get("fulfillment_status"))
