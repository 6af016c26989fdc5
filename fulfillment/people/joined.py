"""Who one person is to the support desk: a viewer or player, and all that active links join to it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Q, QuerySet

from campaigns.models import Viewer
from fulfillment.models import Claim
from linking.models import Link, Player
from portal.models import Organization
from portal.platforms.studio import STUDIO

LINKS_AT_MOST = 100
CLAIMS_AT_MOST = 5000
"""Nobody has more in earnest; who has is a machine, and the list of claims has them all."""


@dataclass(frozen=True)
class Person:
    """The one that was asked for first, then who is joined to it. ``links`` are theirs, ended ones too, newest first."""

    organization: Organization
    asked: Viewer | Player
    viewers: tuple[Viewer, ...]
    players: tuple[Player, ...]
    links: tuple[Link, ...]
    games: frozenset[str] | None = None

    @property
    def viewer_ids(self) -> list[str]:
        """Return the viewers' ids."""
        return [viewer.pk for viewer in self.viewers]

    @property
    def player_ids(self) -> list[int]:
        """Return the players' keys."""
        return [player.pk for player in self.players]

    def objects(self, *, links: bool = False) -> Q:
        """Return the condition that an audit entry is about one of them, or about one of their links."""
        about = Q(object_type="campaigns.viewer", object_id__in=self.viewer_ids)
        about |= Q(object_type="linking.player", object_id__in=[str(key) for key in self.player_ids])
        if links:
            about |= Q(object_type="linking.link", object_id__in=[link.pk for link in self.links])
        return about


@dataclass(frozen=True, slots=True)
class ClaimKey:
    """What is known of each of a person's claims before its row is read."""

    pk: str
    state: str
    source: str
    received_at: datetime
    platform: str
    reward: str
    game: str


def join(organization: Organization, asked: Viewer | Player, *, games: frozenset[str] | None) -> Person:
    """Return the person that a viewer or player is, as far as ``games`` reach (None: all). Three queries at most.

    A viewer is joined to the players it is linked to now, and these to their other viewers; a player likewise. Whom an
    ended link bound once stands in the links and is somebody else.
    """
    ways = ("viewer", "player") if isinstance(asked, Viewer) else ("player", "viewer")
    first = _links([asked], ways[0], games)
    joined = _distinct(getattr(link, ways[1]) for link in first if link.ended_at is None)
    second = [link for link in _links(joined, ways[1], games) if getattr(link, f"{ways[0]}_id") != asked.pk]
    others = _distinct(getattr(link, ways[0]) for link in second if link.ended_at is None)
    sides: dict[str, list[Any]] = {ways[0]: [asked, *others], ways[1]: joined}
    sides = _with_own_player(organization, sides, games)
    links = sorted([*first, *second], key=lambda link: (link.started_at, link.pk), reverse=True)
    return Person(organization, asked, tuple(sides["viewer"]), tuple(sides["player"]), tuple(links), games)


def claim_keys(person: Person) -> list[ClaimKey]:
    """Return a person's claims, newest first, also those not worked out yet. One query.

    Ordered here: databases asked for an order walk through everybody's claims in it.
    """
    theirs = Q(viewer__in=person.viewer_ids) | Q(player__in=person.player_ids)
    for viewer in person.viewers:
        theirs |= Q(
            organization=person.organization, platform=viewer.platform, platform_user_id=viewer.platform_user_id
        )
    claims = Claim.objects.filter(theirs)
    if person.games is not None:
        claims = claims.filter(game__in=person.games)
    columns = ("pk", "state", "source", "received_at", "platform", "reward__name", "game__name")
    rows = claims.order_by().values_list(*columns)[:CLAIMS_AT_MOST]
    keys = [
        ClaimKey(pk, state, source, received_at, platform, reward or "", game or "")
        for pk, state, source, received_at, platform, reward, game in rows
    ]
    return sorted(keys, key=lambda key: key.pk, reverse=True)


def _links(people: list[Any], column: str, games: frozenset[str] | None) -> list[Link]:
    if not people:
        return []
    links: QuerySet[Link] = Link.objects.filter(**{f"{column}__in": [one.pk for one in people]})
    if games is not None:
        links = links.filter(game__in=games)
    links = links.select_related("viewer__authorization", "player__game", "player__user")
    return list(links.order_by("-started_at", "-pk")[:LINKS_AT_MOST])


def _with_own_player(
    organization: Organization, sides: dict[str, list[Any]], games: frozenset[str] | None
) -> dict[str, list[Any]]:
    """Add the viewer of the studio's own player that a player is, or the player that such a viewer is (I2)."""
    viewers, players = sides["viewer"], sides["player"]
    own = [viewer.platform_user_id for viewer in viewers if viewer.platform == STUDIO.key]
    if own:
        known = Player.objects.filter(game__organization=organization, player_id__in=own).select_related("game")
        same = [player for player in known if games is None or player.game_id in games]
        return {"viewer": viewers, "player": _distinct([*players, *same])}
    ids = [player.player_id for player in players]
    if not ids:
        return sides
    here = Viewer.objects.filter(organization=organization, platform=STUDIO.key, platform_user_id__in=ids)
    return {"viewer": _distinct([*viewers, *here]), "player": players}


def _distinct(rows: Iterable[Any]) -> list[Any]:
    return list({row.pk: row for row in rows}.values())
