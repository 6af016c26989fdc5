"""How a platform's API is called: the status is looked at before the body, and a failure says what to do next."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar
from urllib.parse import urlsplit

from portal import http
from portal.platforms.messages import MAXIMUM_ID_LENGTH, is_storable

T = TypeVar("T")

LONGEST_LIFE_SECONDS = 10**9
"""Tokens live no longer, whatever is answered: a calendar ends somewhere, and one organization's platform must not stop
the work for all others.
"""


class PlatformError(Exception):
    """A platform did not do what it was asked.

    ``reason`` is a code: one of the door's (``timed_out``, ``dns``, ``refused`` …), ``status`` for an answer that is
    no success, ``answer`` for one that could not be understood, ``too_long`` for one that the door did not read to its
    end, ``full`` where the platform keeps no more of what was to be made, or ``declined`` where it took the call and not
    what it was about. ``permanent`` tells that asking again changes nothing until somebody mends the cause;
    ``retry_after`` is the wait the platform asked for, if any. ``said`` is the platform's own message, for the client that
    knows its wording: it may hold what was sent and is never shown or logged.
    """

    def __init__(
        self,
        reason: str,
        *,
        host: str = "",
        status: int | None = None,
        permanent: bool = False,
        retry_after: timedelta | None = None,
        said: str = "",
    ) -> None:
        super().__init__(reason, status)
        self.reason = reason
        self.host = host
        self.status = status
        self.permanent = permanent
        self.retry_after = retry_after
        self.said = said

    def __str__(self) -> str:
        """Name host, reason and status, nothing that could be secret."""
        told = f"{self.reason} {self.status}" if self.status is not None else self.reason
        return f"{self.host}: {told}" if self.host else told


class TokenRefused(PlatformError):
    """The platform does not take a viewer's token any more: only the viewer's new consent helps."""

    def __init__(self, *, status: int, host: str = "") -> None:
        super().__init__("status", host=host, status=status, permanent=True)


@dataclass(frozen=True, kw_only=True)
class PlatformUser:
    """Who somebody is at a platform. ``login`` is the name in addresses, ``name`` the one to show."""

    id: str
    login: str
    name: str
    image_url: str = ""


@dataclass(frozen=True, kw_only=True)
class AppToken:
    """An app access token and how many seconds it is good for."""

    access_token: str = field(repr=False)
    expires_in: int


@dataclass(slots=True)
class Limits:
    """What a platform said in its answers of how many calls it takes; None where it said nothing.

    Twitch: ``Ratelimit-Remaining`` points and ``Ratelimit-Reset`` in Unix seconds (Twitch API, Rate limits).
    """

    remaining: int | None = None
    resets_at: datetime | None = None

    def note(self, answer: http.Answer) -> None:
        """Take in what an answer's headers say."""
        remaining, reset = (answer.headers.get(f"Ratelimit-{name}", "") for name in ("Remaining", "Reset"))
        if remaining.isascii() and remaining.isdigit() and reset.isascii() and reset.isdigit():
            self.remaining = int(remaining[:9])
            self.resets_at = datetime.fromtimestamp(min(int(reset[:12]), _LAST_SECOND), UTC)

    def wait(self, now: datetime) -> timedelta | None:
        """Return how long to make no further call, or None: some points are left for what cannot wait."""
        if self.remaining is None or self.resets_at is None or self.remaining > SPARED_POINTS:
            return None
        return min(max(self.resets_at - now, timedelta()), http.LONGEST_WAIT) or None


SPARED_POINTS = 5
_LAST_SECOND = 4_102_444_800  # the year 2100
_watched: ContextVar[Limits | None] = ContextVar("limits", default=None)
_seconds: ContextVar[float] = ContextVar("seconds", default=http.TIME_LIMIT_SECONDS)


@contextmanager
def watching_limits() -> Iterator[Limits]:
    """Have what the answers within say of limits noted."""
    limits = Limits()
    token = _watched.set(limits)
    try:
        yield limits
    finally:
        _watched.reset(token)


@contextmanager
def at_most(seconds: float) -> Iterator[None]:
    """Have each call within take no longer: somebody waits for it."""
    token = _seconds.set(seconds)
    try:
        yield
    finally:
        _seconds.reset(token)


def ask(method: str, url: str, **options: Any) -> http.Answer:
    """Call ``url`` through the door and return an answer of success. Raises ``PlatformError``."""
    options["timeout"] = min(options.get("timeout", http.TIME_LIMIT_SECONDS), _seconds.get())
    try:
        answer = http.send(method, url, **options)
    except http.OutboundError as error:
        failure = PlatformError(error.reason, host=error.host, permanent=error.permanent)
    else:
        limits = _watched.get()
        if limits is not None:
            limits.note(answer)
        if answer.ok:
            return answer
        failure = _refusal(answer, host=urlsplit(url).hostname or "", now=datetime.now(UTC))
    raise failure


def ask_for_object(method: str, url: str, **options: Any) -> dict[str, Any]:
    """Call ``url`` and return the JSON object it answers. Raises ``PlatformError``; ``too_long`` where it was cut off."""
    answer = ask(method, url, **options)
    if answer.truncated:
        raise PlatformError("too_long", host=urlsplit(url).hostname or "")
    try:
        value = answer.json()
    except ValueError:
        value = None
    if not isinstance(value, dict):
        raise not_understood()
    return value


def request_app_token(url: str, *, client_id: str, client_secret: str) -> AppToken:
    """Ask the token endpoint ``url`` for an app token (RFC 6749, section 4.4). Raises ``PlatformError``."""
    form = {"grant_type": "client_credentials", "client_id": client_id, "client_secret": client_secret}
    reply = ask_for_object("POST", url, form=form)
    token, expires_in = reply.get("access_token"), reply.get("expires_in")
    if not isinstance(token, str) or not token or isinstance(expires_in, bool):
        raise not_understood()
    if not isinstance(expires_in, int) or expires_in < 0:
        raise not_understood()
    return AppToken(access_token=token, expires_in=min(expires_in, LONGEST_LIFE_SECONDS))


def rows_of(reply: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the objects of the list ``data``. Raises ``PlatformError``."""
    rows = reply.get("data")
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise not_understood()
    return rows


def only_row(reply: Mapping[str, Any]) -> dict[str, Any]:
    """Return the first object of the list ``data``. Raises ``PlatformError``."""
    rows = rows_of(reply)
    if not rows:
        raise not_understood()
    return rows[0]


def seconds_of(value: object) -> int | None:
    """Return how long a token lives; None where it is not told. 0 stands for a token that does not expire."""
    if not isinstance(value, int) or isinstance(value, bool) or value <= 0:
        return None
    return min(value, LONGEST_LIFE_SECONDS)


def some_of(values: Sequence[str], size: int) -> Iterator[list[str]]:
    """Return the values in parts of at most ``size``, each value once."""
    once = list(dict.fromkeys(values))
    return (once[start : start + size] for start in range(0, len(once), size))


def readable(rows: Sequence[dict[str, Any]], read: Callable[[dict[str, Any]], T]) -> list[T]:
    """Return what ``read`` makes of the rows; one that it cannot read keeps no other back. Raises ``PlatformError`` for none."""
    found = []
    for row in rows:
        try:
            found.append(read(row))
        except PlatformError:
            continue
    if rows and not found:
        raise not_understood()
    return found


def id_of(value: object) -> str:
    """Return an id of a reply as text. Raises ``PlatformError`` where it is none."""
    text = str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""
    if not text or len(text) > MAXIMUM_ID_LENGTH or not is_storable(text):
        raise not_understood()
    return text


def text_of(value: object) -> str:
    """Return a text of a reply, empty where it is none."""
    return value if isinstance(value, str) and is_storable(value) else ""


def not_understood() -> PlatformError:
    """Return the error for an answer of success that is not what the platform documents."""
    return PlatformError("answer")


def _refusal(answer: http.Answer, *, host: str, now: datetime) -> PlatformError:
    temporary = answer.status in (408, 425, 429) or answer.status >= 500
    return PlatformError(
        "status",
        host=host,
        status=answer.status,
        permanent=not temporary,
        retry_after=_wait(answer, now=now) if temporary else None,
        said=_message(answer),
    )


def _message(answer: http.Answer) -> str:
    try:
        value = answer.json()
    except ValueError:
        return ""
    # Kick's refusals have their reason in ``data``, beside a ``message`` that only names the status.
    said = (text_of(value.get(name)) for name in ("message", "data")) if isinstance(value, dict) else ()
    return " ".join(filter(None, said))[:200]


def _wait(answer: http.Answer, *, now: datetime) -> timedelta | None:
    # Twitch tells by Ratelimit-Reset, in Unix seconds, when its bucket is full again (Twitch API, Rate limits).
    reset = answer.headers.get("Ratelimit-Reset", "")
    if answer.status == 429 and "Retry-After" not in answer.headers and reset.isascii() and reset.isdigit():
        seconds = int(reset[:12]) - now.timestamp()
        return min(max(timedelta(seconds=seconds), timedelta()), http.LONGEST_WAIT)
    return http.retry_after(answer.headers, now=now)
