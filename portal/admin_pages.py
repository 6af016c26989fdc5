"""Pages of the admin that belong to no model: the apps hang them in, so that the kernel knows none of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.functional import Promise

from portal.organizations import may
from portal.roles import Permission


@dataclass(frozen=True)
class AdminPage:
    """One page under the admin's address. With a ``title`` it stands at the top of the menu of those who may open it."""

    route: str
    name: str
    view: Callable[..., HttpResponseBase]
    permission: Permission
    title: str | Promise = ""
    icon: str = "search"


pages: list[AdminPage] = []


def menu_pages(request: HttpRequest) -> list[AdminPage]:
    """Return the pages for this person's menu."""
    return [page for page in pages if page.title and may(request, page.permission)]
