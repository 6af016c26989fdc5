"""The games of members (S1): what the kernel asks of them, see :class:`portal.reach.Games`."""

from __future__ import annotations

from collections.abc import Iterable

from django.db import transaction
from django.db.models import Exists, OuterRef, Q

from campaigns.models import Game, GameOfMember, Participation
from portal.models import Membership


def games_of_members(membership_ids: Iterable[int]) -> dict[int, frozenset[str]]:
    """Return the ids of the games of each of these memberships; of none for one that was given none."""
    found: dict[int, set[str]] = {membership: set() for membership in membership_ids}
    for membership, game in GameOfMember.objects.filter(membership__in=found).values_list("membership_id", "game_id"):
        found[membership].add(game)
    return {membership: frozenset(games) for membership, games in found.items()}


def set_games_of_member(membership_id: int, game_ids: Iterable[str]) -> None:
    """Replace a membership's games by those of ``game_ids`` that are its organization's; others are left out."""
    with transaction.atomic():
        organization = Membership.objects.values_list("organization_id", flat=True).get(pk=membership_id)
        games = Game.objects.filter(organization=organization, pk__in=set(game_ids)).values_list("pk", flat=True)
        GameOfMember.objects.filter(membership=membership_id).delete()
        GameOfMember.objects.bulk_create(GameOfMember(membership_id=membership_id, game_id=game) for game in games)


def named_games(organization_id: str) -> list[tuple[str, str]]:
    """Return id and name of an organization's games, by name."""
    return list(Game.objects.filter(organization=organization_id).order_by("name", "pk").values_list("pk", "name"))


def viewers_in_campaigns(games: frozenset[str]) -> Q:
    """Say which viewers the games reach: who takes part in a campaign of one of them."""
    return Q(Exists(Participation.objects.filter(watcher__viewer=OuterRef("pk"), campaign__game__in=games)))
