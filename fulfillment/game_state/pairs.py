"""The allow-list of clients and games (G2): which client may stream, and read, the state of which game."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from campaigns.models import Game
from fulfillment.models import ApiClient, GameStateClient


def games_of(client: ApiClient) -> list[Game]:
    """Return the games whose state a client may stream or read, if it has the scope as well, by name."""
    return list(Game.objects.filter(game_state_clients__client=client).order_by("name", "pk"))


def set_games(client: ApiClient, games: Collection[Game], *, now: datetime) -> None:
    """Have a client be allowed these games and no others. What it streams of another ends within a minute.

    To be called in the transaction that holds the client's row. Raises ``ValueError`` for another organization's game.
    """
    if any(game.organization_id != client.organization_id for game in games):
        raise ValueError("A client streams its own organization's games.")
    wanted = {game.pk for game in games}
    pairs = GameStateClient.objects.filter(client=client)
    known = set(pairs.values_list("game", flat=True))
    pairs.filter(game__in=known - wanted).delete()
    GameStateClient.objects.bulk_create(
        GameStateClient(client=client, game_id=game, allowed_at=now) for game in sorted(wanted - known)
    )
