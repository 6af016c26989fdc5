"""What is done about one subscription at its platform: kept, made, made anew, ended, and what is written down of it."""

from __future__ import annotations

import logging
import time
import zlib
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from fulfillment.models import PlatformSubscription
from fulfillment.rules.subscribing import (
    AT_WORK,
    LOOK_AGAIN,
    LOOK_EVERY,
    MOST_FAILURES,
    State,
    Step,
    has_just_ended,
    is_steady,
    look_next,
    next_step,
    wait_after_end,
    wait_after_failure,
    wait_after_outage,
    would_meet_all,
)
from fulfillment.subscribing.challenges import was_challenged
from fulfillment.subscribing.comparing import facts_of
from fulfillment.subscribing.leasing import Lease
from fulfillment.subscribing.setting import Setting
from portal.calling import call_platform, problem_of
from portal.models import ApiStanding, PlatformCredential
from portal.outliving import outliving
from portal.platforms.calls import PlatformError
from portal.platforms.subscriptions import AlreadySubscribed, Subscribed, Subscriptions, Topic

NO_SECRET = "no_secret"
"""The problem of a subscription that cannot be made, because the credential has no webhook secret."""

TAKEN = "taken"
"""The problem of one that the platform has already, and does not list as ours: another program's, with the same app."""

FULL = "full"
INTERNAL = "internal"

log = logging.getLogger(__name__)


class Stop(Exception):
    """The platform is left alone for now: ``wait`` says how long, ``problem`` why."""

    def __init__(self, wait: timedelta, problem: str) -> None:
        super().__init__(problem)
        self.wait = wait
        self.problem = problem


@dataclass(slots=True, kw_only=True)
class Turn:
    """One credential's turn: what it works with, and what has come of it so far.

    No call is begun after ``ends``, of the monotonic clock. ``gap`` tells that events may have been missed, and
    ``again`` that something is to be looked at once more right away.
    """

    credential: PlatformCredential
    api: Subscriptions
    setting: Setting
    lease: Lease
    clock: Callable[[], datetime]
    random: Callable[[], float]
    ends: float
    steps: Counter[str] = field(default_factory=Counter)
    gap: bool = False
    again: bool = False
    _full: bool = False
    _failures: int = 0

    def is_over(self) -> bool:
        """Tell whether no further call is to be begun."""
        return time.monotonic() >= self.ends

    def stop(self, error: PlatformError) -> Stop:
        """Return what ends the turn, where a platform failed at what any other call would fail at too."""
        standing = ApiStanding.objects.filter(pk=self.credential.pk).values_list("failures", flat=True).first()
        wait = wait_after_outage(standing or 1, retry_after=error.retry_after)
        return Stop(wait, problem_of(error)[:60])

    def act(
        self,
        rows: Sequence[PlatformSubscription],
        find: Callable[[PlatformSubscription], Sequence[Subscribed]],
        *,
        every: timedelta = LOOK_EVERY,
        together: bool = True,
    ) -> None:
        """Do what each of these rows needs, ``find`` telling what the platform has of it. Raises ``Stop``.

        What only has to be written down comes first. ``together``: see :func:`fulfillment.rules.subscribing.look_next`.
        """
        now = self.clock()
        kept: dict[tuple[Any, ...], list[int]] = defaultdict(list)
        others: list[tuple[PlatformSubscription, Sequence[Subscribed], Step]] = []
        for row in rows:
            found = find(row)
            best = State(found[0].standing.value) if found else None
            step = next_step(facts_of(row, found, self.setting), best, now=now)
            self.steps[step.value] += 1
            if step == Step.KEEP:
                share = _share(self.credential.pk if together else str(row.pk))
                kept[tuple(self._kept(row, found[0], share, every, now).items())].append(row.pk)
            if step != Step.KEEP or len(found) > 1:
                others.append((row, found, step))
        for changes, keys in kept.items():
            self.lease.write(keys, **dict(changes))
        for row, found, step in others:
            if self.is_over():
                return
            self._act_on(row, found, step)

    def end_strays(self, strays: Sequence[Subscribed]) -> None:
        """End subscriptions that nobody wants. One that cannot be ended is met again at the next comparison."""
        for one in strays:
            if self.is_over():
                return
            try:
                self._end(one.id)
            except PlatformError as error:
                if would_meet_all(error.reason, error.status):
                    raise self.stop(error) from None
                log.warning("Credential %s could not end a stray subscription: %s", self.credential.pk, error)
            else:
                self.steps["strays"] += 1

    def failed(self, row: PlatformSubscription, error: PlatformError) -> None:
        """Write down that something failed about a row, or end the turn where it is not about the row. Raises ``Stop``."""
        if would_meet_all(error.reason, error.status):
            raise self.stop(error)
        self._full = self._full or error.reason == FULL
        self._write_failure(row, problem_of(error), permanent=error.permanent, retry_after=error.retry_after)
        self._failures = 0 if error.permanent else self._failures + 1
        if self._failures >= MOST_FAILURES:
            raise self.stop(error)

    # One row.

    def _act_on(self, row: PlatformSubscription, found: Sequence[Subscribed], step: Step) -> None:
        message = "Subscription %s of credential %s could not be dealt with."
        with outliving(log, message, row.pk, self.credential.pk, passing=(Stop,)) as acting:
            try:
                self._take_step(row, found, step)
            except PlatformError as error:
                self.failed(row, error)
        if acting.fault:
            self._write_failure(row, INTERNAL, permanent=True)

    def _take_step(self, row: PlatformSubscription, found: Sequence[Subscribed], step: Step) -> None:
        if step == Step.KEEP:
            self.end_strays(found[1:])
        elif step == Step.WAIT:
            self.lease.write([row.pk], due_at=self.clock() + LOOK_AGAIN)
        elif step == Step.END:
            self._note_end(row, found)
        elif not self.lease.holds(row.pk):  # what was found may be what another process has just made
            self._let_go(row)
        elif step == Step.REMOVE:
            self._remove(row, found)
        else:
            self._make(row, found)

    def _kept(
        self, row: PlatformSubscription, found: Subscribed, share: float, every: timedelta, now: datetime
    ) -> dict[str, Any]:
        """Return what is written of a subscription that is there and as it should be."""
        state = State(found.standing.value)
        changes: dict[str, Any] = {
            "state": state.value,
            "detail": found.detail[:100],
            "problem": "",
            "seen_at": now,
            "due_at": look_next(state, now=now, asked_at=row.created_at, share=share, every=every),
        }
        if found.id != row.platform_subscription_id:
            changes["platform_subscription_id"] = found.id
        if state == State.ENABLED and row.state != State.ENABLED:
            changes["enabled_at"] = now
            self._note_gap(row)
        elif state == State.ENABLED and row.attempts and is_steady(row.enabled_at, now=now):
            changes["attempts"] = 0
        return changes

    def _note_gap(self, row: PlatformSubscription) -> None:
        """Note that a subscription is at work again that was not for a while."""
        ended, enabled = row.ended_at, row.enabled_at
        self.gap = self.gap or (ended is not None and (enabled is None or ended >= enabled))

    def _note_end(self, row: PlatformSubscription, found: Sequence[Subscribed]) -> None:
        now, attempts = self.clock(), row.attempts + 1
        detail = found[0].detail[:100] if found else ""
        log.warning("The platform of credential %s has ended %s once more: %s", self.credential.pk, row, detail)
        due_at = now + wait_after_end(attempts)
        ended: dict[str, Any] = {"state": State.ENDED.value, "ended_at": now, "attempts": attempts, "detail": detail}
        self.lease.write([row.pk], **ended, problem="", seen_at=now, due_at=due_at)
        self.gap = True

    def _remove(self, row: PlatformSubscription, found: Sequence[Subscribed]) -> None:
        for one in found:
            self._end(one.id)
        self.lease.forget(row.pk)

    def _make(self, row: PlatformSubscription, found: Sequence[Subscribed]) -> None:
        """Make a subscription, after ending whatever there is of it. Raises ``PlatformError``."""
        if self.api.needs_secret and not self.setting.secret:
            self._write_failure(row, NO_SECRET, permanent=True, **self._digests())
            return
        if self._full and not found:
            self._write_failure(row, FULL, permanent=True)
            return
        for one in found:
            self._end(one.id)
        # From here on what may be found in the platform's list was made with this secret and for this address.
        asked = self._asked(row, found)
        if not self.lease.write([row.pk], done=False, **asked):
            self._let_go(row)
            return
        for name, value in asked.items():
            setattr(row, name, value)
        try:
            made = self._create(Topic(row.type, row.subject))
        except AlreadySubscribed:
            self._write_failure(row, TAKEN, permanent=False)
            return
        self._failures = 0
        now = self.clock()
        changes = self._kept(row, made, _share(self.credential.pk), LOOK_EVERY, now)
        self.lease.write([row.pk], **changes)
        if changes["state"] == State.PENDING and was_challenged(self.credential.pk, made.id):
            waiting = PlatformSubscription.objects.filter(pk=row.pk, state=State.PENDING.value)
            self.again = bool(waiting.update(due_at=now)) or self.again

    def _let_go(self, row: PlatformSubscription) -> None:
        self.steps["overtaken"] += 1
        self.lease.open.discard(row.pk)

    def _asked(self, row: PlatformSubscription, found: Sequence[Subscribed]) -> dict[str, Any]:
        now, asked = self.clock(), self._digests()
        asked |= {"platform_subscription_id": "", "created_at": now}
        best = State(found[0].standing.value) if found else None
        if row.state in AT_WORK or best in AT_WORK:
            self.gap = True
            asked |= {"state": State.ENDED.value, "ended_at": now}
            if has_just_ended(facts_of(row, found, self.setting), best):
                asked |= {"attempts": row.attempts + 1}
        elif row.state == State.REFUSED:  # until it is answered again
            asked |= {"state": State.MISSING.value}
        return asked

    def _digests(self) -> dict[str, Any]:
        return {"secret_digest": self.setting.secret_digest, "callback_digest": self.setting.callback_digest}

    def _write_failure(
        self,
        row: PlatformSubscription,
        problem: str,
        *,
        permanent: bool,
        retry_after: timedelta | None = None,
        **changes: Any,
    ) -> None:
        attempts = row.attempts + 1
        wait = wait_after_failure(attempts, random=self.random, permanent=permanent, retry_after=retry_after)
        if permanent and row.state not in AT_WORK:
            changes["state"] = State.REFUSED.value
        self.steps["failed"] += 1
        log.warning("Subscription %s of credential %s failed: %s", row.pk, self.credential.pk, problem)
        due_at = self.clock() + wait
        self.lease.write([row.pk], attempts=attempts, problem=problem[:60], due_at=due_at, **changes)

    # The calls.

    def _create(self, topic: Topic) -> Subscribed:
        base, client_id, setting = self.credential.api_base, self.credential.client_id, self.setting
        return call_platform(
            self.credential,
            lambda token: self.api.create(
                base,
                client_id=client_id,
                access_token=token,
                topic=topic,
                callback=setting.callback,
                secret=setting.secret,
            ),
            now=self.clock(),
        )

    def _end(self, subscription_id: str) -> None:
        base, client_id = self.credential.api_base, self.credential.client_id
        call_platform(
            self.credential,
            lambda token: self.api.delete(
                base, client_id=client_id, access_token=token, subscription_id=subscription_id
            ),
            now=self.clock(),
        )


def _share(key: str) -> float:
    return zlib.crc32(key.encode()) / 2**32
