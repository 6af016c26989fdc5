"""CHZZK's reward claims, as the studio's own app reads and updates them (CHZZK, Drops, 1.2 and 1.3).

Calls carry the app's id and secret (CHZZK, API, notes: client authentication). Answers come in an envelope, ``code``,
``message`` and ``content`` (same page), which the examples of these two calls leave out: it may be there or not (unverified).

The examples write a viewer's ``channelId`` as a UUID with hyphens, while the sign-in's (CHZZK, User) has none: it is taken as it
comes, for a viewer has one id (unverified).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from portal.platforms.calls import ask_for_object, text_of
from portal.platforms.claims_api import ClaimsPage, Marked, Narrowed
from portal.platforms.lists import id_in, marked_in, page_of
from portal.platforms.messages import ClaimReceived
from portal.platforms.times import parse_time

CLAIMED = "CLAIMED"
FULFILLED = "FULFILLED"


@dataclass(frozen=True)
class RewardClaims:
    """Reads and updates reward claims."""

    ways_round = (Narrowed.CATEGORY, Narrowed.CAMPAIGN, Narrowed.USER)
    page_size = 20
    """CHZZK's own default: the most that it takes is not documented."""
    confirms_each = True

    def mark_done(
        self, api_url: str, *, client_id: str, access_token: str, claim_ids: Sequence[str]
    ) -> dict[str, tuple[Marked, str]]:
        """Set claims to FULFILLED. ``PUT /open/v1/drops/reward-claims``. Raises ``PlatformError``.

        The answer tells by five words what became of each id; UNAUTHORIZED is that the viewer has ended the account link. How
        many ids one call takes is not documented.
        """
        content = _call(
            "PUT",
            api_url,
            client_id,
            access_token,
            json={"claimIds": list(claim_ids), "fulfillmentState": FULFILLED},
        )
        return marked_in(content.get("data"), claim_ids)

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
        """Return one page of claims. ``GET /open/v1/drops/reward-claims``. Raises ``PlatformError``.

        A category or a campaign, never both. ``page.from`` and ``page.size`` are documented as an object ``page``, and are
        written with a dot as all known clients do. How the last page is marked is not documented.
        """
        names = {Narrowed.CATEGORY: "categoryId", Narrowed.CAMPAIGN: "campaignId", Narrowed.USER: "channelId"}
        params = {names[narrowed]: value} if narrowed in names else {}
        params |= {"fulfillmentState": CLAIMED} if only_open else {}
        params |= {"page.from": cursor} if cursor else {}
        content = _call("GET", api_url, client_id, access_token, params={**params, "page.size": str(size)})
        page = content.get("page")
        following = page.get("cursor") if isinstance(page, dict) else ""
        return page_of(content.get("data"), following, asked=cursor, read=_read, done=FULFILLED)


def _call(method: str, api_url: str, client_id: str, client_secret: str, **options: Any) -> Mapping[str, Any]:
    headers = {"Client-Id": client_id, "Client-Secret": client_secret}
    reply = ask_for_object(method, f"{api_url}/open/v1/drops/reward-claims", headers=headers, **options)
    content = reply.get("content")
    return content if isinstance(content, dict) else reply


def _read(item: Mapping[str, Any]) -> tuple[ClaimReceived, str]:
    granted_at = item.get("claimedDate")
    claim = ClaimReceived(
        platform_claim_id=id_in(item, "claimId"),
        platform_user_id=id_in(item, "channelId"),
        platform_reward_id=id_in(item, "rewardId"),
        platform_campaign_id=id_in(item, "campaignId", optional=True),
        category_id=id_in(item, "categoryId", optional=True),
        granted_at=parse_time(granted_at) if isinstance(granted_at, str) else None,
    )
    return claim, text_of(item.get("fulfillmentState"))
