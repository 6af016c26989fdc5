"""What is asked of an export, and what each kind of export says of itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from django.utils.functional import Promise

from campaigns.models import Campaign, Game
from portal.exports import Column, Row
from portal.models import Organization
from portal.roles import mask


class Filter(StrEnum):
    """What rows can be chosen by."""

    CAMPAIGN = "campaign"
    GAME = "game"
    STATE = "state"
    SINCE = "since"
    UNTIL = "until"


@dataclass(frozen=True, kw_only=True)
class Asked:
    """Which rows: of one organization, within some games (None: all), and of what is chosen besides (None: of all).

    ``until`` is the first moment that is out. Without ``personal``, what names a person is masked.
    """

    organization: Organization
    now: datetime
    games: frozenset[str] | None = None
    campaign: Campaign | None = None
    game: Game | None = None
    state: str = ""
    since: datetime | None = None
    until: datetime | None = None
    personal: bool = False


@dataclass(frozen=True, kw_only=True)
class Kind:
    """One kind of export. ``rows`` reads page by page, at constant memory, and begins with its first query when asked."""

    key: str
    title: str | Promise
    about: str | Promise
    columns: tuple[Column, ...]
    filters: tuple[Filter, ...]
    rows: Callable[[Asked], Iterator[Row]]
    spans: str | Promise
    """What its times from and until mean."""
    states: list[tuple[str, Any]] = field(default_factory=list)

    @property
    def has_personal(self) -> bool:
        """Whether a column names people."""
        return any(column.personal for column in self.columns)


def rows_of(kind: Kind, asked: Asked) -> Iterator[Row]:
    """Yield the rows; without ``personal`` with the columns that name people masked, the same person always alike (S1)."""
    if asked.personal:
        return kind.rows(asked)
    hidden = [place for place, column in enumerate(kind.columns) if column.personal]
    return _masked(kind.rows(asked), hidden)


def _masked(rows: Iterator[Row], hidden: list[int]) -> Iterator[Row]:
    for row in rows:
        values = list(row)
        for place in hidden:
            values[place] = mask(values[place] or "")
        yield values
