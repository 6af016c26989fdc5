"""The admin's start page, and the cards behind it: the apps hang both in, so that the kernel knows none of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.http import HttpRequest
from django.utils.functional import Promise

from portal.models import Organization


@dataclass(frozen=True)
class Line:
    """One figure or fact. ``url`` leads to the list behind it; ``attention`` asks for a look."""

    label: str
    value: str
    url: str = ""
    attention: bool = False


@dataclass(frozen=True)
class Card:
    """A titled group of lines; ``text`` stands above the lines."""

    title: str
    lines: list[Line] = field(default_factory=list)
    text: str = ""
    url: str = ""
    url_label: str = ""


@dataclass(frozen=True, slots=True)
class CardPage:
    """A card with a page of its own. ``make`` returns None where there is nothing to say, or this person may not see it."""

    key: str
    title: str | Promise
    order: int
    make: Callable[[HttpRequest, Organization], Card | None]


cards: list[CardPage] = []

LineSource = Callable[[HttpRequest, Organization, datetime], Iterable[Line]]

start_lines: list[LineSource] = []
"""What else the start page says. A line that asks for a look stands among what waits for somebody, any other below it:
that codes run out tomorrow, or that they last. Each source may take one query, whatever the organization has, and keeps to
what the person may see, in the games that are theirs (:func:`portal.organizations.game_scope`)."""


@dataclass(frozen=True, slots=True)
class StartPage:
    """The part of the start page that changes: ``context`` reads it for one person, ``template`` shows it.

    ``context`` returns None where this person sees no totals. It raises ``Http404`` for what is asked for and not theirs.
    """

    template: str
    context: Callable[[HttpRequest, Organization], dict[str, Any] | None]


start_page: list[StartPage] = []
"""At most one: the highest app's, which can see all others."""


def card_pages() -> list[CardPage]:
    """Return the cards in their order."""
    return sorted(cards, key=lambda card: card.order)
