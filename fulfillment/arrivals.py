"""Claims coming in (F1, F2): each is stored as one row in state *received*, and nothing is looked up meanwhile.

The row is the outbox: its ``resolve_at`` makes :mod:`fulfillment.resolve` work it out.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

from django.db import connection, transaction

from fulfillment.models import Claim
from fulfillment.rules.codes import Code
from fulfillment.rules.simulated import is_simulated
from fulfillment.rules.states import UNSENT, State
from portal.ids import new_ulid
from portal.platforms.messages import ClaimReceived

ROWS_PER_STATEMENT = 500  # 17 or 20 parameters each: SQLite takes 32,766 in a statement, PostgreSQL 65,535


@dataclass(frozen=True, slots=True)
class Assigned:
    """Our own ids of what a claim is for, where whoever brings it knows them: the portal itself does (F5).

    ``viewer_id`` is None for a viewer whom nobody knows yet: they are entered when the claim is worked out.
    """

    viewer_id: str | None
    campaign_id: str
    reward_id: str


@dataclass(frozen=True, slots=True)
class Arrival:
    """One claim as it came in: what was read, and the text that it was read from.

    ``fulfilled`` says that the platform has it as fulfilled already, so that it is not delivered again (F1).
    """

    claim: ClaimReceived
    raw: str
    fulfilled: bool = False
    assigned: Assigned | None = None


def record_claims(
    *, organization_id: str, platform: str, arrivals: Sequence[Arrival], source: str, now: datetime
) -> None:
    """Store these claims, each once (F1): a later arrival fills what is still empty and changes nothing else.

    One statement, for more than ``ROWS_PER_STATEMENT`` claims several; before it a lock, where there are several writers
    and claims. A claim that was not sent yet and has learnt something new is worked out again. Where the same claim stands
    there twice, the first counts.
    """
    rows: dict[str, Arrival] = {}
    for arrival in arrivals:
        rows.setdefault(arrival.claim.platform_claim_id, arrival)
    # In key order: two batches with the same claims then wait for each other instead of locking each other out.
    ordered = [rows[key] for key in sorted(rows)]
    if len(ordered) < 2 or not connection.features.has_select_for_update:
        _store(ordered, organization_id=organization_id, platform=platform, source=source, now=now)
        return
    with transaction.atomic(savepoint=False):
        # Those that are here already in the order of our keys, which is how all who wait for several claims lock them.
        known = Claim.objects.filter(organization=organization_id, platform=platform, platform_claim_id__in=[*rows])
        list(known.select_for_update(of=("self",)).order_by("pk").values_list("pk"))
        _store(ordered, organization_id=organization_id, platform=platform, source=source, now=now)


def _store(ordered: Sequence[Arrival], *, organization_id: str, platform: str, source: str, now: datetime) -> None:
    moment = connection.ops.adapt_datetimefield_value(now)
    for start in range(0, len(ordered), ROWS_PER_STATEMENT):
        part = ordered[start : start + ROWS_PER_STATEMENT]
        assigned = any(arrival.assigned for arrival in part)
        parameters = [
            value
            for arrival in part
            for value in (
                *_values(arrival, organization_id, platform, source, moment),
                *(_assigned(arrival) if assigned else ()),
            )
        ]
        with connection.cursor() as cursor:
            cursor.execute(_statement(len(part), assigned=assigned), parameters)


def _values(arrival: Arrival, organization_id: str, platform: str, source: str, moment: Any) -> Iterator[Any]:
    claim = arrival.claim
    yield new_ulid()
    yield organization_id
    yield platform
    yield claim.platform_claim_id
    yield claim.platform_user_id
    yield claim.platform_user_name
    yield claim.platform_campaign_id
    yield claim.platform_reward_id
    yield claim.category_id
    yield claim.external_id
    yield Claim.Source.TEST.value if is_simulated(claim.platform_claim_id) else source
    yield connection.ops.adapt_datetimefield_value(claim.granted_at) if claim.granted_at else None
    yield moment
    yield arrival.raw
    yield (Code.FULFILLED_ELSEWHERE if arrival.fulfilled else Code.RECEIVED).value
    yield moment
    yield moment


def _assigned(arrival: Arrival) -> tuple[str | None, str | None, str | None]:
    ids = arrival.assigned
    return (ids.viewer_id, ids.campaign_id, ids.reward_id) if ids else (None, None, None)


_PARAMETERS = 17
_COLUMNS = (
    "id, organization_id, platform, platform_claim_id, platform_user_id, platform_user_name, platform_campaign_id, "
    "platform_reward_id, platform_category_id, external_id, source, granted_at, received_at, raw, reason, "
    "state_changed_at, resolve_at, state, detail, staff_hold, waived"
)
_ASSIGNED_COLUMNS = "viewer_id, assigned_campaign_id, assigned_reward_id"
_FILLED_TEXTS = (
    "platform_user_name",
    "platform_campaign_id",
    "platform_reward_id",
    "platform_category_id",
    "external_id",
    "raw",
)


@lru_cache(maxsize=ROWS_PER_STATEMENT)
def _statement(rows: int, *, assigned: bool) -> str:
    table = Claim._meta.db_table
    columns = f"{_COLUMNS}, {_ASSIGNED_COLUMNS}" if assigned else _COLUMNS
    row = f"({', '.join(['%s'] * _PARAMETERS)}, '{State.RECEIVED.value}', '', FALSE, '[]'{', %s, %s, %s' * assigned})"
    fills = [
        f"{name} = CASE WHEN {table}.{name} = '' THEN excluded.{name} ELSE {table}.{name} END" for name in _FILLED_TEXTS
    ]
    gains = [f"({table}.{name} = '' AND excluded.{name} <> '')" for name in _FILLED_TEXTS]
    unsent = ", ".join(f"'{state.value}'" for state in sorted(UNSENT))
    return (
        f"INSERT INTO {table} ({columns}) VALUES {', '.join([row] * rows)} "  # noqa: S608 - names of our own only
        "ON CONFLICT (organization_id, platform, platform_claim_id) DO UPDATE SET "
        f"{', '.join(fills)}, granted_at = COALESCE({table}.granted_at, excluded.granted_at), "
        f"resolve_at = CASE WHEN {table}.attempted_at IS NULL AND {table}.state IN ({unsent}) "
        f"THEN excluded.resolve_at ELSE {table}.resolve_at END "
        f"WHERE {' OR '.join(gains)} OR ({table}.granted_at IS NULL AND excluded.granted_at IS NOT NULL)"
    )
