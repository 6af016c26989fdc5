"""Writing many claims with different values in one statement."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection

from fulfillment.listing import Place
from fulfillment.mapping import Columns
from fulfillment.models import Claim
from fulfillment.slots import Slots


@dataclass(frozen=True, slots=True)
class Row:
    """What is stored of one claim besides its state."""

    claim_id: str
    columns: Columns
    slots: Slots
    quarter: int | None
    reason: str
    detail: str
    place: Place
    given_day: int | None


_TEXTS = (
    "viewer_id",
    "game_id",
    "campaign_id",
    "reward_id",
    "campaign_reward_id",
    "link_id",
    "reason",
    "detail",
    "listed_as",
)
_NUMBERS = ("player_id", "player_slot", "viewer_slot", "counted_quarter", "listed_no", "given_day")


def write_rows(rows: Sequence[Row]) -> None:
    """Store these rows, and that there is nothing more to work out. The rows must be locked.

    ``UPDATE … FROM`` a list of values, which SQLite from 3.33 and PostgreSQL understand alike. The casts are for
    PostgreSQL, which takes a column of nothing but NULL for text.
    """
    if not rows:
        return
    table = Claim._meta.db_table
    names = ("id", *_TEXTS, *_NUMBERS)
    values = ", ".join([f"({', '.join(['%s'] * len(names))})"] * len(rows))
    texts = [f"{name} = given.{name}" for name in _TEXTS]
    numbers = [f"{name} = CAST(given.{name} AS bigint)" for name in _NUMBERS]
    with connection.cursor() as cursor:
        cursor.execute(
            f"WITH given ({', '.join(names)}) AS (VALUES {values}) "  # noqa: S608 - names of our own only
            f"UPDATE {table} SET {', '.join(texts + numbers)}, resolve_at = NULL "
            f"FROM given WHERE {table}.id = given.id",
            [value for row in rows for value in _values(row)],
        )


def _values(row: Row) -> tuple[Any, ...]:
    columns, slots = row.columns, row.slots
    return (
        row.claim_id,
        columns.viewer_id,
        columns.game_id,
        columns.campaign_id,
        columns.reward_id,
        columns.campaign_reward_id,
        columns.link_id,
        row.reason,
        row.detail,
        row.place.listed_as,
        columns.player_id,
        slots.player,
        slots.viewer,
        row.quarter,
        row.place.number,
        row.given_day,
    )
