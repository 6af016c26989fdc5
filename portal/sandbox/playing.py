"""Plays a plan of heartbeats against a portal, faster than the clock, and keeps trying as Twitch does. No database."""

from __future__ import annotations

import heapq
import ipaddress
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from urllib.parse import urlsplit

from portal.sandbox.crowd import Beat, Sending
from portal.sandbox.messages import Message
from portal.sandbox.sending import Outcome, send

#: What was not accepted is sent again at the next heartbeat interval (Twitch, Drops guide, VHS), but not sooner than this.
LEAST_RETRY_SECONDS = 0.25
NO_ANSWER = "no answer"


class AddressRefused(ValueError):
    """Heartbeats are not sent there; the text says why."""


def check_address(url: str) -> None:
    """Allow https anywhere, and http on this machine alone. Raises ``AddressRefused``."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError as fault:
        raise AddressRefused(f"The address cannot be read: {fault}.") from fault
    if parts.scheme not in ("http", "https") or not host:
        raise AddressRefused("The address must begin with http:// or https://.")
    if parts.scheme == "http" and not _is_loopback(host):
        raise AddressRefused("Over the network heartbeats are sent by https only: the address holds a secret.")


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def without_secret(url: str) -> str:
    """The address without its last part, which is a secret: to print and to write down."""
    return url.split("?", 1)[0].rstrip("/").rsplit("/", 1)[0] + "/…"


def heartbeat_message(*, url: str, beat: Beat, retries: int = 0) -> Message:
    """The request that tells one heartbeat. No signature: Twitch documents none, the address is the secret."""
    return Message(url=url, headers={"Content-Type": "application/json"}, body=beat.body(retries=retries))


@dataclass
class Played:
    """What was sent and what came back."""

    requests: int = 0
    sent_again: int = 0
    answers: Counter[str] = field(default_factory=Counter)
    #: Positions of the heartbeats that were accepted at least once, and of those that were refused for good.
    accepted: set[int] = field(default_factory=set)
    refused: dict[int, str] = field(default_factory=dict)
    seconds: float = 0.0


class Player:
    """Sends a plan with several threads. ``speed`` is simulated minutes for each minute; 0 is as fast as answers come.

    A heartbeat that brings a 5xx, a 429 or no answer is sent again an interval later, with ``retries`` raised, until
    ``give_up_seconds`` have passed since the beginning. Any other refusal is final.
    """

    def __init__(
        self,
        *,
        url: str,
        speed: float,
        threads: int,
        give_up_seconds: float,
        send: Callable[[Message], Outcome] = send,
        tell: Callable[[Played], None] | None = None,
        tell_seconds: float = 10.0,
    ) -> None:
        check_address(url)
        self._url = url
        self._interval = 60 / speed if speed else 0.0
        self._threads = threads
        self._give_up_seconds = give_up_seconds
        self._send = send
        self._tell = tell
        self._tell_seconds = tell_seconds
        self._waiting: list[tuple[float, Sending]] = []
        self._give_up_at = 0.0
        self._under_way = 0
        self._stopped = False
        self._condition = threading.Condition()
        self.played = Played()

    def stop(self) -> None:
        """Send nothing new. ``play`` returns when the answers under way have come."""
        with self._condition:
            self._stopped = True
            self._condition.notify_all()

    def play(self, *, beats: Sequence[Beat], plan: Sequence[Sending]) -> Played:
        """Send all of ``plan`` and return what came back."""
        began = time.monotonic()
        self._waiting = [(began + sending.at * self._interval, sending) for sending in plan]
        heapq.heapify(self._waiting)
        self._give_up_at = began + self._give_up_seconds
        workers = [threading.Thread(target=self._work, args=(beats,), daemon=True) for _ in range(self._threads)]
        for worker in workers:
            worker.start()
        told_at = began
        for worker in workers:
            while worker.is_alive():
                worker.join(0.2)
                if self._tell and time.monotonic() - told_at >= self._tell_seconds:
                    told_at = time.monotonic()
                    self._tell(self.played)
        self.played.seconds = time.monotonic() - began
        return self.played

    def _work(self, beats: Sequence[Beat]) -> None:
        while (sending := self._take()) is not None:
            beat = beats[sending.beat]
            outcome = self._send(heartbeat_message(url=self._url, beat=beat, retries=sending.retries))
            self._note(sending, outcome)

    def _take(self) -> Sending | None:
        """Wait for the next sending that is due; nothing when all is done or time is over."""
        with self._condition:
            while not self._stopped:
                now = time.monotonic()
                if now >= self._give_up_at or not (self._waiting or self._under_way):
                    break
                if self._waiting and self._waiting[0][0] <= now:
                    self._under_way += 1
                    return heapq.heappop(self._waiting)[1]
                until = self._waiting[0][0] if self._waiting else self._give_up_at
                self._condition.wait(min(until, self._give_up_at) - now)
            self._condition.notify_all()
            return None

    def _note(self, sending: Sending, outcome: Outcome) -> None:
        with self._condition:
            self._under_way -= 1
            played = self.played
            played.requests += 1
            played.sent_again += bool(sending.retries)
            played.answers[str(outcome.status or NO_ANSWER)] += 1
            if outcome.accepted():
                played.accepted.add(sending.beat)
            elif outcome.status is None or outcome.status >= 500 or outcome.status == 429:
                due = time.monotonic() + max(self._interval, LEAST_RETRY_SECONDS)
                heapq.heappush(self._waiting, (due, replace(sending, retries=sending.retries + 1)))
            else:
                played.refused[sending.beat] = outcome.in_plain_words(answer_limit=200)
            self._condition.notify_all()
