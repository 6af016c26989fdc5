"""Whose account is behind a viewer: who reads what is told about them (I2)."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field

from django.db.models import Q

from campaigns.models import Viewer
from linking.models import Player
from portal.platforms.studio import STUDIO


@dataclass(slots=True)
class Readers:
    """The accounts behind some viewers: of a platform's viewer its own, of the studio's own player the player's."""

    organizations: dict[str, str] = field(default_factory=dict)
    users: dict[str, int] = field(default_factory=dict)
    player_ids: dict[str, str] = field(default_factory=dict)
    player_users: dict[tuple[str, str], int] = field(default_factory=dict)

    def of(self, viewer_id: str, game_id: str) -> int | None:
        """Return the account that a viewer has in a campaign of this game, or None where nobody is known."""
        player_id = self.player_ids.get(viewer_id)
        player_user = self.player_users.get((game_id, player_id)) if player_id is not None else None
        return player_user or self.users.get(viewer_id)


def readers_of(viewer_ids: Collection[str], *, games: Collection[str]) -> Readers:
    """Return who is behind these viewers in campaigns of these games. At most two queries."""
    readers = Readers()
    known = Q(user__isnull=False) | Q(platform=STUDIO.key)
    rows = Viewer.objects.filter(known, pk__in=viewer_ids)
    for pk, organization, platform, user_id, account in rows.values_list(
        "pk", "organization_id", "platform", "platform_user_id", "user_id"
    ):
        readers.organizations[pk] = organization
        if account is not None:
            readers.users[pk] = account
        if platform == STUDIO.key:
            readers.player_ids[pk] = user_id
    if readers.player_ids:
        players = Player.objects.filter(
            game__in=games, player_id__in=set(readers.player_ids.values()), user__isnull=False
        )
        for game, player_id, account in players.values_list("game_id", "player_id", "user_id"):
            if account is not None:
                readers.player_users[game, player_id] = account
    return readers
