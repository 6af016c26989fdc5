"""Handing leased messages to threads, fairly: a receiver that is slow never keeps the others waiting, nor a lane the other."""

from __future__ import annotations

import threading
from collections import Counter, OrderedDict, deque
from collections.abc import Iterable, Mapping

from fulfillment.delivery import Lane, Leased

GREED = 3
"""A receiver may use so many times the threads that are still free: alone 24 of 32, and some are always left over."""

Receiver = tuple[Lane, str | int]


class FairQueue:
    """A queue of messages, by receiver. Safe for threads; blocks only in ``take``.

    ``threads`` says how many messages of each lane may be under way at once. Any thread may take of any lane.
    """

    def __init__(self, threads: Mapping[Lane, int]) -> None:
        self._threads = threads
        self._changed = threading.Condition()
        self._waiting: OrderedDict[Receiver, deque[Leased]] = OrderedDict()
        self._under_way: dict[Receiver, int] = {}
        self._busy: Counter[Lane] = Counter()
        self._caps: dict[Receiver, int] = {}
        self._idle = 0
        self._closed = False

    def add(self, items: Iterable[Leased], *, share_of: int = 1) -> None:
        """Add messages. ``share_of`` is how many processes share each receiver's permitted calls at once."""
        with self._changed:
            for item in items:
                self._caps[item.receiver] = max(1, -(-item.concurrency // max(share_of, 1)))
                self._waiting.setdefault(item.receiver, deque()).append(item)
            self._changed.notify()  # who wakes wakes the next

    def take(self, *, done: Leased | None = None) -> Leased | None:
        """Wait for a message that may be sent now and return it. None once closed.

        ``done`` is the one that the caller took before: it is no longer under way.
        """
        with self._changed:
            if done is not None:
                self._leave(done)
            while not self._closed:
                receiver = self._next_receiver()
                if receiver is not None:
                    item = self._take_from(receiver)
                    # Wake one more only if there is something for it: waking threads for nothing is what costs most here.
                    if self._idle and self._next_receiver() is not None:
                        self._changed.notify()
                    return item
                self._idle += 1
                self._changed.wait()
                self._idle -= 1
            return None

    def close(self) -> list[Leased]:
        """Stop handing out. Returns what was not handed out."""
        with self._changed:
            self._closed = True
            unsent = [item for items in self._waiting.values() for item in items]
            self._waiting.clear()
            self._changed.notify_all()
        return unsent

    def in_hand(self, receiver: Receiver | None = None) -> int:
        """Count what waits here or is under way, of one receiver or of all."""
        with self._changed:
            if receiver is None:
                return sum(map(len, self._waiting.values())) + self._busy.total()
            return len(self._waiting.get(receiver, ())) + self._under_way.get(receiver, 0)

    def under_way(self) -> int:
        """Count what was handed out and is not done."""
        with self._changed:
            return self._busy.total()

    def _next_receiver(self) -> Receiver | None:
        free = {lane: threads - self._busy[lane] for lane, threads in self._threads.items()}
        best, best_count = None, 0
        for receiver in self._waiting:
            count = self._under_way.get(receiver, 0)
            allowed = min(self._caps[receiver], GREED * free[receiver[0]])
            if count < allowed and (best is None or count < best_count):
                best, best_count = receiver, count
        return best

    def _leave(self, done: Leased) -> None:
        self._busy[done.lane] -= 1
        left = self._under_way[done.receiver] - 1
        if left:
            self._under_way[done.receiver] = left
        else:
            del self._under_way[done.receiver]

    def _take_from(self, receiver: Receiver) -> Leased:
        items = self._waiting[receiver]
        item = items.popleft()
        if items:
            self._waiting.move_to_end(receiver)
        else:
            del self._waiting[receiver]
        self._under_way[receiver] = self._under_way.get(receiver, 0) + 1
        self._busy[receiver[0]] += 1
        return item
