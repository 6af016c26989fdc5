"""Which network addresses the portal may call (D7). Pure rules over addresses."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_network

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network


class Forbidden(StrEnum):
    """Why an address must not be called."""

    LOOPBACK = "loopback"
    PRIVATE = "private"
    LINK_LOCAL = "link_local"
    MULTICAST = "multicast"
    UNSPECIFIED = "unspecified"
    RESERVED = "reserved"


# IANA's special-purpose registries, written out: what Python calls "global" differs between its versions and
# includes multicast and NAT64.
_FORBIDDEN_V4: tuple[tuple[Network, Forbidden], ...] = tuple(
    (ip_network(network), reason)
    for network, reason in (
        ("0.0.0.0/8", Forbidden.UNSPECIFIED),
        ("10.0.0.0/8", Forbidden.PRIVATE),
        ("100.64.0.0/10", Forbidden.PRIVATE),  # carrier-grade NAT
        ("127.0.0.0/8", Forbidden.LOOPBACK),
        ("169.254.0.0/16", Forbidden.LINK_LOCAL),  # also the clouds' metadata service
        ("172.16.0.0/12", Forbidden.PRIVATE),
        ("192.0.0.0/24", Forbidden.RESERVED),
        ("192.0.2.0/24", Forbidden.RESERVED),
        ("192.88.99.0/24", Forbidden.RESERVED),
        ("192.168.0.0/16", Forbidden.PRIVATE),
        ("198.18.0.0/15", Forbidden.RESERVED),
        ("198.51.100.0/24", Forbidden.RESERVED),
        ("203.0.113.0/24", Forbidden.RESERVED),
        ("224.0.0.0/4", Forbidden.MULTICAST),
        ("240.0.0.0/4", Forbidden.RESERVED),
    )
)
_FORBIDDEN_V6: tuple[tuple[Network, Forbidden], ...] = tuple(
    (ip_network(network), reason)
    for network, reason in (
        ("::/128", Forbidden.UNSPECIFIED),
        ("::1/128", Forbidden.LOOPBACK),
        ("fc00::/7", Forbidden.PRIVATE),
        ("fe80::/10", Forbidden.LINK_LOCAL),
        ("fec0::/10", Forbidden.PRIVATE),  # site-local, withdrawn but still routed by some
        ("ff00::/8", Forbidden.MULTICAST),
        ("64:ff9b:1::/48", Forbidden.PRIVATE),  # NAT64 for local use
        ("2001::/23", Forbidden.RESERVED),  # among others Teredo
        ("2001:db8::/32", Forbidden.RESERVED),
        ("3fff::/20", Forbidden.RESERVED),
    )
)
_GLOBAL_UNICAST = IPv6Network("2000::/3")
_NAT64 = IPv6Network("64:ff9b::/96")
_V4_COMPATIBLE = IPv6Network("::/96")
_ISATAP = (0x00005EFE, 0x02005EFE)


def why_forbidden(address: Address, *, allowed: Iterable[Network] = ()) -> Forbidden | None:
    """Return why ``address`` must not be called, or None if it may be.

    An address within one of the ``allowed`` networks may be called. An IPv6 address that carries an IPv4 address
    (mapped, NAT64, 6to4, ISATAP) is as good as the address it carries.
    """
    allowed = tuple(allowed)
    if isinstance(address, IPv6Address) and address.scope_id:
        return Forbidden.LINK_LOCAL
    if any(address in network for network in allowed):
        return None
    if isinstance(address, IPv4Address):
        return _first_match(address, _FORBIDDEN_V4)
    reason = _first_match(address, _FORBIDDEN_V6)
    if reason is not None:
        return reason
    carried = carried_address(address)
    if carried is not None:
        return why_forbidden(carried, allowed=allowed)
    return None if address in _GLOBAL_UNICAST else Forbidden.RESERVED


def carried_address(address: IPv6Address) -> IPv4Address | None:
    """Return the IPv4 address to which a packet for ``address`` would finally go, or None if it carries none."""
    low = int(address) & 0xFFFFFFFF
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address in _NAT64 or address in _V4_COMPATIBLE:
        return IPv4Address(low)
    if address.sixtofour is not None:
        return address.sixtofour
    if (int(address) >> 32) & 0xFFFFFFFF in _ISATAP:
        return IPv4Address(low)
    return None


def is_loopback(address: Address) -> bool:
    """Tell whether ``address`` is this machine, also when it is written as an IPv6 address."""
    return why_forbidden(address) is Forbidden.LOOPBACK


def _first_match(address: Address, table: tuple[tuple[Network, Forbidden], ...]) -> Forbidden | None:
    return next((reason for network, reason in table if address in network), None)
