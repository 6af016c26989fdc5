"""Leading back to where somebody came from: to what ``?next=`` names, a page of the portal and nothing else, or to a list as it was."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.utils.http import url_has_allowed_host_and_scheme

NEXT = "next"


def next_page(request: HttpRequest) -> str:
    """Return the page that the address asks to go on to; empty where it names none, or one elsewhere."""
    wanted = request.GET.get(NEXT, "")
    return wanted if wanted.startswith("/") and url_has_allowed_host_and_scheme(wanted, allowed_hosts=None) else ""


def with_next(url: str, following: str) -> str:
    """Return an address that leads on to ``following``; as it is where that is empty."""
    return with_query(url, {NEXT: following}) if following else url


def with_query(url: str, more: dict[str, str]) -> str:
    """Return an address with more in its query, before what it points at within the page."""
    page, mark, place = url.partition("#")
    return f"{page}{'&' if '?' in page else '?'}{urlencode(more)}{mark}{place}"


def carried(request: HttpRequest, url: str) -> str:
    """Return the address of a page on the way, so that it leads on to where this one does."""
    return with_next(url, next_page(request))


FILTERS = "_changelist_filters"
"""Under this name Django tells the page of a row how the list was filtered that led there."""


def list_as_it_was(request: HttpRequest, url: str) -> str:
    """Return the address of the list that somebody left for this page, filtered as it was then."""
    filters = QueryDict(request.GET.get(FILTERS, "")).urlencode()
    return f"{url}?{filters}" if filters else url


def keeping_filters(request: HttpRequest, url: str) -> str:
    """Return the address of a page on the way, so that it too leads back to the list as it was filtered."""
    filters = request.GET.get(FILTERS, "")
    return with_query(url, {FILTERS: filters}) if filters else url


class LeadsBack:
    """A page of the admin that goes on, once its object is saved, to where ``?next=`` says."""

    def response_post_save_add(self, request: HttpRequest, obj: Any) -> HttpResponse:
        """Go on after adding."""
        return self._on(request) or super().response_post_save_add(request, obj)  # type: ignore[misc]

    def response_post_save_change(self, request: HttpRequest, obj: Any) -> HttpResponse:
        """Go on after changing."""
        return self._on(request) or super().response_post_save_change(request, obj)  # type: ignore[misc]

    def _on(self, request: HttpRequest) -> HttpResponse | None:
        following = next_page(request)
        return HttpResponseRedirect(following) if following else None
