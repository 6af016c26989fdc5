"""How many claims which source brought, by the hour (F7): counted when a claim is first worked out, so each once.

Not when it arrives: a platform waits then, and does not care how many there were.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import connection

from fulfillment.models import ArrivalCount, Claim
from fulfillment.rules.codes import Code
from fulfillment.rules.states import State

_NEW = (Code.RECEIVED, Code.FULFILLED_ELSEWHERE)
"""The reasons of a claim that has just come in; one that was opened again has another."""


def count_arrivals(claims: Sequence[Claim]) -> None:
    """Count those of these claims, as their rows were read, that were never worked out before. One statement.

    In the transaction that works them out, in key order: rows are locked until it ends.
    """
    arrived = Counter(
        (claim.organization_id, claim.platform, _hour(claim.received_at), claim.source)
        for claim in claims
        if claim.state == State.RECEIVED and claim.reason in _NEW
    )
    if not arrived:
        return
    table = ArrivalCount._meta.db_table
    values: list[Any] = []
    for (organization, platform, hour, source), count in sorted(arrived.items()):
        values += [organization, platform, connection.ops.adapt_datetimefield_value(hour), source, count]
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {table} (organization_id, platform, hour, source, claims) VALUES "  # noqa: S608 - own names only
            f"{', '.join(['(%s, %s, %s, %s, %s)'] * len(arrived))} "
            f"ON CONFLICT (organization_id, platform, hour, source) DO UPDATE SET claims = {table}.claims + excluded.claims",
            values,
        )


def _hour(moment: datetime) -> datetime:
    return moment.replace(minute=0, second=0, microsecond=0)
