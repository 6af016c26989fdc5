"""Pages of the admin that belong to no model: the apps hang them in, so that the kernel knows none of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any

from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.utils.functional import Promise

from portal.organizations import game_scope, may
from portal.roles import Permission


@dataclass(frozen=True)
class AdminPage:
    """One page under the admin's address. With a ``title`` it stands at the top of the menu of those who may open it.

    Members of only some games get it where ``keeps_to_games`` says that it shows and does nothing beyond
    :func:`portal.organizations.game_scope`, or that nothing on it belongs to a game; else it does not exist for them (S1).
    """

    route: str
    name: str
    view: Callable[..., HttpResponseBase]
    permission: Permission
    title: str | Promise = ""
    icon: str = "search"
    keeps_to_games: bool = False


pages: list[AdminPage] = []


def menu_pages(request: HttpRequest) -> list[AdminPage]:
    """Return the pages for this person's menu."""
    return [page for page in pages if page.title and may(request, page.permission) and is_reached(request, page)]


def is_reached(request: HttpRequest, page: AdminPage) -> bool:
    """Tell whether the page exists for the signed-in person: for members of only some games not every one does."""
    return page.keeps_to_games or game_scope(request) is None


def within_reach(page: AdminPage) -> Callable[..., HttpResponseBase]:
    """Return the page's view, which is 404 for whom it does not exist for."""

    @wraps(page.view)
    def view(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not is_reached(request, page):
            raise Http404
        return page.view(request, *args, **kwargs)

    return view
