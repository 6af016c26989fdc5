"""What an API client may be given: where players are sent back to, and which words complete a claim (A1, A5)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from ipaddress import ip_address
from urllib.parse import SplitResult, urlsplit

from django.utils.translation import gettext_lazy as _

from portal.sentences import Sentence

OVERLAPS = (timedelta(0), timedelta(hours=1), timedelta(days=1), timedelta(days=7), timedelta(days=30))
"""How long the secret before can stay valid, for a backend to be changed over at leisure."""

MOST_ADDRESSES = 20
LONGEST_ADDRESS = 500
MOST_TEXTS = 20
LONGEST_TEXT = 100

INITIATED = "initiated"
"""Kick's own word for a claim that is not fulfilled."""


def redirect_fault(address: str) -> Sentence | None:
    """Say why players cannot be sent back to this address, or return None.

    It is https, http on the player's own machine, or a scheme of a native game's own (RFC 8252, sections 7 and 8.4: named
    after a domain in reverse, with a period). So it is never ``javascript:``, ``data:`` or another of the browser's own.
    """
    if len(address) > LONGEST_ADDRESS:
        return Sentence(_("An address has at most %(most)s characters."), {"most": LONGEST_ADDRESS})
    if not all("!" <= character <= "~" for character in address) or "\\" in address:
        return Sentence(_("“%(address)s” has characters that an address cannot have."), {"address": address})
    if "#" in address:
        return Sentence(_("“%(address)s” has a fragment (#). Leave it out."), {"address": address})
    if "*" in address:
        return Sentence(_("“%(address)s” has a wildcard (*). Enter each address by itself."), {"address": address})
    try:
        parts = urlsplit(address)
        port = parts.port
    except ValueError:
        return Sentence(_("“%(address)s” is not an address."), {"address": address})
    if parts.scheme in ("https", "http"):
        return _web_fault(address, parts, port)
    return _native_fault(address, parts)


def _web_fault(address: str, parts: SplitResult, port: int | None) -> Sentence | None:
    if not parts.hostname or port == 0:
        return Sentence(_("“%(address)s” is not an address."), {"address": address})
    if "@" in parts.netloc:
        return Sentence(_("“%(address)s” has a user name. Leave it out."), {"address": address})
    if parts.scheme == "http" and not is_loopback(parts.hostname):
        return Sentence(
            _("“%(address)s” must begin with https://. Only localhost, 127.0.0.1 and [::1] may be http."),
            {"address": address},
        )
    return None


def _native_fault(address: str, parts: SplitResult) -> Sentence | None:
    if not parts.scheme:
        return Sentence(_("“%(address)s” is not whole: it begins with https://."), {"address": address})
    if "." not in parts.scheme.strip("."):
        return Sentence(
            _(
                "“%(address)s” must begin with https://, or with a native game's own scheme: a domain of yours in reverse, "
                "like com.example.game:/signed-in. A shorter one could belong to another program."
            ),
            {"address": address},
        )
    if not (parts.netloc or parts.path.strip("/")):
        return Sentence(_("“%(address)s” ends after its scheme. Add a path."), {"address": address})
    return None


def is_loopback(host: str) -> bool:
    """Tell whether a host is the machine that the browser runs on, by its name or address."""
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost"


def text_fault(text: str) -> Sentence | None:
    """Say why this status cannot complete a claim, or return None."""
    if len(text) > LONGEST_TEXT:
        return Sentence(_("A status has at most %(most)s characters."), {"most": LONGEST_TEXT})
    if not text.isprintable():
        return Sentence(_("“%(text)s” has characters that cannot be seen."), {"text": text})
    if text.casefold() == INITIATED:
        return Sentence(_("“%(text)s” is the status of a claim that is not fulfilled."), {"text": text})
    return None


def faults_of_addresses(addresses: Sequence[str]) -> list[Sentence]:
    """Return what is wrong with these redirect addresses, each fault once."""
    if len(addresses) > MOST_ADDRESSES:
        return [Sentence(_("A client has at most %(most)s addresses."), {"most": MOST_ADDRESSES})]
    return [fault for address in addresses if (fault := redirect_fault(address))]


def faults_of_texts(texts: Sequence[str]) -> list[Sentence]:
    """Return what is wrong with these statuses, each fault once."""
    if len(texts) > MOST_TEXTS:
        return [Sentence(_("A client has at most %(most)s statuses."), {"most": MOST_TEXTS})]
    return [fault for text in texts if (fault := text_fault(text))]
