"""Connections that know where they may lead and when the call they serve must be over (D7).

The address is checked where it is dialled, so a name that answers differently the second time gains nothing. The time
limit is one for the whole call: each read and write gets what is left of it, so a server that sends a byte a second
does not hold a worker. All that a call needs is kept per thread, as a call never leaves its thread.
"""

from __future__ import annotations

import queue
import socket
import ssl
import threading
import time
from functools import lru_cache
from ipaddress import ip_address
from typing import Any

import certifi
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from portal.http.addresses import Address, is_loopback
from portal.http.errors import ConnectionFailed, TimedOut, UrlRefused
from portal.http.policy import Policy, current_policy, literal_address


class Call(threading.local):
    """The call that this thread is making."""

    deadline: float | None = None
    policy: Policy | None = None
    reused: bool = False
    """Whether the connection had served a call before, so that the other side may have closed it meanwhile."""

    def remaining(self) -> float:
        """Return the seconds that are left. Raises ``TimeoutError`` when there are none."""
        if self.deadline is None:
            raise TimeoutError("no call is being made")
        left = self.deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError("the call took too long")
        return left

    def is_over(self) -> bool:
        """Tell whether the time limit has passed."""
        return self.deadline is not None and time.monotonic() >= self.deadline


call = Call()


class DeadlineSocket(socket.socket):
    """A socket of which every operation ends when the call must."""

    def recv_into(self, *args: Any, **kwargs: Any) -> int:
        """Receive within what is left of the call."""
        self.settimeout(call.remaining())
        return super().recv_into(*args, **kwargs)

    def send(self, *args: Any, **kwargs: Any) -> int:
        """Send within what is left of the call."""
        self.settimeout(call.remaining())
        return super().send(*args, **kwargs)

    def sendall(self, *args: Any, **kwargs: Any) -> None:
        """Send all within what is left of the call."""
        self.settimeout(call.remaining())
        super().sendall(*args, **kwargs)


class DeadlineTLSSocket(ssl.SSLSocket):
    """The same over TLS. All of its reading and writing goes through these two."""

    def read(self, *args: Any, **kwargs: Any) -> Any:
        """Receive within what is left of the call."""
        self.settimeout(call.remaining())
        return super().read(*args, **kwargs)

    def send(self, *args: Any, **kwargs: Any) -> int:
        """Send within what is left of the call."""
        self.settimeout(call.remaining())
        return super().send(*args, **kwargs)


@lru_cache(maxsize=1)
def tls_context() -> ssl.SSLContext:
    """Return the one TLS configuration of this process.

    It trusts the public authorities and those of the machine; ``SSL_CERT_FILE`` adds a studio's own.
    """
    context = ssl.create_default_context()
    context.load_verify_locations(certifi.where())
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.sslsocket_class = DeadlineTLSSocket
    return context


def dial(host: str, port: int, *, loopback_only: bool) -> socket.socket:
    """Return a socket connected to ``host``, every address of which must be permitted.

    Raises ``UrlRefused``, ``ConnectionFailed`` or ``TimedOut``.
    """
    policy = call.policy or current_policy()
    addresses = _resolve(host, port)
    for _family, address, _target in addresses:
        reason = policy.why_forbidden(address, host=host)
        if reason is not None:
            raise UrlRefused(reason.value, host=host)
        if loopback_only and not is_loopback(address):
            raise UrlRefused("not_https", host=host)
    for left, (family, _address, target) in enumerate(addresses):
        try:
            return _connect(family, target, share=1 / (len(addresses) - left))
        except OSError:
            continue
    if call.is_over():
        raise TimedOut(host=host)
    raise ConnectionFailed("refused", host=host)


def _connect(family: int, target: tuple[Any, ...], *, share: float) -> socket.socket:
    connection = DeadlineSocket(family, socket.SOCK_STREAM)
    try:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.settimeout(call.remaining() * share)
        connection.connect(target)
        connection.settimeout(call.remaining())
    except BaseException:
        connection.close()
        raise
    return connection


Resolved = list[tuple[int, Address, tuple[Any, ...]]]


def _resolve(host: str, port: int) -> Resolved:
    if literal_address(host) is not None:
        return _look_up(host.strip("[]"), port)
    # The system's resolver knows no time limit, so it is asked in a thread of its own, which may outlive the call.
    answers: queue.SimpleQueue[Resolved | OSError | UnicodeError] = queue.SimpleQueue()

    def ask() -> None:
        try:
            answers.put(_look_up(host, port))
        except (OSError, UnicodeError) as error:
            answers.put(error)

    threading.Thread(target=ask, name="resolver", daemon=True).start()
    try:
        answer = answers.get(timeout=call.remaining())
    except (queue.Empty, TimeoutError):
        raise TimedOut(host=host) from None
    if isinstance(answer, Exception) or not answer:
        raise ConnectionFailed("dns", host=host)
    return answer


def _look_up(host: str, port: int) -> Resolved:
    found: Resolved = []
    for family, _kind, _protocol, _name, target in socket.getaddrinfo(host, port, 0, socket.SOCK_STREAM):
        found.append((family, ip_address(str(target[0])), target))
    return found


class _Dialling:
    """What both kinds of connection share."""

    _served = False

    def request(self, *args: Any, **kwargs: Any) -> None:
        call.reused, self._served = self._served, True
        super().request(*args, **kwargs)  # type: ignore[misc]

    def close(self) -> None:
        self._served = False
        super().close()  # type: ignore[misc]


class DoorHTTPConnection(_Dialling, HTTPConnection):
    """Plain HTTP, which leads to this machine only."""

    def _new_conn(self) -> socket.socket:
        return dial(self._dns_host, self.port or self.default_port, loopback_only=True)


class DoorHTTPSConnection(_Dialling, HTTPSConnection):
    """HTTP over TLS."""

    def _new_conn(self) -> socket.socket:
        return dial(self._dns_host, self.port or self.default_port, loopback_only=False)


class DoorHTTPPool(HTTPConnectionPool):
    """Keeps plain connections for the next call."""

    ConnectionCls = DoorHTTPConnection


class DoorHTTPSPool(HTTPSConnectionPool):
    """Keeps TLS connections for the next call."""

    ConnectionCls = DoorHTTPSConnection
