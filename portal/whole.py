"""Answers that leave in one piece.

The web server sends an answer's head and body one after the other. A public client of Twitch's API (twitchAPI for Python,
4.5) closes the connection as soon as it has read the head of the answer with its token, and gets the body only if both
came together, as they do from Twitch and through most proxies.
"""

from __future__ import annotations

import socket
from typing import Any

from django.http import HttpRequest, HttpResponse

_CORK = getattr(socket, "TCP_CORK", None)  # Linux has it


class _Whole(HttpResponse):
    """An answer that lets go of what was held back once all of it was written."""

    held: Any = None

    def close(self) -> None:
        """Send what is held back; the server calls this last."""
        _hold(self.held, False)
        super().close()


def in_one_piece(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    """Have the head and the body of a short answer leave together, where the server gives its socket to the application."""
    connection = request.META.get("gunicorn.socket")
    if _CORK is None or getattr(connection, "family", None) not in (socket.AF_INET, socket.AF_INET6):
        return response
    _hold(connection, True)
    whole = _Whole(response.content, status=response.status_code, headers=dict(response.headers))
    whole.held = connection
    return whole


def _hold(connection: Any, held: bool) -> None:
    try:
        connection.setsockopt(socket.IPPROTO_TCP, _CORK, int(held))
    except OSError:  # the client has gone: there is nobody to send to
        return
