"""Which web addresses the portal may call: what can be told without looking anything up (D7)."""

from __future__ import annotations

import re
import socket
import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import AddressValueError, IPv4Address, ip_address, ip_network
from urllib.parse import SplitResult, urlsplit

from django.conf import settings
from django.core.exceptions import ValidationError

from portal.http.addresses import Address, Forbidden, Network, is_loopback, why_forbidden
from portal.http.errors import UrlRefused

MAXIMUM_URL_LENGTH = 2000
_LABEL = re.compile(r"(?!-)[^\W]([\w-]*[^\W])?(?<!-)", re.UNICODE)


@dataclass(frozen=True)
class Policy:
    """What the administrator permits beyond the public internet over https."""

    allowed_networks: tuple[Network, ...] = ()
    allow_http_loopback: bool = False

    def why_forbidden(self, address: Address, *, host: str) -> Forbidden | None:
        """Return why ``address``, reached by the name ``host``, must not be called, or None.

        In development this machine may be called by its own name. A foreign name that leads here stays refused.
        """
        if self.allow_http_loopback and names_this_machine(host) and is_loopback(address):
            return None
        return why_forbidden(address, allowed=self.allowed_networks)


PUBLIC_ONLY = Policy()
"""What anybody on the internet could call: nothing is permitted beyond it."""


def current_policy() -> Policy:
    """Return the policy that the settings describe."""
    return _policy(tuple(settings.PORTAL_OUTBOUND_ALLOWED_NETWORKS), bool(settings.PORTAL_ALLOW_HTTP_LOOPBACK))


@lru_cache(maxsize=16)
def _policy(networks: tuple[str, ...], allow_http_loopback: bool) -> Policy:
    return Policy(tuple(ip_network(network) for network in networks), allow_http_loopback)


def check_url(url: str, policy: Policy | None = None) -> None:
    """Raise ``UrlRefused`` where ``url`` by its shape, or the IP address in it, is one that the portal does not call.

    Nothing is looked up: where a name leads is checked when the connection is made. Without a ``policy`` the settings' counts.
    """
    _check_url(url, policy or current_policy())


@lru_cache(maxsize=256)  # a worker calls the same few addresses over and over; refusals are not kept
def _check_url(url: str, policy: Policy) -> None:
    if len(url) > MAXIMUM_URL_LENGTH:
        raise UrlRefused("too_long")
    parts = _split(url)
    host = (parts.hostname or "").rstrip(".")
    if parts.scheme not in ("https", "http"):
        raise UrlRefused("not_https" if parts.scheme and parts.netloc else "malformed")
    if "@" in parts.netloc:
        raise UrlRefused("userinfo")
    if not host:
        raise UrlRefused("malformed")
    _check_port(parts, host)
    if parts.scheme == "http" and not (policy.allow_http_loopback and names_this_machine(host)):
        raise UrlRefused("not_https", host=host)
    _check_host(host, policy)


def validate_outbound_url(value: str) -> None:
    """Raise ``ValidationError``, with a plain sentence, where ``check_url`` refuses ``value``."""
    try:
        check_url(value)
    except UrlRefused as error:
        raise ValidationError(str(error.sentence), code=error.reason) from None


def names_this_machine(host: str) -> bool:
    """Tell whether ``host`` by itself says that it is this machine: ``localhost`` or a loopback address."""
    name = host.rstrip(".").lower()
    if name == "localhost" or name.endswith(".localhost"):
        return True
    address = literal_address(name)
    return address is not None and is_loopback(address)


def literal_address(host: str) -> Address | None:
    """Return the IP address that ``host`` is, without brackets, or None if it is a name."""
    try:
        return ip_address(host.strip("[]"))
    except ValueError:
        return None


def _split(url: str) -> SplitResult:
    if any(ord(character) <= 0x20 or character in "\\\x7f" for character in url):
        raise UrlRefused("malformed")
    try:
        return urlsplit(url)
    except ValueError:
        raise UrlRefused("malformed") from None


def _check_port(parts: SplitResult, host: str) -> None:
    try:
        port = parts.port
    except ValueError:
        raise UrlRefused("port", host=host) from None
    if port == 0:
        raise UrlRefused("port", host=host)


def _check_host(host: str, policy: Policy) -> None:
    name = unicodedata.normalize("NFKC", host)
    address = literal_address(name) or _oddly_written_address(name)
    if address is not None:
        reason = policy.why_forbidden(address, host=host)
        if reason is not None:
            raise UrlRefused(reason.value, host=host)
    elif names_this_machine(name):
        if not policy.allow_http_loopback:
            raise UrlRefused(Forbidden.LOOPBACK.value, host=host)
    elif len(name) > 253 or not all(_LABEL.fullmatch(label) and len(label) <= 63 for label in name.split(".")):
        raise UrlRefused("host", host=host)


def _oddly_written_address(host: str) -> Address | None:
    """Read what the C library takes for an IPv4 address: ``2130706433``, ``0x7f.1``, ``127.1``."""
    try:
        return IPv4Address(socket.inet_aton(host))
    except (OSError, UnicodeError, AddressValueError):
        return None
