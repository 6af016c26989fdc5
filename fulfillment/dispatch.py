"""Handing leased deliveries to threads, fairly: an endpoint that is slow never keeps the others waiting."""

from __future__ import annotations

import threading
from collections import OrderedDict, deque
from collections.abc import Iterable

from fulfillment.delivery import Leased

GREED = 3
"""An endpoint may use so many times the threads that are still free: alone 24 of 32, and some are always left over."""


class FairQueue:
    """A queue of deliveries, by endpoint. Safe for threads; blocks only in ``take``."""

    def __init__(self, *, threads: int) -> None:
        self._threads = threads
        self._changed = threading.Condition()
        self._waiting: OrderedDict[int, deque[Leased]] = OrderedDict()
        self._under_way: dict[int, int] = {}
        self._caps: dict[int, int] = {}
        self._idle = 0
        self._closed = False

    def add(self, items: Iterable[Leased], *, share_of: int = 1) -> None:
        """Add deliveries. ``share_of`` is how many processes share each endpoint's permitted calls at once."""
        with self._changed:
            for item in items:
                self._caps[item.endpoint_id] = max(1, -(-item.concurrency // max(share_of, 1)))
                self._waiting.setdefault(item.endpoint_id, deque()).append(item)
            self._changed.notify()  # who wakes wakes the next

    def take(self, *, done: Leased | None = None) -> Leased | None:
        """Wait for a delivery that may be sent now and return it. None once closed.

        ``done`` is the one that the caller took before: it is no longer under way.
        """
        with self._changed:
            if done is not None:
                self._leave(done.endpoint_id)
            while not self._closed:
                endpoint = self._next_endpoint()
                if endpoint is not None:
                    item = self._take_from(endpoint)
                    # Wake one more only if there is something for it: waking threads for nothing is what costs most here.
                    if self._idle and self._next_endpoint() is not None:
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

    def in_hand(self, endpoint_id: int | None = None) -> int:
        """Count what waits here or is under way, of one endpoint or of all."""
        with self._changed:
            if endpoint_id is None:
                return sum(map(len, self._waiting.values())) + sum(self._under_way.values())
            return len(self._waiting.get(endpoint_id, ())) + self._under_way.get(endpoint_id, 0)

    def under_way(self) -> int:
        """Count what was handed out and is not done."""
        with self._changed:
            return sum(self._under_way.values())

    def _next_endpoint(self) -> int | None:
        free = self._threads - sum(self._under_way.values())
        best, best_count = None, 0
        for endpoint in self._waiting:
            count = self._under_way.get(endpoint, 0)
            if count < min(self._caps[endpoint], GREED * free) and (best is None or count < best_count):
                best, best_count = endpoint, count
        return best

    def _leave(self, endpoint: int) -> None:
        left = self._under_way[endpoint] - 1
        if left:
            self._under_way[endpoint] = left
        else:
            del self._under_way[endpoint]

    def _take_from(self, endpoint: int) -> Leased:
        items = self._waiting[endpoint]
        item = items.popleft()
        if items:
            self._waiting.move_to_end(endpoint)
        else:
            del self._waiting[endpoint]
        self._under_way[endpoint] = self._under_way.get(endpoint, 0) + 1
        return item
