"""The names by which heartbeats may call a game (W1): its own and its other names, and taking in one that arrived."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.db import transaction

from campaigns.heartbeats.again import count_again
from campaigns.models import Game, GameName, Heartbeat, HeartbeatSource
from campaigns.watch.reports import comparable
from portal import audit
from portal.models import User

LONGEST_NAME = 200


def names_of(game: Game) -> list[str]:
    """Return the game's own name and its other names in order."""
    return [game.name, *game.names.order_by("name").values_list("name", flat=True)]


def accept_name(*, game: Game, name: str, actor: User | None, now: datetime) -> int:
    """Make ``name`` one of the game's names and have kept heartbeats that call it so counted; return how many they are.

    A name that is known already is no error: what is kept under it is counted just the same. Raises ``ValueError`` for a
    name of blanks, or one that is too long.
    """
    name = name.strip()
    if not name or len(name) > LONGEST_NAME:
        raise ValueError("A name has 1 to 200 characters.")
    with transaction.atomic():
        if comparable(name) not in map(comparable, names_of(game)):
            row, made = GameName.objects.get_or_create(game=game, name=name)
            if made:
                audit.record(
                    actor=actor,
                    action="accepted game name",
                    obj=game,
                    organization=game.organization,
                    after={"name": row.name},
                    now=now,
                )
        return count_named(game=game, names=[name], now=now)


def count_named(*, game: Game, names: Iterable[str], now: datetime) -> int:
    """Have heartbeats counted that were kept because they call the game by one of these names; return how many."""
    wanted = {comparable(name) for name in names}
    sources = list(HeartbeatSource.objects.filter(game=game).values_list("pk", flat=True))
    kept = Heartbeat.objects.filter(
        source__in=sources, outcome=Heartbeat.Outcome.NO_GAME, viewer_list__isnull=False, due_at=None
    )
    spellings = [name for name in kept.values_list("game_name", flat=True).distinct() if comparable(name) in wanted]
    return sum(count_again(source_ids=sources, game_name=name, now=now) for name in spellings)
