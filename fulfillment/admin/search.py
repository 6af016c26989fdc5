"""Finding people and claims by an id or name of any kind, quickly at any size: every look-up is answered by an index."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice
from typing import Any

from allauth.account.models import EmailAddress
from django.db import connection
from django.db.models import Q, QuerySet, Value
from django.db.models.functions import Concat, Lower
from django.utils.translation import gettext as _

from campaigns.models import CampaignReward, Game, Reward, Viewer
from fulfillment.finders import finders
from fulfillment.models import Claim, Event, FormerName
from fulfillment.rules.states import State
from linking.models import Link, Player
from portal import platforms
from portal.ids import ULID_LENGTH
from portal.models import Organization, User
from portal.names import named
from portal.newest import LOOKED_THROUGH
from portal.reach import in_games

FOUND_AT_MOST = 500
"""So many claims a search finds, of each kind of look-up the newest; who needs more uses the filters."""

SHORTEST_PREFIX = 8
"""Of an id of ours: fewer characters are the time of too many."""

SHORTEST_BEGINNING = 3
"""Of a name or an id of somebody else's."""

PEOPLE_AT_MOST = 50
_LAST = "\U0010ffff"


@dataclass(frozen=True)
class Found:
    """Whom and what a text names: people, and claims that it names themselves (a person's other claims are on their page)."""

    viewers: list[Viewer]
    players: list[Player]
    claims: list[str]

    def __bool__(self) -> bool:
        return bool(self.viewers or self.players or self.claims)


def find(organization: Organization, text: str, *, games: frozenset[str] | None) -> Found:
    """Return whom and what ``text`` names exactly; if nothing, those whose name or id begins with it.

    ``games`` are those that the asking person works on, None for all.
    """
    found = _find(organization, text, beginning=False, games=games)
    if not found and len(text) >= SHORTEST_BEGINNING:
        found = _find(organization, text, beginning=True, games=games)
    return found


def find_viewers(organization: Organization, text: str, *, beginning: bool = False) -> list[Viewer]:
    """Return the viewers with this id, platform's id, link, e-mail address, login or name, now or formerly.

    With ``beginning``: those whose login, name or former name begins so, or whose id or link's id here does. Two queries.
    """
    viewers = Viewer.objects.filter(organization=organization)
    ids = _whole(Viewer.objects.all(), organization.pk, text)
    if not beginning:
        ids.append(viewers.filter(platform__in=list(platforms.registry), platform_user_id=text))
    ids += [viewers.filter(_login(text, beginning)), viewers.filter(named(text, beginning=beginning))]
    keys = [way.order_by().values_list("pk") for way in ids]
    keys += [_former(organization, text, beginning).filter(viewer__isnull=False).values_list("viewer")]
    keys += [way.order_by().values_list("viewer") for way in _links(organization, text)]
    if not beginning and "@" in text:
        keys += [viewers.filter(user__in=way).order_by().values_list("pk") for way in _accounts(text)]
    found = [key for (key,) in keys[0].union(*keys[1:])[:PEOPLE_AT_MOST]]
    return list(viewers.filter(pk__in=found).order_by("pk")) if found else []


def find_players(organization: Organization, text: str, *, beginning: bool = False) -> list[Player]:
    """Return the players with this id, e-mail address, link or name, now or formerly; or whose id or name begins so."""
    games = list(Game.objects.filter(organization=organization).values_list("pk", flat=True))
    players = Player.objects.filter(game__in=games)
    known = Q(player_id=text) if not beginning else _begins("player_id", text)
    ways = [players.filter(known), players.filter(named(text, beginning=beginning))]
    keys: list[QuerySet[Any, Any]] = [way.order_by().values_list("pk") for way in ways]
    keys += [_former(organization, text, beginning).filter(player__isnull=False).values_list("player")]
    if not beginning and "@" in text:
        keys += [players.filter(user__in=way).order_by().values_list("pk") for way in _accounts(text)]
    found = [key for (key,) in keys[0].union(*keys[1:])[:PEOPLE_AT_MOST]]
    return list(players.filter(pk__in=found).select_related("game").order_by("pk")) if found else []


def find_claim_ids(organization: Organization, text: str, *, people: bool) -> list[str]:
    """Return the ids of the claims that ``text`` names: newest first, at most :data:`FOUND_AT_MOST`.

    It may be a claim's id (or its beginning), the id of claim or user on the platform, a viewer's id, login or name, a
    player's id or name, a former name, a reward's external id, or what :mod:`fulfillment.finders` know. Without ``people``
    only the claim's own id is looked for: what is masked must not be found out by searching.
    """
    text = text.strip()
    if not text:
        return []
    claims = Claim.objects.filter(organization=organization).order_by("-id")
    ways = _whole(Claim.objects.all(), organization.pk, text)
    if people:
        known = Q(platform__in=list(platforms.registry))
        ways.append(claims.filter(known, platform_claim_id=text).order_by())
        ways.append(claims.filter(known, platform_user_id=text).order_by())
        ways += [Claim.objects.filter(viewer=row.pk).order_by("-id") for row in find_viewers(organization, text)]
        ways += [Claim.objects.filter(player=row.pk).order_by("-id") for row in find_players(organization, text)]
        ways += _by_external_id(organization, text)
    found: set[str] = set(_known_elsewhere(organization, text)) if people else set()
    for way in ways:
        found.update(way.values_list("pk", flat=True)[:FOUND_AT_MOST])
    return list(islice(sorted(found, reverse=True), FOUND_AT_MOST))


def find_claims_of_reward(organization: Organization, text: str) -> list[str]:
    """Return the ids of the newest claims of rewards with this external id, or that name it and are quarantined."""
    ways = _by_external_id(organization, text) if text else []
    found = {pk for way in ways for pk in way.values_list("pk", flat=True)[:FOUND_AT_MOST]}
    return list(islice(sorted(found, reverse=True), FOUND_AT_MOST))


def quarantine_left_out(organization: Organization, text: str, found: list[str], *, all_games: bool) -> str:
    """Say that there are claims in quarantine that were not looked at; empty where there are none, or ``text`` is no reward's id.

    It may be one where nothing was found, or claims that name it. ``found`` are the ids that were. Only who works on
    ``all_games`` gets to the page that is named.
    """
    if found and not Claim.objects.filter(_naming(text.strip()), pk__in=found).exists():
        return ""
    if not _in_quarantine(organization).values("pk")[LOOKED_THROUGH : LOOKED_THROUGH + 1].exists():
        return ""
    told = _("Of the claims in quarantine only the newest %(count)s were looked through for the id of a reward.") % {
        "count": f"{LOOKED_THROUGH:,}"
    }
    return f"{told} {_('The page “Unmapped claims” has all of them, in groups by that id.')}" if all_games else told


def _find(organization: Organization, text: str, *, beginning: bool, games: frozenset[str] | None) -> Found:
    viewers = find_viewers(organization, text, beginning=beginning)
    players = find_players(organization, text, beginning=beginning)
    claims = [] if beginning else _own_claims(organization, text)
    if games is not None:
        within = [viewer.pk for viewer in viewers]
        viewers = list(in_games(Viewer.objects.filter(pk__in=within), games).distinct())
        players = [player for player in players if player.game_id in games]
        claims = list(in_games(Claim.objects.filter(pk__in=claims), games).values_list("pk", flat=True))
    return Found(viewers, players, sorted(claims, reverse=True))


def _own_claims(organization: Organization, text: str) -> list[str]:
    """Return the ids of the claims that a text names themselves: by their id here or there, by what was told of them."""
    there = Claim.objects.filter(organization=organization, platform__in=list(platforms.registry))
    keys = [there.filter(platform_claim_id=text).order_by().values_list("pk")]
    keys += [way.order_by().values_list("pk") for way in _whole(Claim.objects.all(), organization.pk, text)]
    if len(text) == ULID_LENGTH:
        told = Event.objects.filter(pk=text.upper(), organization=organization).order_by()
        keys.append(Claim.objects.filter(pk__in=told.values("subject")).order_by().values_list("pk"))
    found = {key for (key,) in keys[0].union(*keys[1:])[:PEOPLE_AT_MOST]}
    return [*found, *_known_elsewhere(organization, text)]


def _known_elsewhere(organization: Organization, text: str) -> list[str]:
    return [claim for finder in finders for claim in islice(finder(organization, text), PEOPLE_AT_MOST)]


def _whole(rows: QuerySet[Any], organization_id: str, text: str) -> list[QuerySet[Any]]:
    """Return the look-up of an organization's rows by the id of ours that ``text`` is, or begins; none if it is none."""
    condition = _ulid(text)
    if not condition:
        return []
    # Not by an index on the organization: SQLite would walk through all of its rows for a range of ids.
    column = "game__organization_id" if rows.model is Link else "organization_id"
    mine = rows.annotate(owner=Concat(column, Value(""))).filter(condition, owner=organization_id)
    return [mine.order_by("-id")]


def _links(organization: Organization, text: str) -> list[QuerySet[Link]]:
    return _whole(Link.objects.all(), organization.pk, text)


def _login(text: str, beginning: bool) -> Q:
    """Return the condition that a login is the text, or begins so; also in lower case, as logins are."""
    spellings = sorted({text, text.lower()})
    if not beginning:
        return Q(login__in=spellings)
    begins = Q()
    for spelling in spellings:
        begins |= _begins("login", spelling)
    return begins


def _begins(column: str, text: str) -> Q:
    """PostgreSQL has indexes for LIKE; SQLite, whose LIKE knows no case, compares texts as they are."""
    if connection.vendor == "postgresql":
        return Q(**{f"{column}__startswith": text})
    return Q(**{f"{column}__gte": text, f"{column}__lt": text + _LAST})


def _former(organization: Organization, text: str, beginning: bool) -> QuerySet[FormerName]:
    return FormerName.objects.filter(named(text, beginning=beginning), organization=organization).order_by()


def _accounts(email: str) -> list[QuerySet[Any]]:
    """Return the portal accounts with an address, as their row has it and as it was added to them."""
    folded = email.lower()
    main = User.objects.annotate(folded=Lower("email")).filter(folded=folded)
    return [main.values("pk"), EmailAddress.objects.filter(email=folded).values("user")]


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
    rewards = _pks(Reward.objects.filter(external_id=text, game__organization=organization)[:PEOPLE_AT_MOST])
    campaigns = CampaignReward.objects.filter(reward__in=rewards).values_list("campaign", flat=True)[:PEOPLE_AT_MOST]
    ways = [
        Claim.objects.filter(campaign=campaign, reward__in=rewards).order_by("-id")
        for campaign in (campaigns if rewards else ())
    ]
    newest = _in_quarantine(organization).values("pk")[:LOOKED_THROUGH]
    ways.append(Claim.objects.filter(_naming(text), pk__in=newest).order_by())
    return ways


def _in_quarantine(organization: Organization) -> QuerySet[Claim]:
    return Claim.objects.filter(organization=organization, state=State.QUARANTINED).order_by("-id")


def _naming(text: str) -> Q:
    return Q(external_id=text) | Q(platform_reward_id=text)


def _pks(rows: Iterable[Reward]) -> list[str]:
    return [str(row.pk) for row in rows]
