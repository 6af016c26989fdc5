"""Kick's drops claims, as the studio's own app reads and updates them (Kick, Drops Public API)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from portal.platforms.calls import PlatformError, ask, ask_for_object, not_understood, text_of
from portal.platforms.claims_api import ClaimsPage, Marked, Narrowed
from portal.platforms.kick.client import headers
from portal.platforms.lists import id_in, page_of
from portal.platforms.messages import ClaimReceived
from portal.platforms.times import parse_time

INITIATED = "initiated"
"""The status that Kick itself gives a new claim."""

PROCESSED = "processed"
"""The text by which the portal says *delivered*: free to choose, and the one of Kick's own example."""

MOST_CALLS = 16
"""As many find one claim among a hundred. What was not told with these is told later."""

_MAY_BE_ABOUT_ONE = (400, 404, 409, 422)


@dataclass(frozen=True)
class DropsClaims:
    """Reads and updates drops claims."""

    ways_round = (Narrowed.CAMPAIGN, Narrowed.USER)
    page_size = 100
    confirms_each = False

    def mark_done(
        self, api_url: str, *, client_id: str, access_token: str, claim_ids: Sequence[str]
    ) -> dict[str, tuple[Marked, str]]:
        """Set the status of claims. ``PATCH /public/v1/drops/claims``. Raises ``PlatformError``.

        The answer of success is 204 without a word about any one claim: it is taken to be about all of them. What is
        answered where there is one that Kick does not take is not documented. Should it be a refusal of them all, they are
        told in halves until it is found; where nothing at all is taken, the refusal is about something else, and raised.
        """
        marked: dict[str, tuple[Marked, str]] = {}
        waiting, refusal = [list(claim_ids)], None
        for _call in range(MOST_CALLS):
            if not waiting:
                break
            some = waiting.pop()
            try:
                _set(api_url, access_token, some)
            except PlatformError as error:
                if error.status not in _MAY_BE_ABOUT_ONE:
                    raise
                refusal = refusal or error
                middle = len(some) // 2
                if middle:
                    waiting += [some[middle:], some[:middle]]
                else:
                    marked[some[0]] = (Marked.REFUSED, str(error.status))
            else:
                marked |= dict.fromkeys(some, (Marked.ACCEPTED, PROCESSED))
        if refusal is not None and not any(answer is Marked.ACCEPTED for answer, _word in marked.values()):
            raise refusal
        return dict.fromkeys(claim_ids, (Marked.LATER, "not told yet")) | marked

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
        """Return one page of claims. ``GET /public/v1/drops/claims``. Raises ``PlatformError``.

        The cursor is nested in ``data`` and is a claim's id; in which order claims come, and how the last page is marked,
        is not documented.
        """
        names = {Narrowed.CAMPAIGN: "campaign_id", Narrowed.USER: "user_id"}
        params = {names[narrowed]: value} if narrowed in names else {}
        params |= {"external_status": INITIATED} if only_open else {}
        params |= {"cursor": cursor} if cursor else {}
        reply = ask_for_object(
            "GET",
            f"{api_url}/public/v1/drops/claims",
            headers=headers(access_token),
            params={**params, "limit": str(size)},
        )
        data = reply.get("data")
        if not isinstance(data, dict):
            raise not_understood()
        return page_of(data.get("claims"), data.get("cursor"), asked=cursor, read=_read, done=PROCESSED)


def _read(item: Mapping[str, Any]) -> tuple[ClaimReceived, str]:
    granted_at = item.get("created_at")
    claim = ClaimReceived(
        platform_claim_id=id_in(item, "claim_id"),
        platform_user_id=id_in(item, "user_id"),
        platform_reward_id=id_in(item, "reward_id"),
        platform_campaign_id=id_in(item, "campaign_id", optional=True),
        external_id=id_in(item, "external_id", optional=True),
        granted_at=parse_time(granted_at) if isinstance(granted_at, str) else None,
    )
    return claim, text_of(item.get("external_status"))


def _set(api_url: str, access_token: str, claim_ids: Sequence[str]) -> None:
    claims = [{"claim_id": claim_id, "external_status": PROCESSED} for claim_id in claim_ids]
    ask("PATCH", f"{api_url}/public/v1/drops/claims", headers=headers(access_token), json={"claims": claims})
