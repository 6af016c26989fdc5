"""Twitch's rate limit: so many points a minute for each app, and for each user of it; a call costs one. No database."""

from __future__ import annotations

import threading
from dataclasses import dataclass

WINDOW_SECONDS = 60


@dataclass(frozen=True)
class Points:
    """What is left after a call, and when all are there again, in Unix seconds. ``remaining`` -1: there was none for it."""

    limit: int
    remaining: int
    reset: int

    def headers(self) -> dict[str, str]:
        """The headers of every answer (Twitch API, Rate limits)."""
        return {
            "Ratelimit-Limit": str(self.limit),
            "Ratelimit-Remaining": str(max(self.remaining, 0)),
            "Ratelimit-Reset": str(self.reset),
        }


class Buckets:
    """Counts in the memory of the process: the sandbox's server is one, see ``portal.sandbox.server``."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._used: dict[str, tuple[int, int]] = {}

    def take(self, key: str, *, limit: int, now_seconds: float) -> Points:
        """Take one point from the bucket of ``key``, which is filled up a minute after its first call."""
        with self._lock:
            reset, used = self._used.get(key, (0, 0))
            if now_seconds >= reset:
                reset, used = int(now_seconds) + WINDOW_SECONDS, 0
            if used < limit:
                used += 1
                remaining = limit - used
            else:
                remaining = -1
            self._used[key] = (reset, used)
        return Points(limit, remaining, reset)
