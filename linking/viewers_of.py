"""Which viewers a person may look at as their own: whose progress and claims their pages show (I2, W5).

Theirs are the viewers linked to one of their game accounts; those proven in this session and about to be linked; those
whose last link was theirs and whom nobody else has linked since; and, of the studio's own player, the viewers that
their game accounts *are*.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Exists, OuterRef, Q, Subquery
from django.http import HttpRequest

from campaigns.models import Campaign, Game, Viewer
from linking import pending
from linking.models import GameSignIn, Link, Player
from linking.players import is_portal_account
from portal.models import Organization
from portal.platforms.studio import STUDIO


@dataclass(frozen=True, slots=True)
class OwnViewer:
    """A viewer who is this person.

    ``players`` has, by game, the game account of the person that gets what this viewer earns; None where it is one that
    is made with the first claim. ``only_games`` limits what may be shown to campaigns of these games; None stands for all
    games of the viewer's organization.
    """

    viewer: Viewer
    players: Mapping[str, int | None]
    only_games: frozenset[str] | None = None

    def sees(self, campaign: Campaign) -> bool:
        """Tell whether this viewer's part in a campaign may be shown to the person."""
        return campaign.organization_id == self.viewer.organization_id and (
            self.only_games is None or campaign.game_id in self.only_games
        )

    def is_linked(self, campaign: Campaign) -> bool:
        """Tell whether what this viewer earns in a campaign goes to a game account of the person."""
        return campaign.game_id in self.players


def viewers_of(request: HttpRequest, *, now: datetime) -> list[OwnViewer]:
    """Return the viewers that the person of this request is, each once, in the order of their ids.

    The number of queries does not depend on how many there are.
    """
    user: Any = request.user
    found: dict[str, OwnViewer] = {}
    if user.is_authenticated:
        found.update({own.viewer.pk: own for own in [*_linked(user), *_players(user)]})
    for viewer in pending.proven_viewers(request, now=now):
        found.setdefault(viewer.pk, OwnViewer(viewer, {}))
    return [found[key] for key in sorted(found)]


def _linked(user: Any) -> list[OwnViewer]:
    """Return the viewers linked to this person, and those of whom they held the last link of all."""
    players: dict[str, dict[str, int | None]] = defaultdict(dict)
    # In no order: asked for one, SQLite goes through all links there are in it.
    active = Link.objects.filter(player__user=user, ended_at=None)
    for viewer_id, game_id, player in active.values_list("viewer", "game", "player"):
        players[str(viewer_id)][str(game_id)] = int(player)
    links = Link.objects.filter(viewer=OuterRef("pk"))
    last = links.order_by("-started_at", "-pk").values("player__user")[:1]
    formerly = (
        Viewer.objects.filter(links__player__user=user)
        .annotate(last_user=Subquery(last))
        .filter(~Exists(links.filter(ended_at=None)), last_user=user.pk)
    )
    # Their ids first: with the one or the other in a single condition PostgreSQL goes through all viewers there are.
    ids = {*players, *formerly.values_list("pk", flat=True)}
    viewers = Viewer.objects.filter(pk__in=sorted(ids))
    return [OwnViewer(viewer, players.get(viewer.pk, {})) for viewer in viewers]


def _players(user: Any) -> list[OwnViewer]:
    """Return the viewers of studios' own players that this person's game accounts are.

    An account on the portal is a player of every game that lets it be, before its row is made (I2, L2).
    """
    players: dict[tuple[str, str], dict[str, int | None]] = defaultdict(dict)
    for pk, organization, player_id, game in Player.objects.filter(user=user).values_list(
        "pk", "game__organization", "player_id", "game"
    ):
        players[str(organization), player_id][str(game)] = pk
    own_id = user.public_id if is_portal_account(user) else None
    wanted = {player_id for _organization, player_id in players} | ({own_id} if own_id else set())
    if not wanted:
        return []
    # Of every organization, said in so many words: the index begins with it, and without it all viewers are gone through.
    everywhere = Organization.objects.values("pk")
    found = Viewer.objects.filter(organization__in=everywhere, platform=STUDIO.key, platform_user_id__in=wanted)
    viewers = list(found)
    if own_id:
        theirs = {viewer.organization_id for viewer in viewers if viewer.platform_user_id == own_id}
        for organization, game in _games_with_portal_accounts(theirs):
            players[organization, own_id].setdefault(game, None)
    keys = [(viewer, players.get((viewer.organization_id, viewer.platform_user_id))) for viewer in viewers]
    return [OwnViewer(viewer, known, only_games=frozenset(known)) for viewer, known in keys if known]


def _games_with_portal_accounts(organizations: set[str]) -> list[tuple[str, str]]:
    if not organizations:
        return []
    allowed = Q(sign_ins=None) | Q(sign_ins__method=GameSignIn.Method.PORTAL)
    rows = Game.objects.filter(allowed, organization__in=organizations).values_list("organization", "pk")
    return [(str(organization), str(game)) for organization, game in rows]
