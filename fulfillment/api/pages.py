"""What a caller sees of the claims, page by page (A2, A3, A5): which rows, in which order, at the same cost at any depth.

Written as SQL and read as plain rows: of a thousand claims a page shows eight columns each. A statement either walks one
of the ``claim_listed_…`` indexes from where the page begins, one branch for each platform as whose claims are listed, or
finds the claims of one user or of some ids by the key of these and sorts them. Which of both is said to the database and
not left to it: SQLite keeps no statistics here, and without them it would go through a whole list for one user's claims.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.db.models import DateTimeField

from campaigns.models import Campaign, CampaignPlatform, Game, GameCategory, Viewer
from fulfillment.api.callers import Caller
from fulfillment.models import Claim
from fulfillment.rules.states import DONE, LISTED, OPEN
from linking.models import Player
from portal import platforms

GRANTED = "granted"
"""When the platform granted a claim, or where it did not say, when it arrived."""

_CLAIM = Claim._meta.db_table
_PLAYER = Player._meta.db_table
_TIMES = {GRANTED, *(field.column for field in Claim._meta.concrete_fields if isinstance(field, DateTimeField))}
# Columns in words that no index knows: for rows that are found by a key of their own.
_LISTED_AS = "c.listed_as || ''"
_NUMBER = {False: "c.listed_no", True: "c.listed_no + 0"}
_STATES = {states: ", ".join(f"'{state.value}'" for state in sorted(states)) for states in (LISTED, OPEN, DONE)}

Condition = tuple[str, Sequence[Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """What a caller asks for, in its platform's shape. None and empty: not asked about.

    ``after`` is the number behind which the page begins, ``fulfilled`` which half of A5's table is wanted; ``more`` are
    further conditions of the shape's own.
    """

    shape: str
    limit: int
    after: int = 0
    claim_ids: tuple[str, ...] = ()
    user_id: str | None = None
    game: Game | None = None
    campaign: Campaign | None = None
    fulfilled: bool | None = None
    more: tuple[Condition, ...] = ()


def find_game(caller: Caller, game_id: str, *, shape: str) -> Game | None:
    """Return the organization's game that the shape's platform, or the portal, calls so."""
    category = GameCategory.objects.select_related("game").filter(
        organization=caller.organization_id, platform=shape, platform_category_id=game_id
    )
    found = category.first()
    return found.game if found else Game.objects.filter(organization=caller.organization_id, pk=game_id).first()


def find_campaign(caller: Caller, campaign_id: str, *, shape: str) -> Campaign | None:
    """Return the organization's campaign that the shape's platform, or the portal, calls so."""
    there = CampaignPlatform.objects.select_related("campaign").filter(
        campaign__organization=caller.organization_id, platform=shape, platform_campaign_id=campaign_id
    )
    found = there.first()
    if found:
        return found.campaign
    return Campaign.objects.filter(organization=caller.organization_id, pk=campaign_id).first()


def visible_as(caller: Caller, shape: str) -> tuple[str, ...]:
    """Return as whose platform's claims are listed for this caller (A5)."""
    return platforms.keys() if caller.client.other_platforms else (shape,)


def read_page(caller: Caller, query: Query, columns: Sequence[str]) -> list[tuple[Any, ...]]:
    """Return these columns of at most ``limit`` claims and their numbers, in the order of these. One statement.

    ``columns`` are those of the claim's table, or ``GRANTED``. Times come as text of
    RFC 3339 in UTC, as in ``2026-11-20T12:00:00.5Z``: of a thousand rows, making times of them and text of these would
    cost several times what reading all the rest does.
    """
    branches = _branches(caller, query)
    if not branches:
        return []
    names = ", ".join(_selected(name) for name in (*columns, "listed_no"))
    by_key = _finds_by_key(caller, query)
    common, common_values = _all_of(*_conditions(caller, query, by_key=by_key))
    parts: list[str] = []
    values: list[Any] = []
    for where, own_values in branches:
        parts.append(
            f"SELECT * FROM (SELECT {names} FROM {_CLAIM} c WHERE {where} AND {common} "  # noqa: S608 - own names only
            f"ORDER BY {_NUMBER[by_key]} LIMIT %s) AS branch"
        )
        values += [*own_values, *common_values, query.limit]
    sql = " UNION ALL ".join(parts)
    if len(parts) > 1:
        sql += " ORDER BY listed_no LIMIT %s"
        values.append(query.limit)
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return list(cursor.fetchall())


def _selected(column: str) -> str:
    value = "COALESCE(c.granted_at, c.received_at)" if column == GRANTED else f"c.{column}"
    if column not in _TIMES:
        return value
    if connection.vendor == "postgresql":
        return f"to_char({value} AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"') AS {column}"
    return f"REPLACE({value}, ' ', 'T') || 'Z' AS {column}"  # stored as text, in UTC and without a zone


def _finds_by_key(caller: Caller, query: Query) -> bool:
    return caller.user is not None or bool(query.claim_ids) or query.user_id is not None


def _conditions(caller: Caller, query: Query, *, by_key: bool) -> list[Condition]:
    """Return what holds of every row, whichever way it is found."""
    states = _STATES[{None: LISTED, True: DONE, False: OPEN}[query.fulfilled]]
    found: list[Condition] = [
        ("c.organization_id || '' = %s" if by_key else "c.organization_id = %s", [caller.organization_id]),
        (f"{_NUMBER[by_key]} > %s", [query.after]),
        (f"c.state || '' IN ({states})" if by_key else f"c.state IN ({states})", []),
    ]
    # What is open is little, and has an index of its own: without statistics SQLite would rather go through all that a
    # game or a campaign ever had.
    open_only = query.fulfilled is False and connection.vendor == "sqlite"
    hidden = " || ''" if by_key or open_only else ""
    if query.game is not None:
        found.append((f"c.game_id{hidden} = %s", [query.game.pk]))
    if query.campaign is not None:
        found.append((f"c.campaign_id{hidden} = %s", [query.campaign.pk]))
    return [*found, *query.more]


def _branches(caller: Caller, query: Query) -> list[Condition]:
    """Return the ways to the rows, no row on two of them. The narrowest that was asked for comes first."""
    shapes = visible_as(caller, query.shape)
    others = tuple(shape for shape in shapes if shape != query.shape)
    if caller.user is not None:
        branches = _of_user(caller, shapes)
        narrower = [_is_one_of(query, shapes)] if query.claim_ids else []
        return [_all_of(branch, *narrower) for branch in branches]
    if query.claim_ids:
        # By the platform's own id through the claim's unique key, by ours through its primary key.
        there = (f"c.platform_claim_id {_in(query.claim_ids)}", query.claim_ids)
        branches = [_all_of(_of_platform(caller, query), there)]
        if others:
            branches.append(_all_of((f"c.id {_in(query.claim_ids)}", query.claim_ids), _listed(others)))
        return [_all_of(branch, *narrowed_to_user(query, others)) for branch in branches]
    if query.user_id is not None:
        return _of_user_id(caller, query, others)
    return [("c.listed_as = %s", [shape]) for shape in shapes]


def _of_user(caller: Caller, shapes: Sequence[str]) -> list[Condition]:
    """A player's token: the claims of the account's viewers, and of its players."""
    organization = caller.organization_id
    viewers = list(Viewer.objects.filter(organization=organization, user=caller.user).values_list("pk", flat=True))
    players = list(
        Player.objects.filter(game__organization=organization, user=caller.user).values_list("pk", flat=True)
    )
    branches: list[Condition] = []
    if viewers:
        branches.append((f"c.viewer_id {_in(viewers)}", viewers))
    if players:
        others = f" AND (c.viewer_id IS NULL OR c.viewer_id NOT {_in(viewers)})" if viewers else ""
        branches.append((f"c.player_id {_in(players)}{others}", [*players, *viewers]))
    return [_all_of(branch, _listed(shapes)) for branch in branches]


def _of_user_id(caller: Caller, query: Query, others: Sequence[str]) -> list[Condition]:
    """The claims of one user: of the shape's platform by its id there, of the others by the player's (A5)."""
    own = _all_of(_of_platform(caller, query), ("c.platform_user_id = %s", [query.user_id]))
    if not others:
        return [own]
    players = list(
        Player.objects.filter(game__organization=caller.organization_id, player_id=query.user_id).values_list(
            "pk", flat=True
        )
    )
    return [own, _all_of((f"c.player_id {_in(players)}", players), _listed(others))] if players else [own]


def _of_platform(caller: Caller, query: Query) -> Condition:
    """The shape's own claims, in the words of the keys that begin with organization and platform."""
    return (
        f"c.organization_id = %s AND c.platform = %s AND {_LISTED_AS} = %s",
        [caller.organization_id, query.shape, query.shape],
    )


def narrowed_to_user(query: Query, others: Sequence[str]) -> list[Condition]:
    """Return the conditions that leave the claims of the query's user, ``others`` being the other platforms listed (A5)."""
    if query.user_id is None:
        return []
    own = f"({_LISTED_AS} = %s AND c.platform_user_id = %s)"
    player = f"EXISTS (SELECT 1 FROM {_PLAYER} p WHERE p.id = c.player_id AND p.player_id = %s)"  # noqa: S608
    if not others:
        return [(own, [query.shape, query.user_id])]
    return [(f"({own} OR ({_LISTED_AS} <> %s AND {player}))", [query.shape, query.user_id, query.shape, query.user_id])]


def _is_one_of(query: Query, shapes: Sequence[str]) -> Condition:
    own = f"({_LISTED_AS} = %s AND c.platform_claim_id {_in(query.claim_ids)})"
    ours = f"({_LISTED_AS} <> %s AND c.id {_in(query.claim_ids)})"
    return f"({own} OR {ours})", [query.shape, *query.claim_ids, query.shape, *query.claim_ids]


def _listed(shapes: Sequence[str]) -> Condition:
    return f"{_LISTED_AS} {_in(shapes)}", list(shapes)


def _in(values: Sequence[Any]) -> str:
    return f"IN ({', '.join(['%s'] * len(values))})"


def _all_of(*conditions: Condition) -> Condition:
    return " AND ".join(sql for sql, _values in conditions), [value for _sql, values in conditions for value in values]
