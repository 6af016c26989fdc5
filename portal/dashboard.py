"""The admin's start page: cards that the apps hang in, so that the kernel knows none of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from django.http import HttpRequest

from portal.models import Organization


@dataclass(frozen=True)
class Line:
    """One figure or fact of a card. ``url`` leads to the list behind it; ``attention`` asks for a look."""

    label: str
    value: str
    url: str = ""
    attention: bool = False


@dataclass(frozen=True)
class Card:
    """A titled group of lines; ``order`` places it among the others, ``text`` stands above the lines."""

    title: str
    order: int
    lines: list[Line] = field(default_factory=list)
    text: str = ""
    url: str = ""
    url_label: str = ""


cards: list[Callable[[HttpRequest, Organization], Card | None]] = []


def dashboard_cards(request: HttpRequest, organization: Organization) -> list[Card]:
    """Return the cards of every app for one organization, in their order."""
    made = [make(request, organization) for make in cards]
    return sorted((card for card in made if card), key=lambda card: card.order)
