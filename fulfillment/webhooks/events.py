"""What follows from a webhook's message that brings no claim: a registry that whoever needs such messages enters into.

A listener gets the credential, the message and the time. It is called while the platform waits, so it does no more than
one quick write, and it must bear being called twice with the same message. What it raises is answered with 503, after
which the platform sends the message again.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from portal.models import PlatformCredential

Listener = Callable[[PlatformCredential, Any, datetime], None]

_listeners: dict[type, list[Listener]] = {}


def listen(kind: type, listener: Listener) -> None:
    """Have ``listener`` called with every message of this class, e.g. ``twitch.messages.AuthorizationRevoked``."""
    _listeners.setdefault(kind, []).append(listener)


def stop_listening(kind: type, listener: Listener) -> None:
    """Undo :func:`listen`."""
    _listeners[kind].remove(listener)


def announce(credential: PlatformCredential, message: object, *, now: datetime) -> int:
    """Call everybody who listens for ``message``; return how many that were."""
    listeners = _listeners.get(type(message), ())
    for listener in listeners:
        listener(credential, message, now)
    return len(listeners)
