"""Long lists of channels on a page: searched, and a hundred at a time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from django.core.paginator import Page, Paginator
from django.http import HttpRequest

PER_PAGE = 100
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Choice:
    """One of several lists that a page shows in turn: its key, its label, how long it is, and where it is shown."""

    key: str
    label: str
    count: int
    address: str
    chosen: bool


def asked_for(request: HttpRequest) -> str:
    """Return what is searched for."""
    return request.GET.get("q", "").strip()[:200]


def address_with(request: HttpRequest, **changed: str) -> str:
    """Return the page's own address with other parameters; an empty one goes."""
    query = request.GET.copy()
    for name, value in changed.items():
        query.pop(name, None)
        if value:
            query[name] = value
    return f"{request.path}?{query.urlencode()}" if query else request.path


def paged(request: HttpRequest, rows: Any) -> dict[str, Any]:
    """Return what ``admin/campaigns/channel_pager.html`` needs: the page that is asked for, and the ones beside it."""
    page: Page[Any] = Paginator(rows, PER_PAGE).get_page(request.GET.get("page"))
    return {
        "page": page,
        "previous": address_with(request, page=str(page.previous_page_number())) if page.has_previous() else "",
        "next": address_with(request, page=str(page.next_page_number())) if page.has_next() else "",
        "q": asked_for(request),
        "kept": [(name, value) for name, value in request.GET.items() if name not in ("q", "page")],
    }


def searched(request: HttpRequest, rows: Sequence[T], text_of: Callable[[T], str]) -> Sequence[T]:
    """Return the rows whose text holds what is searched for, whatever the case."""
    wanted = asked_for(request).lower()
    return [row for row in rows if wanted in text_of(row).lower()] if wanted else rows
