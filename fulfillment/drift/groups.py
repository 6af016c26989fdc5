"""The groups of claims in quarantine that wait for one and the same mapping (F2).

Read from the index ``claim_quarantined`` alone, which is gone through in leaps from group to group: what it costs goes by
the groups, and for each up to the cap by its claims, never by all the claims there are. It is one query, however many
groups there are.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from django.db import connection
from django.db.models import Q

from fulfillment.health.facts import Unmapped
from fulfillment.models import Claim
from fulfillment.rules.codes import Code
from fulfillment.rules.states import State

CLAIMS_COUNTED = 10_000
"""So many claims of one group are counted; a count that reaches it stands for itself and more."""

PLACES_READ = 200
"""So many pairs of reward and campaign ids are read at most, the first by platform, reason and ids."""

OF_REWARDS = frozenset({Code.REWARD_UNKNOWN, Code.REWARD_AMBIGUOUS})
OF_CAMPAIGNS = frozenset({Code.CAMPAIGN_UNKNOWN, Code.CAMPAIGN_AMBIGUOUS})
DRIFT = OF_REWARDS | OF_CAMPAIGNS | {Code.REWARD_NOT_IN_CAMPAIGN}
"""The reasons that a mapping ends."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """What the claims of a group have in common. The ids are the platform's; one that does not matter is empty.

    An unknown reward is the same whatever campaigns are named with it, and an unknown campaign whatever rewards are. Where
    a claim names no campaign (F1), its reward says which claims belong together.
    """

    platform: str
    code: Code
    reward_id: str = ""
    campaign_id: str = ""

    @property
    def what(self) -> str:
        """Return what is to be mapped: ``reward`` or ``campaign``."""
        return "campaign" if self.code in OF_CAMPAIGNS else "reward"

    @property
    def platform_id(self) -> str:
        """Return the id that is to be mapped; of claims that name no campaign, that of their reward."""
        return (self.campaign_id or self.reward_id) if self.what == "campaign" else self.reward_id

    def claims(self, organization_id: str) -> Q:
        """Return the condition for its claims."""
        found = Q(
            organization=organization_id, platform=self.platform, state=State.QUARANTINED.value, reason=self.code.value
        )
        if self.code in OF_REWARDS or self.code is Code.REWARD_NOT_IN_CAMPAIGN or not self.campaign_id:
            found &= Q(platform_reward_id=self.reward_id)
        if self.code not in OF_REWARDS:
            found &= Q(platform_campaign_id=self.campaign_id)
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Claims that wait for the same mapping, in the order in which they came in.

    ``reward_ids`` and ``campaign_ids`` are all that they name. External id and category are those of the first.
    """

    key: Key
    claims: int
    first_at: datetime
    last_at: datetime
    sample_id: str
    external_id: str = ""
    category_id: str = ""
    reward_ids: tuple[str, ...] = ()
    campaign_ids: tuple[str, ...] = ()

    @property
    def capped(self) -> bool:
        """Tell whether there are more claims than were counted."""
        return self.claims >= CLAIMS_COUNTED

    def claims_in(self, organization_id: str) -> Q:
        """Return the condition for its claims, with all that the index is in order of."""
        return self.key.claims(organization_id) & Q(platform_reward_id__in=self.reward_ids or [""])


@dataclass(frozen=True, slots=True)
class Groups:
    """The groups, those with most claims first. ``more`` says that not all could be read."""

    rows: list[Group]
    more: bool


def unmapped_groups(organization_id: str) -> Groups:
    """Return what an organization's claims wait for."""
    places = _read(organization_id, counted=CLAIMS_COUNTED)
    rows = sorted(
        _gathered(places), key=lambda group: (-group.claims, group.first_at, group.key.platform, group.key.platform_id)
    )
    return Groups(rows, more=len(places) >= PLACES_READ)


def group_of(organization_id: str, key: Key) -> Group | None:
    """Return one group; None if no claim waits for this any more."""
    places = _read(organization_id, counted=CLAIMS_COUNTED, within=key)
    return next((group for group in _gathered(places) if group.key == key), None)


def count_groups(organization_id: str, platforms: Iterable[str] | None = None) -> int:
    """Return how many things claims wait for, on all platforms or some, without counting the claims."""
    wanted = None if platforms is None else set(platforms)
    groups = _gathered(_read(organization_id, counted=1))
    return sum(1 for group in groups if wanted is None or group.key.platform in wanted)


def unmapped(organization_id: str, *, limit: int) -> list[Unmapped]:
    """Return what is unknown, as facts of the organization's health: at most ``limit``, most claims first."""
    return [
        Unmapped(
            platform=group.key.platform,
            what=group.key.what,
            platform_id=group.key.platform_id,
            claims=group.claims,
            first_at=group.first_at,
            last_at=group.last_at,
        )
        for group in unmapped_groups(organization_id).rows[:limit]
    ]


def key_of(*, platform: str, code: Code, reward_id: str, campaign_id: str) -> Key:
    """Return the group that a claim in quarantine with these ids belongs to."""
    if code in OF_REWARDS:
        return Key(platform=platform, code=code, reward_id=reward_id)
    if code in OF_CAMPAIGNS and campaign_id:
        return Key(platform=platform, code=code, campaign_id=campaign_id)
    return Key(platform=platform, code=code, reward_id=reward_id, campaign_id=campaign_id)


def _gathered(places: Iterable[Group]) -> list[Group]:
    found: dict[Key, Group] = {}
    for place in places:
        found[place.key] = _joined(found[place.key], place) if place.key in found else place
    return [group for group in found.values() if group.key.code in DRIFT]


def _joined(one: Group, other: Group) -> Group:
    first = min((one, other), key=lambda group: (group.first_at, group.sample_id))
    return replace(
        first,
        claims=min(one.claims + other.claims, CLAIMS_COUNTED),
        last_at=max(one.last_at, other.last_at),
        reward_ids=_all(one.reward_ids, other.reward_ids),
        campaign_ids=_all(one.campaign_ids, other.campaign_ids),
    )


def _all(*ids: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(value for some in ids for value in some if value))


_IDS = ("platform", "reason", "platform_reward_id", "platform_campaign_id")
_SHOWN = ("id", *_IDS, "external_id", "platform_category_id", "received_at")
"""What is told of the first claim of a group, in the order of the arguments of :func:`_group`."""

# The next pair differs in the last id, else in the one before, and so on. As one comparison of all four SQLite would go
# through every claim of the platform.
_BEHIND = [
    " AND ".join([*(f"c.{name} = k.{name}" for name in _IDS[:first]), f"c.{_IDS[first]} > k.{_IDS[first]}"])
    for first in reversed(range(len(_IDS)))
]


def _read(organization_id: str, *, counted: int, within: Key | None = None) -> list[Group]:
    """Read the pairs of ids with their claims, so many of each counted; ``within`` leaves out what its group is not among.

    Each step finds the first claim behind the pair before. The state is written out, for the database to see that the
    partial index holds all that is asked for.
    """
    table = Claim._meta.db_table
    mine, given = "c.organization_id = %s AND c.state = 'quarantined'", [organization_id]
    if within is not None:
        mine, given = f"{mine} AND c.platform = %s AND c.reason = %s", [*given, within.platform, within.code.value]
        if within.reward_id:
            mine, given = f"{mine} AND c.platform_reward_id = %s", [*given, within.reward_id]
    in_order = ", ".join(f"c.{name}" for name in (*_IDS, "id"))
    leap = ", ".join(
        f"(SELECT c.id FROM {table} c WHERE {mine} AND {differs} ORDER BY {in_order} LIMIT 1)"  # noqa: S608 - own names only
        for differs in _BEHIND
    )
    # The claims of a pair, in the order of the index: a range of one value, where an equation would let PostgreSQL take
    # the order from another index.
    *others, last = _IDS
    same = " AND ".join([*(f"c.{name} = k.{name}" for name in others), f"c.{last} BETWEEN k.{last} AND k.{last}"])
    rows = _in_order_of_the_index(
        "WITH RECURSIVE place (id, number) AS ("  # noqa: S608 - own names only
        f"SELECT (SELECT c.id FROM {table} c WHERE {mine} ORDER BY {in_order} LIMIT 1), 1 UNION ALL "
        f"SELECT COALESCE({leap}), place.number + 1 FROM place JOIN {table} k ON k.id = place.id "
        "WHERE place.number < %s) "
        f"SELECT {', '.join(f'k.{name}' for name in _SHOWN)}, "
        f"(SELECT c.received_at FROM {table} c WHERE {mine} AND {same} ORDER BY c.{last} DESC, c.id DESC LIMIT 1), "
        f"(SELECT COUNT(*) FROM (SELECT 1 FROM {table} c WHERE {mine} AND {same} ORDER BY c.{last}, c.id LIMIT %s) AS counted) "
        f"FROM place JOIN {table} k ON k.id = place.id ORDER BY place.number",
        [*given * 5, PLACES_READ, *given * 2, counted],
    )
    return [_group(*row) for row in rows]


_AS_BEFORE = "SET LOCAL enable_sort TO DEFAULT; SET LOCAL jit TO DEFAULT"


def _in_order_of_the_index(statement: str, values: list[Any]) -> list[Any]:
    """Return the rows of a statement that goes along the index whatever the database believes about the table.

    PostgreSQL would rather sort what it takes for few claims: right after a flood of unknown ones, half a minute's mistake.
    Told so in the same message, which is one transaction: the setting ends with it.
    """
    with connection.cursor() as cursor:
        if connection.vendor != "postgresql":
            cursor.execute(statement, values)
            return list(cursor.fetchall())
        # What it now believes sorting costs would be reason enough to compile the statement, for ten times what that saves.
        cursor.execute(f"SET LOCAL enable_sort = off; SET LOCAL jit = off; {statement}; {_AS_BEFORE}", values)
        cursor.nextset()
        cursor.nextset()
        return list(cursor.fetchall())


def _moment(value: datetime) -> datetime:
    """Return a time that was read past the models: SQLite's comes without its zone, which is UTC."""
    return value if value.tzinfo else value.replace(tzinfo=UTC)


def _group(
    pk: str,
    platform: str,
    reason: str,
    reward_id: str,
    campaign_id: str,
    external_id: str,
    category_id: str,
    first_at: datetime,
    last_at: datetime,
    claims: int,
) -> Group:
    return Group(
        key=key_of(platform=platform, code=Code(reason), reward_id=reward_id, campaign_id=campaign_id),
        claims=claims,
        first_at=_moment(first_at),
        last_at=_moment(last_at),
        sample_id=pk,
        external_id=external_id,
        category_id=category_id,
        reward_ids=_all([reward_id]),
        campaign_ids=_all([campaign_id]),
    )
