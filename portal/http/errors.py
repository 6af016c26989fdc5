"""What can go wrong on the way out.

None of these is an ``OSError``: the HTTP libraries would wrap it and hide the reason. Their text holds the host and the
reason, never a path, a query or a header, so that it can be logged and shown.
"""

from __future__ import annotations

from typing import ClassVar

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

SENTENCES: dict[str, Promise] = {
    # the address itself
    "malformed": _("This is not a complete web address. Enter one like https://game.example/rewards."),
    "too_long": _("This address is too long. At most 2,000 characters are possible."),
    "not_https": _("Only addresses that begin with https:// are possible."),
    "userinfo": _("The address must not contain a user name or password. Remove the part before the @."),
    "port": _("The port in this address is not possible. Use a number from 1 to 65535."),
    "host": _("The host in this address is not a valid name or IP address."),
    # where it leads
    "loopback": _("This address leads back to the portal's own machine, which is not permitted."),
    "private": _(
        "This address leads into a private network. The portal's administrator can permit it "
        "(PORTAL_OUTBOUND_ALLOWED_NETWORKS)."
    ),
    "link_local": _("This address leads into the machine's own network segment, which is not permitted."),
    "multicast": _("This address is a multicast address, which cannot be called."),
    "unspecified": _("This address names no machine."),
    "reserved": _("This address is reserved and leads nowhere on the internet."),
    # the request
    "request": _("The request holds characters that HTTP does not permit."),
    # the way there
    "timed_out": _("The other side did not answer in time."),
    "dns": _("The host name is not known. Check its spelling and its DNS entries."),
    "refused": _("Nothing answers at this address: the connection was refused or the machine cannot be reached."),
    "tls": _("No secure connection could be made. Check the certificate of the other side."),
    "broken": _("The connection broke off before the answer was complete."),
    "answer": _("The other side's answer was not valid HTTP."),
}


class OutboundError(Exception):
    """A call did not get an answer. ``reason`` is a code, ``sentence`` says it in plain words.

    ``permanent`` tells that the same call cannot succeed until somebody changes something here.
    """

    permanent: ClassVar[bool] = False

    def __init__(self, reason: str, *, host: str = "") -> None:
        super().__init__(reason, host)
        self.reason = reason
        self.host = host

    @property
    def sentence(self) -> str | Promise:
        """The reason for people, translatable."""
        return SENTENCES[self.reason]

    def __str__(self) -> str:
        """Name host and reason, nothing that could be secret."""
        return f"{self.host}: {self.reason}" if self.host else self.reason


class UrlRefused(OutboundError):
    """The address is one that the portal does not call (D7)."""

    permanent = True


class RequestRefused(OutboundError):
    """The request itself is not valid HTTP, for example a header with a line break."""

    permanent = True


class TimedOut(OutboundError):
    """There was no complete answer within the time limit."""

    def __init__(self, *, host: str = "") -> None:
        super().__init__("timed_out", host=host)


class ConnectionFailed(OutboundError):
    """No connection, or it broke: ``reason`` is ``dns``, ``refused``, ``tls``, ``broken`` or ``answer``."""
