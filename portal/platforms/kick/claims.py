"""Kick's drops claims, as the studio's own app updates them (Kick, Drops Public API)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from portal.platforms.calls import AppToken, PlatformError, ask
from portal.platforms.claims_api import Marked
from portal.platforms.kick.client import get_app_token

PROCESSED = "processed"
"""The text by which the portal says *delivered*: free to choose, and the one of Kick's own example."""

MOST_CALLS = 16
"""As many find one claim among a hundred. What was not told with these is told later."""

_MAY_BE_ABOUT_ONE = (400, 404, 409, 422)


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


def _set(api_url: str, access_token: str, claim_ids: Sequence[str]) -> None:
    claims = [{"claim_id": claim_id, "external_status": PROCESSED} for claim_id in claim_ids]
    headers = {"Authorization": f"Bearer {access_token}"}
    ask("PATCH", f"{api_url}/public/v1/drops/claims", headers=headers, json={"claims": claims})
