"""Players who were erased and come back (F8): they get their row again, so that what they were given is not given twice."""

from __future__ import annotations

from campaigns.models import Game
from linking.models import Player
from portal.tombstones import possible_tombstones, tombstone


def player_tombstone(game_id: str, player_id: str) -> str:
    """Return what stands for a player's id once it is erased."""
    return tombstone("player", game_id, player_id)


def recognize_player(*, game: Game, player_id: str) -> bool:
    """Give an erased player the id back, now that the account is proven again; tell whether there was one."""
    if Player.objects.filter(game=game, player_id=player_id).exists():
        return False
    markers = possible_tombstones("player", game.pk, player_id)
    row = Player.objects.filter(game=game, player_id__in=markers).order_by("pk").first()
    if row is None:
        return False
    return bool(Player.objects.filter(pk=row.pk, player_id=row.player_id).update(player_id=player_id))
