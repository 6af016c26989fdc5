"""Erasing whose game account it was (F8): links end, the player's identifiers go."""

from __future__ import annotations

from datetime import datetime

from allauth.usersessions.models import UserSession
from django.db.models import Q

from linking.links import end_link
from linking.models import Link, Player
from linking.players import is_game_user
from linking.returning import player_tombstone
from portal.models import User


def end_links_of(condition: Q, *, actor: User | None, now: datetime) -> int:
    """End the active links that meet ``condition`` with the reason *erased*; return how many there were."""
    links = Link.objects.select_related("viewer", "player", "game__organization").filter(condition, ended_at=None)
    ended = 0
    for link in links.order_by("pk"):
        end_link(link=link, reason=Link.EndReason.ERASED, now=now, actor=actor)
        ended += 1
    return ended


def erase_player_row(player: Player) -> None:
    """Put the tombstone into a player's row, which belongs to no account then."""
    player.player_id, player.name, player.user = player_tombstone(player.game_id, player.player_id), "", None
    player.save(update_fields=["player_id", "name", "user"])


def remove_game_user(user: User) -> None:
    """Remove the game user behind an erased player, with its sessions, if it was for this account alone.

    An account on the portal itself stays: it is the person's own, and other studios' games may rely on it.
    """
    if not is_game_user(user) or Player.objects.filter(user=user).exists():
        return
    for session in UserSession.objects.filter(user=user):
        session.end()
    user.delete()
