"""Ending a connection without an answer."""

from __future__ import annotations

import contextlib

from django.http import HttpRequest


def close_connection(request: HttpRequest) -> None:
    """End the connection without an answer. gunicorn hands its socket to the application."""
    connection = request.META.get("gunicorn.socket")
    if connection is not None:
        with contextlib.suppress(OSError):
            connection.shutdown(2)
