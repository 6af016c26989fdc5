"""Notes of attempts (D4), and when what waits for another one goes: for every lane."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import F, QuerySet

from fulfillment.delivery.sending import Result
from fulfillment.models import DeliveryAttempt, EventAttempt
from fulfillment.rules.retries import MAX_ATTEMPTS

LOST_ATTEMPT = "No answer was recorded: the worker stopped or was too slow. This attempt may have been received."

SPREAD = timedelta(seconds=10)
"""Over this time what waits for a receiver is sent that works again."""

SPREAD_STEPS = 10
SPREAD_ROWS = 5000
FREE_ATTEMPTS_BROUGHT_FORWARD = 3
"""A message that met more faults of its receiver than this is perhaps their cause: it keeps its own time when others go on."""


def keep_attempts(model: type[DeliveryAttempt] | type[EventAttempt], results: Iterable[Result]) -> None:
    """Store what came of these sends, each once."""
    # A number that is there already is the note that a worker was lost, or this very batch recorded before a crash.
    rows: Any = model._default_manager
    rows.bulk_create(
        [
            model(
                delivery_id=result.leased.row,
                number=result.leased.attempt,
                started_at=result.started_at,
                duration_ms=max(result.duration_ms, 0),
                status=result.status,
                answer=result.answer,
                error=result.error,
            )
            for result in results
        ],
        update_conflicts=True,
        unique_fields=["delivery", "number"],
        update_fields=["started_at", "duration_ms", "status", "answer", "error"],
    )


def bring_forward(waiting: QuerySet[Any], *, now: datetime, random: Callable[[], float]) -> int:
    """Make what waits for another attempt due within ``SPREAD``, as its receiver works again.

    ``waiting`` is all that is to be sent to it. Returns how many. Rows that others hold are left alone; they have their
    own time.
    """
    with transaction.atomic():
        chosen = list(
            waiting.select_for_update(skip_locked=True)
            .filter(leased=False, due_at__gt=now + SPREAD)
            .filter(attempt__lte=MAX_ATTEMPTS + FREE_ATTEMPTS_BROUGHT_FORWARD - F("attempts_left"))
            .order_by("pk")
            .values_list("pk", flat=True)[:SPREAD_ROWS]
        )
        steps: dict[int, list[Any]] = {}
        for pk in chosen:
            steps.setdefault(int(random() * SPREAD_STEPS), []).append(pk)
        for step, keys in sorted(steps.items()):
            waiting.model._default_manager.filter(pk__in=keys).update(due_at=now + SPREAD * step / SPREAD_STEPS)
    return len(chosen)
