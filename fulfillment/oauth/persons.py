"""Whose token it is: the person behind a user, as the organization of a client knows them (A1, A2)."""

from __future__ import annotations

from typing import Any

from fulfillment.api.callers import Caller
from linking.models import Link, Player
from portal.models import Membership, Organization, User
from portal.platforms.twitch import TWITCH


def accounts_of(user: User, organization: Organization) -> list[Player]:
    """Return a person's game accounts in an organization's games, the oldest first."""
    players = Player.objects.filter(game__organization=organization, user=user)
    return list(players.select_related("game__organization").order_by("pk"))


def is_member(user: User, organization: Organization) -> bool:
    """Say whether a person belongs to an organization's staff."""
    return Membership.objects.filter(user=user, organization=organization).exists()


def is_known_to(user: User, client: Any) -> bool:
    """Say whether a person has a game account with, or works for, the organization of an OAuth client.

    Whoever has neither any more gets no new tokens: the last game account was erased, or the membership ended.
    """
    organization = Organization.objects.filter(api_clients__oauth=client).first()
    if organization is None:
        return False
    return Player.objects.filter(game__organization=organization, user=user).exists() or is_member(user, organization)


def shown_as(caller: Caller) -> tuple[str, str]:
    """Return the user id and the login that stand for the person of a token, both empty for a client's own.

    It is the person's Twitch user where exactly one is linked with the organization's games, as a client written for Twitch
    expects. Else it is the oldest of the game accounts, by the id that the game knows it by; empty for staff who have none.
    """
    if caller.user is None:
        return "", ""
    links = Link.objects.filter(
        player__user=caller.user, game__organization=caller.organization_id, platform=TWITCH.key, ended_at=None
    )
    viewers = list(links.values_list("viewer__platform_user_id", "viewer__login").distinct()[:2])
    if len(viewers) == 1:
        return viewers[0]
    player = Player.objects.filter(game__organization=caller.organization_id, user=caller.user).order_by("pk").first()
    return (player.player_id, player.name or player.player_id) if player else ("", "")
