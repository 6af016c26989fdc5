"""The resident loop: works out the claims that have arrived and sends what is due (D1), until it is told to stop.

One thread, the caller's, speaks to the database: it resolves, leases and records, each in few set-based statements.
Others send. Killed at any moment it loses nothing: what it had leased is taken over by the next.

Deliveries and outgoing events are lanes of their own: events have few threads and a short buffer, and are asked for so
seldom while there are none that deliveries do not notice.
"""

from __future__ import annotations

import logging
import queue
import random as randomness
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from datetime import datetime, timedelta

from django.utils import timezone

from fulfillment import events, workers
from fulfillment.claim_counts import FOLDED_AT_ONCE, fold_changes
from fulfillment.delivery import Lane, Leased, Result, give_back, lease_due, record_outcomes, send
from fulfillment.delivery.recording import Recorded
from fulfillment.dispatch import FairQueue
from fulfillment.models import Endpoint, EventSubscription
from fulfillment.recorder import Recorder
from fulfillment.resolve import resolve_due
from fulfillment.rules.codes import Code
from fulfillment.rules.retries import Outcome
from fulfillment.wake import listener
from portal.http import TIME_LIMIT_SECONDS
from portal.outliving import outliving

logger = logging.getLogger(__name__)

RESOLVE_BATCH = 500
BUFFER = 256
"""How many deliveries this process has in hand at most, from the lease to the record."""

EVENT_THREADS = 8
EVENT_BUFFER = 64
"""The same for events: a subscriber that is slow costs deliveries neither threads nor room."""

EVENTS_AGAIN_SECONDS = 0.05
"""So soon events are asked for again while some are under way; while there are none, with every idle poll."""

LEFT_OUT_SECONDS = 2.0
"""So long a step of events that failed is left out: whatever is wrong with events must not slow deliveries down."""

PRESENCE_SECONDS = 30.0
"""So often is looked which channels have come or gone, where somebody wants to be told."""

IDLE_SECONDS = 0.5
GATHER_SECONDS = 0.01
GATHERED = 128
"""Results that come within so many seconds, at most so many, are recorded in one transaction."""

GRACE_SECONDS = 12.0
"""How long a stop waits for what is under way: longer than a call can take."""

FOLD_SECONDS = 5.0
"""So often changes of counts are summed up. Readers add them anyway, so that only their number is at stake."""

_LONGEST_BACK_OFF_SECONDS = 10.0
_AHEAD_SECONDS = 1.0
"""Of each endpoint so much is leased ahead as it will take in about this time."""

_SEND_MARGIN = timedelta(seconds=TIME_LIMIT_SECONDS + 5)


@dataclass(slots=True)
class Tally:
    """What was done since the last report."""

    resolved: int = 0
    sent: int = 0
    delivered: int = 0
    retried: int = 0
    failed: int = 0
    paused: int = 0
    late: int = 0
    events_sent: int = 0
    events_delivered: int = 0
    events_failed: int = 0
    errors: int = 0


@dataclass(frozen=True, slots=True)
class _Unsent:
    """A message whose lease was too near its end when its turn came."""

    leased: Leased


class _Wake:
    """Something may have become due."""


Inbox = queue.SimpleQueue[Result | _Unsent | _Wake]


class Drain:
    """One worker that delivers. ``run`` returns after ``stop``, which may be called from a signal handler."""

    def __init__(
        self,
        *,
        clock: Callable[[], datetime] = timezone.now,
        random: Callable[[], float] = randomness.random,
        threads: int = 32,
        idle_seconds: float = IDLE_SECONDS,
        report: Callable[[Tally], None] | None = None,
        report_seconds: float = 60.0,
    ) -> None:
        self._clock = clock
        self._random = random
        self._thread_count = threads
        self._idle_seconds = idle_seconds
        self._report = report
        self._report_seconds = report_seconds
        self._inbox: Inbox = queue.SimpleQueue()  # reentrant, so that a signal handler may put into it
        self._queue = FairQueue({Lane.REWARDS: threads, Lane.EVENTS: EVENT_THREADS})
        self._pace: dict[tuple[Lane, str | int], float] = {}
        self._unanswered: Counter[Lane] = Counter()  # leased, and not come back through the inbox yet
        self._recorders = {
            Lane.REWARDS: Recorder(record_outcomes, give_back),
            Lane.EVENTS: Recorder(events.record_outcomes, events.give_back),
        }
        self._stopping = False
        self._failing = 0
        self._worker_id = ""
        self._workers = 1
        self._next_beat = 0.0
        self._next_fold = 0.0
        self._next_events = 0.0
        self._next_presence = 0.0
        self._left_out_until: dict[str, float] = {}
        self._next_report = time.monotonic() + report_seconds
        self.tally = Tally()

    def stop(self) -> None:
        """Ask ``run`` to come to an end: nothing new is leased, what is under way is finished. Returns at once."""
        self._stopping = True
        self._inbox.put(_Wake())

    def wake(self) -> None:
        """Look for work now instead of at the next poll. Returns at once."""
        self._inbox.put(_Wake())

    def run(self) -> None:
        """Work until ``stop`` is called. Faults of the database are logged and outlived."""
        listening_ends = threading.Event()
        listening = listener(wake=self.wake, stop=listening_ends)
        if listening:
            listening.start()
        for number in range(self._thread_count + EVENT_THREADS):
            threading.Thread(target=self._send_all, name=f"sender-{number}", daemon=True).start()
        try:
            while not self._stopping:
                self._gather(0.0 if self._turn() else self._idle_seconds)
        finally:
            listening_ends.set()
            self._finish()

    def _turn(self) -> bool:
        """Do what is to be done now; return whether more is known to wait."""
        failing_before = self._failing
        steps = (self._beat, self._resolve, self._record, self._lease, self._fold)
        more = [self._step(step) for step in steps]
        for step in (self._record_events, self._lease_events, self._watch_channels):
            self._step_aside(step)
        self._tell()
        if self._failing == failing_before:
            self._failing = 0
            return any(more)
        self._back_off()
        return False

    def _step(self, step: Callable[[], bool]) -> bool:
        """Run one step. One that fails is logged and keeps no other from its turn; nothing it did remains."""
        with outliving(logger, "The step %s of the drain failed.", step.__name__.strip("_"), reconnect=True):
            return step()
        self._failing += 1
        self.tally.errors += 1
        return False

    def _step_aside(self, step: Callable[[], bool]) -> None:
        """Run a step of events. One that fails is left out for a while, and keeps deliveries from nothing."""
        if time.monotonic() < self._left_out_until.get(step.__name__, 0.0):
            return
        failing_before = self._failing
        self._step(step)
        if self._failing != failing_before:
            self._failing = failing_before
            self._left_out_until[step.__name__] = time.monotonic() + LEFT_OUT_SECONDS

    def _back_off(self) -> None:
        pause = min(self._idle_seconds * 2 ** min(self._failing, 10), _LONGEST_BACK_OFF_SECONDS)
        until = time.monotonic() + pause
        while not self._stopping and (left := until - time.monotonic()) > 0:
            self._take_in(left)

    def _beat(self) -> bool:
        if time.monotonic() < self._next_beat:
            return False
        now = self._clock()
        if not self._worker_id:
            self._worker_id = workers.register(now=now)
        self._workers = workers.beat(self._worker_id, now=now)
        self._next_beat = time.monotonic() + workers.BEAT.total_seconds()
        return False

    def _resolve(self) -> bool:
        resolved = resolve_due(now=self._clock(), limit=RESOLVE_BATCH)
        self.tally.resolved += resolved
        return resolved >= RESOLVE_BATCH

    def _lease(self) -> bool:
        # What was sent but not recorded yet is in hand too: a kill would have it sent again.
        free = BUFFER - self._in_hand(Lane.REWARDS)
        if self._stopping or free <= 0 or not self._worker_id:
            return False
        self._hand_out(lease_due(now=self._clock(), limit=free, worker_id=self._worker_id, room=self._room_at_endpoint))
        return False

    def _lease_events(self) -> bool:
        free = EVENT_BUFFER - self._in_hand(Lane.EVENTS)
        if self._stopping or free <= 0 or not self._worker_id or time.monotonic() < self._next_events:
            return False
        leased = events.lease_due(
            now=self._clock(), limit=free, worker_id=self._worker_id, room=self._room_at_subscription
        )
        self._hand_out(leased)
        if not leased:
            idle = not self._unanswered[Lane.EVENTS]
            self._next_events = time.monotonic() + (self._idle_seconds if idle else EVENTS_AGAIN_SECONDS)
        return False

    def _in_hand(self, lane: Lane) -> int:
        return self._unanswered[lane] + len(self._recorders[lane])

    def _hand_out(self, leased: Sequence[Leased]) -> None:
        for item in leased:
            self._unanswered[item.lane] += 1
        self._queue.add(leased, share_of=self._workers)

    def _watch_channels(self) -> bool:
        if time.monotonic() < self._next_presence:
            return False
        events.look_at_channels(now=self._clock())
        self._next_presence = time.monotonic() + PRESENCE_SECONDS
        return False

    def _fold(self) -> bool:
        if time.monotonic() < self._next_fold:
            return False
        if fold_changes() < FOLDED_AT_ONCE:
            self._next_fold = time.monotonic() + FOLD_SECONDS
        return False

    def _room_at_endpoint(self, endpoint: Endpoint) -> int:
        return self._room((Lane.REWARDS, endpoint.pk), endpoint.concurrency)

    def _room_at_subscription(self, subscription: EventSubscription) -> int:
        return self._room((Lane.EVENTS, subscription.pk), subscription.concurrency)

    def _room(self, receiver: tuple[Lane, str | int], concurrency: int) -> int:
        pace = self._pace.get(receiver)
        ahead = concurrency
        if pace is not None:
            ahead = max(ahead, min(BUFFER, int(concurrency * _AHEAD_SECONDS / max(pace, 0.001))))
        return max(0, ahead - self._queue.in_hand(receiver))

    def _record(self) -> bool:
        self._recorders[Lane.REWARDS].write(now=self._clock(), random=self._random, done=self._count)
        return False

    def _record_events(self) -> bool:
        self._recorders[Lane.EVENTS].write(now=self._clock(), random=self._random, done=self._count_events)
        return False

    def _count(self, recorded: Recorded, results: Sequence[Result]) -> None:
        self.tally.sent += len(results)
        for name in ("delivered", "retried", "failed", "paused", "late"):
            setattr(self.tally, name, getattr(self.tally, name) + getattr(recorded, name))

    def _count_events(self, recorded: Recorded, results: Sequence[Result]) -> None:
        self.tally.events_sent += len(results)
        self.tally.events_delivered += recorded.delivered
        self.tally.events_failed += recorded.failed

    def _waiting_results(self) -> int:
        return sum(map(len, self._recorders.values()))

    def _gather(self, seconds: float) -> None:
        """Wait until something happens, at most ``seconds``; then take in what else happens shortly after."""
        if not self._take_in(seconds):
            return
        until = time.monotonic() + GATHER_SECONDS
        while self._waiting_results() < GATHERED and self._queue.in_hand():
            if not self._take_in(until - time.monotonic()):
                break
        while self._waiting_results() < GATHERED and self._take_in(0):
            pass

    def _take_in(self, seconds: float) -> bool:
        try:
            item = self._inbox.get(timeout=seconds) if seconds > 0 else self._inbox.get_nowait()
        except queue.Empty:
            return False
        if isinstance(item, Result):
            self._unanswered[item.leased.lane] -= 1
            self._recorders[item.leased.lane].add(item)
            receiver, took = item.leased.receiver, item.duration_ms / 1000
            self._pace[receiver] = 0.8 * self._pace.get(receiver, took) + 0.2 * took
        elif isinstance(item, _Unsent):
            self._unanswered[item.leased.lane] -= 1
            self._recorders[item.leased.lane].add_unsent(item.leased)
        return True

    def _send_all(self) -> None:
        """Send what the queue gives out until it is closed: the life of a sender thread."""
        leased = self._queue.take()
        while leased is not None:
            if leased.lease_ends_at - self._clock() < _SEND_MARGIN:
                self._inbox.put(_Unsent(leased))
            else:
                self._inbox.put(self._send_one(leased))
            leased = self._queue.take(done=leased)

    def _send_one(self, leased: Leased) -> Result:
        started_at, started = self._clock(), time.monotonic()
        with outliving(logger, "Sending %s failed.", leased.message_id) as sending:
            return send(leased, clock=self._clock)
        # A fault of ours is recorded like any other: thread and message live on.
        took = round((time.monotonic() - started) * 1000)
        fault = f"The portal itself failed: {type(sending.fault).__name__}."
        return Result(leased, started_at, took, Outcome.RETRY, Code.RETRYING, error=fault)

    def _finish(self) -> None:
        for leased in self._queue.close():
            self._recorders[leased.lane].add_unsent(leased)
        until = time.monotonic() + GRACE_SECONDS
        while self._queue.under_way() and time.monotonic() < until:
            self._take_in(min(0.5, until - time.monotonic()))
        while self._take_in(0):
            pass
        for step in (self._record, self._record_events) * 2:  # a database that was away may be back
            self._step(step)
        if self._worker_id:
            self._step(self._sign_off)
        self._tell(at_end=True)

    def _sign_off(self) -> bool:
        workers.sign_off(self._worker_id)
        return False

    def _tell(self, *, at_end: bool = False) -> None:
        if self._report is None or not (at_end or time.monotonic() >= self._next_report):
            return
        self._next_report = time.monotonic() + self._report_seconds
        if any(getattr(self.tally, column.name) for column in fields(Tally)):
            self._report(self.tally)
        self.tally = Tally()
