"""One turn of one credential: the rows that are due are compared with the platform's list, and get what they need.

``due_at`` is moved forward before anything is asked: that is the lease, and what is recorded later is recorded only if
nobody has moved it since. What a subscription is made with is written down before the call. Killed in between, the lease
runs out, and the subscription is found in the platform's list instead of being made a second time.
"""

from __future__ import annotations

import logging
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime

from fulfillment.models import PlatformSubscription
from fulfillment.rules.subscribing import LOOK_ONE_BY_ONE_EVERY
from fulfillment.subscribing.acting import Stop, Turn
from fulfillment.subscribing.comparing import TOO_LONG, Listed, read_all, sort_out
from fulfillment.subscribing.forgetting import forget_previous_secret
from fulfillment.subscribing.leasing import lease_due
from fulfillment.subscribing.setting import api_of, setting_of
from fulfillment.subscribing.wanting import managed_types
from fulfillment.sweeping.request import CannotSweep, request_sweep
from portal.models import PlatformCredential
from portal.platforms.calls import PlatformError
from portal.platforms.subscriptions import Subscribed, Topic

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Kept:
    """What a turn did: how often each step was taken, and whether something that is due is left."""

    steps: Counter[str] = field(default_factory=Counter)
    more: bool = False


def keep(
    credential: PlatformCredential, *, clock: Callable[[], datetime], ends: float, random: Callable[[], float]
) -> Kept:
    """Give the credential's rows that are due what they need; no call is begun after ``ends``, of the monotonic clock.

    Raises nothing that a platform causes. Not inside a transaction: it goes over the network.
    """
    kept, api = Kept(), api_of(credential)
    lease = lease_due(credential.pk, now=clock()) if api is not None else None
    if api is None or lease is None:
        return kept
    setting = setting_of(credential, api)
    turn = Turn(credential=credential, api=api, setting=setting, lease=lease, clock=clock, random=random, ends=ends)
    try:
        _compare(turn)
    except Stop as stop:
        lease.give_back(due_at=clock() + stop.wait, problem=stop.problem)
        log.warning("The platform of credential %s is left alone: %s", credential.pk, stop.problem)
    kept.more = lease.give_back(due_at=clock()) > 0 or turn.again
    kept.steps = turn.steps
    if turn.gap:
        _ask_for_sweep(credential, now=clock())
    return kept


def _compare(turn: Turn) -> None:
    """Read the platform's list, whole if that can be, and do what follows from it. Raises ``Stop``."""
    try:
        found = read_all(turn.credential, turn.api, now=turn.clock(), ends=turn.ends)
    except PlatformError as error:
        if error.reason != TOO_LONG:
            raise turn.stop(error) from None
        _compare_one_by_one(turn)
    else:
        listed = _sorted_out(turn, found)
        turn.steps["foreign"] += listed.foreign
        turn.act(turn.lease.rows, listed.of)
        turn.end_strays(_strays(turn, listed))
    forget_previous_secret(turn.credential, turn.setting, now=turn.clock())


def _compare_one_by_one(turn: Turn) -> None:
    """The same where the platform has no pages, and has to be asked for each channel."""
    by_subject: dict[str, list[PlatformSubscription]] = defaultdict(list)
    for row in turn.lease.rows:
        by_subject[row.subject].append(row)
    for subject, rows in by_subject.items():
        if turn.is_over():
            return
        try:
            found = read_all(turn.credential, turn.api, now=turn.clock(), ends=turn.ends, channel_id=subject)
        except PlatformError as error:
            for row in rows:
                turn.failed(row, error)
        else:
            turn.act(rows, _sorted_out(turn, found).of, every=LOOK_ONE_BY_ONE_EVERY, together=False)


def _sorted_out(turn: Turn, found: Iterable[Subscribed]) -> Listed:
    found = list(found)
    made = PlatformSubscription.objects.filter(credential=turn.credential).exclude(platform_subscription_id="")
    known_ids = set(made.order_by().values_list("platform_subscription_id", flat=True)) if found else set()
    return sort_out(found, api=turn.api, setting=turn.setting, known_ids=known_ids)


def _strays(turn: Turn, listed: Listed) -> list[Subscribed]:
    """Return what is there of the kinds that the portal asks for, and is about something that no row wants."""
    # Read after the list: whatever was made before that has its row.
    rows = PlatformSubscription.objects.filter(credential=turn.credential).order_by()
    known = {Topic(kind, subject) for kind, subject in rows.values_list("type", "subject")}
    managed = managed_types(turn.credential, turn.api)
    strays = [topic for topic in listed.ours if topic not in known and topic.type in managed]
    return [one for topic in strays for one in listed.ours[topic]]


def _ask_for_sweep(credential: PlatformCredential, *, now: datetime) -> None:
    """Have read what was missed while no message came (F7)."""
    try:
        request_sweep(credential=credential, full=False, actor=None, now=now)
    except CannotSweep:
        log.info("Credential %s has no claims to be read after the gap.", credential.pk)
