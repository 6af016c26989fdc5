"""Reading lists of claims, and what became of each: what cannot be read is named and skipped, so that it blocks no other."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from portal.platforms.calls import not_understood
from portal.platforms.claims_api import ClaimListed, ClaimsPage, Marked
from portal.platforms.messages import ClaimReceived, MessageInvalid, is_storable, read_id

LONGEST_CURSOR = 4000


def page_of(
    items: object,
    cursor: object,
    *,
    asked: str,
    read: Callable[[Mapping[str, Any]], tuple[ClaimReceived, str]],
    done: str,
) -> ClaimsPage:
    """Return the page with these ``items``. ``read`` takes one and returns the claim and its status; ``done`` is the last one.

    ``asked`` is the cursor that led here: the same once more, or none, or no items (null too), is the end. Raises
    ``PlatformError``.
    """
    items = [] if items is None else items
    if not isinstance(items, list):
        raise not_understood()
    claims, faults = [], []
    for position, item in enumerate(items):
        try:
            if not isinstance(item, dict):
                raise MessageInvalid("is no object.")
            claim, status = read(item)
        except MessageInvalid as error:
            faults.append(f"item {position}: {error}")
        else:
            raw = json.dumps(item, separators=(",", ":"))
            claims.append(ClaimListed(claim=claim, done=status == done, status=status, raw=raw))
    following = cursor if isinstance(cursor, str) and items and cursor != asked else ""
    if len(following) > LONGEST_CURSOR or not is_storable(following):
        raise not_understood()
    return ClaimsPage(claims=tuple(claims), cursor=following, faults=tuple(faults))


def id_in(item: Mapping[str, Any], name: str, *, optional: bool = False) -> str:
    """Return the id called ``name`` of a listed claim as text. Raises ``MessageInvalid`` where it is none."""
    value = item.get(name)
    if optional and value in (None, ""):
        return ""
    if isinstance(value, bool) or not isinstance(value, str | int) or (isinstance(value, int) and value < 0):
        raise MessageInvalid(f"{name} is missing or no id.")
    return read_id({name: str(value)}, name)


RESULTS: Mapping[str, Marked] = {
    "SUCCESS": Marked.ACCEPTED,
    "INVALID_ID": Marked.REFUSED,
    "NOT_FOUND": Marked.REFUSED,
    "UNAUTHORIZED": Marked.REFUSED,
    "UPDATE_FAILED": Marked.LATER,
}
"""What an update comes to for a claim, by the words of Twitch and of those that took them over."""


def marked_in(groups: object, claim_ids: Sequence[str]) -> dict[str, tuple[Marked, str]]:
    """Return for each claim what an answer of ``groups``, each with ``status`` and ``ids``, says of it. Raises ``PlatformError``.

    One that it does not name, or has another word for, is to be asked about again.
    """
    if not isinstance(groups, list) or not all(isinstance(group, dict) for group in groups):
        raise not_understood()
    marked = dict.fromkeys(claim_ids, (Marked.LATER, "no answer for this id"))
    for group in groups:
        status, ids = str(group.get("status"))[:40], group.get("ids")
        for claim_id in ids if isinstance(ids, list) else ():
            if isinstance(claim_id, str) and claim_id in marked:
                marked[claim_id] = (RESULTS.get(status, Marked.LATER), status)
    return marked
