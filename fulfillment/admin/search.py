"""Finding claims by an id of any kind, quickly at any size: every look-up is answered by an index (users' need: one box)."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice
from typing import TypeVar

from django.db.models import Q, QuerySet, Value
from django.db.models.functions import Concat

from campaigns.models import CampaignReward, Reward, Viewer
from fulfillment.models import Claim
from fulfillment.rules.states import State
from linking.models import Player
from portal import platforms
from portal.ids import ULID_LENGTH
from portal.models import Organization

R = TypeVar("R", Viewer, Player)

FOUND_AT_MOST = 500
"""So many claims a search finds, of each kind of look-up the newest; who needs more uses the filters."""

SHORTEST_PREFIX = 8
_PEOPLE_AT_MOST = 50
_QUARANTINED_LOOKED_AT = 20_000


def find_claim_ids(organization: Organization, text: str, *, people: bool) -> list[str]:
    """Return the ids of the claims that ``text`` names: newest first, at most :data:`FOUND_AT_MOST`.

    It may be a claim's id (or its beginning), the id of claim or user on the platform, a viewer's id, login or name, a
    player's id or name, a reward's external id. Without ``people`` only the claim's own id is looked for: what is
    masked must not be found out by searching.
    """
    text = text.strip()
    if not text:
        return []
    claims = Claim.objects.filter(organization=organization).order_by("-id")
    # Not by an index on the organization: SQLite would walk through all of its claims for a range of ids.
    mine = Claim.objects.annotate(owner=Concat("organization_id", Value(""))).filter(owner=organization.pk)
    ways: list[QuerySet[Claim]] = [mine.filter(_ulid(text)).order_by("-id")] if _ulid(text) else []
    if people:
        known = Q(platform__in=list(platforms.registry))
        ways += [
            claims.filter(known, platform_claim_id=text).order_by(),
            claims.filter(known, platform_user_id=text).order_by(),
        ]
        ways += [Claim.objects.filter(viewer=pk).order_by("-id") for pk in _pks(find_viewers(organization, text))]
        ways += [Claim.objects.filter(player=player).order_by("-id") for player in find_players(organization, text)]
        ways += _by_external_id(organization, text)
    found: set[str] = set()
    for way in ways:
        found.update(way.values_list("pk", flat=True)[:FOUND_AT_MOST])
    return list(islice(sorted(found, reverse=True), FOUND_AT_MOST))


def find_viewers(organization: Organization, text: str) -> list[Viewer]:
    """Return the viewers with this id, platform's id, login or name, exactly."""
    viewers = Viewer.objects.filter(organization=organization)
    names = {text, text.lower()}
    ways = [
        viewers.filter(pk=text.upper()),
        viewers.filter(platform__in=list(platforms.registry), platform_user_id=text),
        viewers.filter(login__in=names),
        viewers.filter(name__in=names),
    ]
    return _distinct(row for way in ways for row in way[:_PEOPLE_AT_MOST])


def find_players(organization: Organization, text: str) -> list[Player]:
    """Return the players with this id or name, exactly."""
    players = Player.objects.filter(game__organization=organization).select_related("game")
    ways = [players.filter(player_id=text), players.filter(name=text)]
    return _distinct(row for way in ways for row in way[:_PEOPLE_AT_MOST])


def _ulid(text: str) -> Q:
    """Return the range of ids that begin with ``text``; an empty condition if none does."""
    start = text.upper()
    if not (SHORTEST_PREFIX <= len(start) <= ULID_LENGTH and start.isascii() and start.isalnum()):
        return Q()
    if len(start) == ULID_LENGTH:
        return Q(pk=start)
    return Q(pk__gte=start.ljust(ULID_LENGTH, "0"), pk__lte=start.ljust(ULID_LENGTH, "Z"))


def _by_external_id(organization: Organization, text: str) -> list[QuerySet[Claim]]:
    """Return look-ups for claims of the rewards with this external id, and for quarantined ones that name it."""
    rewards = _pks(Reward.objects.filter(external_id=text, game__organization=organization)[:_PEOPLE_AT_MOST])
    campaigns = CampaignReward.objects.filter(reward__in=rewards).values_list("campaign", flat=True)[:_PEOPLE_AT_MOST]
    ways = [
        Claim.objects.filter(campaign=campaign, reward__in=rewards).order_by("-id")
        for campaign in (campaigns if rewards else ())
    ]
    stuck = Claim.objects.filter(organization=organization, state=State.QUARANTINED).order_by("-id")
    newest = stuck.values("pk")[:_QUARANTINED_LOOKED_AT]
    ways.append(Claim.objects.filter(Q(external_id=text) | Q(platform_reward_id=text), pk__in=newest).order_by())
    return ways


def _pks(rows: Iterable[Viewer | Player | Reward]) -> list[str]:
    return [str(row.pk) for row in rows]


def _distinct(rows: Iterable[R]) -> list[R]:
    return list({row.pk: row for row in rows}.values())
