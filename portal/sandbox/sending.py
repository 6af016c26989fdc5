"""Sends a message over HTTP with the standard library, byte for byte as it was built."""

from __future__ import annotations

import http.client
import time
from dataclasses import dataclass
from urllib.parse import urlsplit

from portal.sandbox.messages import Message

TIMEOUT_SECONDS = 10.0
#: How much of an answer is kept, in bytes.
ANSWER_LIMIT = 4096


@dataclass(frozen=True)
class Outcome:
    """What came back: a status with an answer, or an error in plain words (then ``status`` is None)."""

    status: int | None
    answer: str
    error: str
    duration_ms: int

    def accepted(self) -> bool:
        """Whether the receiver answered with any 2xx."""
        return self.status is not None and 200 <= self.status < 300

    def in_plain_words(self, *, answer_limit: int = ANSWER_LIMIT) -> str:
        """One line, and the first ``answer_limit`` characters of the answer if there was any."""
        if self.status is None:
            return f"No answer after {self.duration_ms} ms: {self.error}"
        answer = self.answer if len(self.answer) <= answer_limit else self.answer[:answer_limit] + " ..."
        return f"Answered {self.status} after {self.duration_ms} ms" + (f": {answer}" if answer else "")


def send(message: Message, *, timeout_seconds: float = TIMEOUT_SECONDS) -> Outcome:
    """Send ``message`` and return what came back. Redirects are not followed; nothing is raised."""
    started = time.monotonic()

    def outcome(*, status: int | None = None, answer: bytes = b"", error: str = "") -> Outcome:
        elapsed = round((time.monotonic() - started) * 1000)
        return Outcome(status, answer.decode("utf-8", "replace"), error[:500], elapsed)

    try:
        parts = urlsplit(message.url)
        port = parts.port
    except ValueError as fault:
        return outcome(error=f"The address cannot be read: {fault}")
    if parts.scheme not in ("http", "https") or not parts.hostname:
        return outcome(error="There is no address to send to. It must begin with http:// or https://.")
    connect = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = connect(parts.hostname, port, timeout=timeout_seconds)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    try:
        connection.request(message.method, path, body=message.body or None, headers=message.headers)
        response = connection.getresponse()
        return outcome(status=response.status, answer=response.read(ANSWER_LIMIT))
    except TimeoutError:
        return outcome(error=f"No answer came within {timeout_seconds:g} seconds.")
    except (OSError, http.client.HTTPException, ValueError) as fault:
        return outcome(error=f"The connection failed: {fault or type(fault).__name__}")
    finally:
        connection.close()
