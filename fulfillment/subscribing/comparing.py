"""Reading what a platform has subscribed a credential's app to, and telling which of it is the portal's."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from fulfillment.models import PlatformSubscription
from fulfillment.rules.subscribing import AT_WORK, Facts, State
from fulfillment.subscribing.setting import Setting
from portal.calling import call_platform
from portal.models import PlatformCredential
from portal.platforms.calls import PlatformError
from portal.platforms.subscriptions import Subscribed, Subscriptions, SubscriptionsPage, Topic

TOO_LONG = "too_long"
"""The reason where a platform has no pages, and its list is longer than what is read of an answer."""

MOST_PAGES = 500
SLOW = "slow"
"""The reason where a list could not be read to its end in the time there was."""


@dataclass(slots=True)
class Listed:
    """What a platform has: the portal's subscriptions by what they tell of, and how many are somebody else's."""

    ours: dict[Topic, list[Subscribed]] = field(default_factory=lambda: defaultdict(list))
    foreign: int = 0

    def of(self, row: PlatformSubscription) -> list[Subscribed]:
        """Return what there is of a row's topic, the best first: what is at work, and of that what the row knows."""
        found = self.ours.get(Topic(row.type, row.subject), [])
        known = row.platform_subscription_id
        return sorted(found, key=lambda one: (State(one.standing.value) not in AT_WORK, one.id != known, one.id))


def read_all(
    credential: PlatformCredential, api: Subscriptions, *, now: datetime, ends: float, channel_id: str = ""
) -> list[Subscribed]:
    """Return all that the app has subscribed to, or what is about one channel; pages are read one after the other.

    Raises ``PlatformError``: with the reason ``too_long`` where each channel has to be asked for, and ``slow`` where a
    further page would begin after ``ends``, a time of the monotonic clock.
    """
    found: list[Subscribed] = []
    cursor = ""
    for number in range(MOST_PAGES):
        if number and time.monotonic() >= ends:
            raise PlatformError(SLOW)
        page = _read(credential, api, cursor, channel_id, now=now)
        found += page.subscriptions
        if not page.cursor or page.cursor == cursor:
            return found
        cursor = page.cursor
    raise PlatformError(SLOW)


def sort_out(
    found: Iterable[Subscribed], *, api: Subscriptions, setting: Setting, known_ids: Collection[str]
) -> Listed:
    """Tell the portal's subscriptions from those of other programs with the same app.

    Ours are those that are sent to this credential's address, and those that a row knows: they may have been made for an
    address before. Where a platform has one address for all, it cannot be told from a subscription whose it is.
    """
    listed = Listed()
    for one in found:
        if not api.names_callback or one.callback == setting.callback or one.id in known_ids:
            listed.ours[one.topic].append(one)
        else:
            listed.foreign += 1
    return listed


def facts_of(row: PlatformSubscription, found: Sequence[Subscribed], setting: Setting) -> Facts:
    """Return what is known of a row, beside the best that was found of it.

    One with another id than the row's was made by a process that was killed before it could write it down, if the row has
    none: then it was made with what the row says. Else nobody knows the secret that it was made with.
    """
    digests = (row.secret_digest, row.callback_digest)
    known = not found or row.platform_subscription_id in ("", found[0].id)
    return Facts(
        wanted=row.wanted,
        state=State(row.state),
        fits=digests == setting.digests and (known or not setting.secret_digest),
        attempts=row.attempts,
        asked_at=row.created_at,
    )


def _read(
    credential: PlatformCredential, api: Subscriptions, cursor: str, channel_id: str, *, now: datetime
) -> SubscriptionsPage:
    base, client_id = credential.api_base, credential.client_id
    return call_platform(
        credential,
        lambda token: api.read(base, client_id=client_id, access_token=token, cursor=cursor, channel_id=channel_id),
        now=now,
    )
