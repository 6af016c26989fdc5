"""The one way out of the portal (D7). No other module imports ``requests``."""

from __future__ import annotations

import json as jsonlib
import logging
import os
import ssl
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import requests
import urllib3.exceptions
from requests.adapters import HTTPAdapter
from requests.structures import CaseInsensitiveDict

from portal.http.dialling import DoorHTTPPool, DoorHTTPSPool, call, tls_context
from portal.http.errors import ConnectionFailed, OutboundError, RequestRefused, TimedOut
from portal.http.policy import Policy, check_url, current_policy

TIME_LIMIT_SECONDS = 10.0
ANSWER_LIMIT_BYTES = 64 * 1024
USER_AGENT = "drops-portal"

# It would log paths and queries, in which tokens stand.
logging.getLogger("urllib3").setLevel(logging.WARNING)


@dataclass(frozen=True)
class Answer:
    """What the other side said, redirects included: they are answers like any other."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    truncated: bool
    """Whether the answer was longer than ``ANSWER_LIMIT_BYTES`` and the rest was dropped."""
    duration_ms: int

    @property
    def ok(self) -> bool:
        """Whether the status is one of success, 200 to 299."""
        return 200 <= self.status < 300

    @property
    def text(self) -> str:
        """The body as text; what is not UTF-8 is replaced."""
        return self.body.decode("utf-8", "replace")

    def json(self) -> Any:
        """Return the body read as JSON. Raises ``ValueError`` where it is none, or was cut off."""
        try:
            return jsonlib.loads(self.body)
        except RecursionError:
            raise ValueError("The answer is nested too deeply.") from None


class DoorAdapter(HTTPAdapter):
    """Carries requests out under the rules of D7, and brings back at most ``ANSWER_LIMIT_BYTES`` of each answer."""

    def init_poolmanager(self, connections: int, maxsize: int, block: bool = False, **kwargs: Any) -> None:
        """Use connections that check what they dial."""
        super().init_poolmanager(connections, maxsize, block, ssl_context=tls_context(), **kwargs)
        self.poolmanager.pool_classes_by_scheme = {"http": DoorHTTPPool, "https": DoorHTTPSPool}

    def cert_verify(self, conn: Any, url: str, verify: Any, cert: Any) -> None:
        """Leave the verification of certificates to the TLS context, which always demands it."""

    def send(self, request: Any, stream: Any = False, timeout: Any = None, *args: Any, **kwargs: Any) -> Any:
        """Send ``request`` and return the answer, read. Raises ``OutboundError``."""
        seconds = float(timeout) if isinstance(timeout, int | float) else TIME_LIMIT_SECONDS
        url = request.url or ""
        host = urlsplit(url).hostname or ""
        check_url(url)
        call.policy = current_policy()
        call.deadline = time.monotonic() + min(seconds, TIME_LIMIT_SECONDS)
        try:
            response, failure = self._exchange(request, host=host)
            if failure is not None and failure.reason == "broken" and call.reused and not call.is_over():
                # The other side had closed a connection that was kept: that says nothing about this request.
                response, failure = self._exchange(request, host=host)
        finally:
            call.deadline = None
        if failure is not None:
            raise failure
        return response

    def _exchange(self, request: Any, *, host: str) -> tuple[Any, OutboundError | None]:
        call.reused = False
        response = None
        try:
            response = super().send(request, stream=True, timeout=call.remaining(), verify=True, proxies=None)
            _read_body(response)
            return response, None
        except OutboundError as error:
            failure = error
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError, ValueError) as error:
            failure = _failure(error, host=host)
        # Returned and not raised from here: the library's exception holds the request with its secrets.
        if response is not None:
            response.raw.close()
        return None, failure


def _read_body(response: Any) -> None:
    body = response.raw.read(ANSWER_LIMIT_BYTES + 1, decode_content=True)
    response.truncated = len(body) > ANSWER_LIMIT_BYTES
    if response.truncated:
        response.raw.close()
    response._content = body[:ANSWER_LIMIT_BYTES]
    response._content_consumed = True


def _failure(error: BaseException, *, host: str) -> OutboundError:
    causes = list(_causes(error))
    if call.is_over() or any(isinstance(cause, TimeoutError | requests.Timeout) for cause in causes):
        return TimedOut(host=host)
    if any(isinstance(cause, ssl.SSLError | urllib3.exceptions.SSLError) for cause in causes):
        return ConnectionFailed("tls", host=host)
    if isinstance(error, requests.exceptions.InvalidHeader):
        return RequestRefused("request", host=host)
    if isinstance(error, requests.ConnectionError | urllib3.exceptions.ProtocolError | OSError) and not any(
        isinstance(cause, urllib3.exceptions.HeaderParsingError | urllib3.exceptions.DecodeError) for cause in causes
    ):
        return ConnectionFailed("broken", host=host)
    return ConnectionFailed("answer", host=host)


def _causes(error: BaseException) -> list[BaseException]:
    """List an exception and all that it wraps, in attributes and arguments as well as by ``raise from``."""
    found: list[BaseException] = []
    waiting: list[Any] = [error]
    while waiting and len(found) < 20:
        candidate = waiting.pop()
        if isinstance(candidate, BaseException) and candidate not in found:
            found.append(candidate)
            waiting += [
                candidate.__cause__,
                candidate.__context__,
                getattr(candidate, "reason", None),
                *candidate.args,
            ]
    return found


class Door:
    """Keeps connections of the thread that uses it open between calls."""

    def __init__(self) -> None:
        self._kept = threading.local()

    def send(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes = b"",
        json: Any = None,
        params: Mapping[str, str] | list[tuple[str, str]] | None = None,
        form: Mapping[str, str] | None = None,
        timeout: float = TIME_LIMIT_SECONDS,
    ) -> Answer:
        """Send one request and return the answer, whatever its status.

        At most one of ``body``, ``json`` and ``form`` is given. ``timeout`` is in seconds, covers everything from the
        look-up of the name to the last byte, and is cut to ``TIME_LIMIT_SECONDS``. Raises ``OutboundError``.
        """
        started = time.monotonic()
        check_url(url)
        request = _prepare(method, url, headers=headers, body=body, json=json, params=params, form=form)
        response = self._adapter().send(request, timeout=timeout)
        return Answer(
            status=response.status_code,
            headers=response.headers,
            body=response.content,
            truncated=response.truncated,
            duration_ms=round((time.monotonic() - started) * 1000),
        )

    def _adapter(self) -> DoorAdapter:
        # A forked process must not speak on its parent's connections, nor a stricter policy on a laxer one's.
        owner: tuple[int, Policy] = (os.getpid(), current_policy())
        if getattr(self._kept, "owner", None) != owner:
            self._kept.owner = owner
            self._kept.adapter = DoorAdapter(pool_connections=16, pool_maxsize=1)
        adapter: DoorAdapter = self._kept.adapter
        return adapter


def _prepare(
    method: str,
    url: str,
    *,
    headers: Mapping[str, str] | None,
    body: bytes,
    json: Any,
    params: Mapping[str, str] | list[tuple[str, str]] | None,
    form: Mapping[str, str] | None,
) -> requests.PreparedRequest:
    sent: CaseInsensitiveDict[str] = CaseInsensitiveDict({"User-Agent": USER_AGENT, "Accept-Encoding": "identity"})
    if json is not None:
        body = jsonlib.dumps(json, separators=(",", ":"), ensure_ascii=False).encode()
        sent["Content-Type"] = "application/json"
    sent.update(headers or {})
    request = requests.PreparedRequest()
    try:
        request.prepare(
            method=method,
            url=url,
            headers=sent,
            params=params,
            data=dict(form) if form is not None else (body or None),
        )
    except (requests.RequestException, ValueError):
        refusal = RequestRefused("request", host=urlsplit(url).hostname or "")
    else:
        return request
    raise refusal


_door = Door()


def send(method: str, url: str, **options: Any) -> Answer:
    """Send one request through the process's door: see ``Door.send``."""
    return _door.send(method, url, **options)


class DoorSession(requests.Session):
    """A session for libraries that bring their own calls: same rules, no redirects, no environment."""

    def __init__(self) -> None:
        super().__init__()
        self.trust_env = False
        self.headers.update({"User-Agent": USER_AGENT, "Accept-Encoding": "identity"})
        self.mount("https://", DoorAdapter())
        self.mount("http://", DoorAdapter())

    def get_redirect_target(self, resp: Any) -> str | None:
        """Follow nothing: a redirect is an answer."""
        return None

    def send(self, request: Any, **kwargs: Any) -> requests.Response:
        """Send ``request``. Raises ``requests.ConnectionError``, which is what a library expects of a session."""
        try:
            return super().send(request, **kwargs)
        except OutboundError as error:
            failure = requests.ConnectionError(str(error))
        raise failure


def requests_session() -> requests.Session:
    """Return a new session that leads through the door, for libraries such as allauth."""
    return DoorSession()
