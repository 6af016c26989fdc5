"""How far a member of only some games reaches: which rows belong to these games (S1).

The kernel knows no games. The app that does enters them with :func:`enter_games`; where a model leads to a game is found
from its foreign keys, as :func:`portal.admin_base.organization_path` finds the organization. A row that could belong to a
game and belongs to none, such as a claim nobody could place yet, is not within the reach of a member of some games.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TypeVar

from django.db import models
from django.db.models import Q

M = TypeVar("M", bound=models.Model)

_STEPS = 3


@dataclass(frozen=True, slots=True)
class Games:
    """What the kernel has to know of games, all of them strings of ULIDs.

    ``of_members`` tells the games of each of some memberships' ids, ``set_for_member`` replaces them by those of the given ids that are
    the membership's organization's, ``named`` tells id and name of all games of an organization's id, by name.
    """

    model: type[models.Model]
    of_members: Callable[[Iterable[int]], Mapping[int, frozenset[str]]]
    set_for_member: Callable[[int, Iterable[str]], None]
    named: Callable[[str], list[tuple[str, str]]]


_entered: list[Games] = []

Narrowing = Callable[[frozenset[str]], Q]
narrowings: dict[type[models.Model], list[Narrowing]] = {}
"""For models that no foreign key leads from to a game: what a row has to fulfil, one of the conditions (``OR``)."""


def enter_games(games: Games) -> None:
    """Tell the kernel what a game is. Called once, from an ``AppConfig.ready()``."""
    _entered[:] = [games]


def entered_games() -> Games:
    """Return what was entered.

    Raises:
        LookupError: no app did.
    """
    if not _entered:
        raise LookupError("No app entered what a game is.")
    return _entered[0]


def narrow(model: type[models.Model], condition: Narrowing) -> None:
    """Say that rows of ``model`` are within reach where ``condition`` holds for the reached games, or another one does."""
    narrowings.setdefault(model, []).append(condition)


def path_to(model: type[models.Model], target: type[models.Model]) -> str | None:
    """Return the look-up that leads from a model to another by its own foreign keys, at most three; None if none does.

    The model itself gives ``pk``.
    """
    if model is target:
        return "pk"
    frontier: list[tuple[type[models.Model], str]] = [(model, "")]
    for _step in range(_STEPS):
        following: list[tuple[type[models.Model], str]] = []
        for current, prefix in frontier:
            for field in current._meta.concrete_fields:
                related = field.related_model
                if not isinstance(related, type) or field.name == "assigned_reward":
                    continue
                if related is target:
                    return f"{prefix}{field.name}"
                following.append((related, f"{prefix}{field.name}__"))
        frontier = following
    return None


@cache
def game_path(model: type[models.Model]) -> str | None:
    """Return the look-up that leads from a model to its game; None where rows belong to none."""
    return path_to(model, entered_games().model)


def knows_games(model: type[models.Model]) -> bool:
    """Tell whether rows of a model belong to games, so that :func:`in_games` keeps to these."""
    return model in narrowings or game_path(model) is not None


def in_games(queryset: models.QuerySet[M], games: frozenset[str] | None) -> models.QuerySet[M]:
    """Return the rows that belong to these games; all of them for None, and for models that know no games."""
    model = queryset.model
    if games is None or not knows_games(model):
        return queryset
    if not games:
        return queryset.none()
    conditions: Sequence[Narrowing] = narrowings.get(model, ())
    if not conditions:
        return queryset.filter(**{f"{game_path(model)}__in": games})
    reached = Q()
    for condition in conditions:
        reached |= condition(games)
    return queryset.filter(reached)
