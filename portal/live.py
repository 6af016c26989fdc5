"""Pages that keep themselves up to date: the part that changes, asked for by ``portal/live.js`` every few seconds.

A page marks what changes with ``data-live`` and gives the address of the part alone. Without the script the page is
right whenever it is loaded. A part that holds an element with ``data-live-next`` leads on to the address in it: what was
waited for is there.
"""

from __future__ import annotations

import hashlib
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.utils.cache import get_conditional_response

_FIELD = "live"


def wants_live_part(request: HttpRequest) -> bool:
    """Tell whether only the changing part of the page is asked for."""
    return request.GET.get(_FIELD) == "1"


def live_address(request: HttpRequest) -> str:
    """Return where the changing part of this very page, as it was asked for, is found."""
    query = request.GET.copy()
    query[_FIELD] = "1"
    return f"{request.path}?{query.urlencode()}"


def look_again(response: HttpResponse, request: HttpRequest, *, seconds: int) -> HttpResponse:
    """Have the browser load the page again after some seconds, which works without scripts; return the response.

    The address is told: a page that was gone to by a link within it is only scrolled, not loaded, where it is not.
    """
    response.headers["Refresh"] = f"{seconds}; url={request.get_full_path()}"
    return response


def live_part(request: HttpRequest, template: str, context: dict[str, Any]) -> HttpResponse:
    """Return the changing part, or 304 where the asker has it as it is.

    It must be the same text while nothing changes: no form in it, whose token would differ each time.
    """
    text = render_to_string(template, context, request)
    etag = f'"{hashlib.blake2b(text.encode(), digest_size=16).hexdigest()}"'
    response = HttpResponse(text, headers={"ETag": etag})
    return get_conditional_response(request, etag=etag, response=response) or response
