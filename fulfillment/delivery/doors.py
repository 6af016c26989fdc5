"""Receivers while messages are leased for them and results recorded: their secrets and their breakers (D5), for every lane."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar

from django.db.models import QuerySet

from fulfillment.delivery.sending import SECRET_UNUSABLE, Result
from fulfillment.models import Endpoint, EventSubscription
from fulfillment.rules.breaker import Breaker, after_failure, after_success
from fulfillment.rules.retries import Outcome
from portal.encryption import DecryptionFailed

logger = logging.getLogger(__name__)

R = TypeVar("R", Endpoint, EventSubscription)


@dataclass(slots=True)
class Door(Generic[R]):
    """A receiver while its results are gone through."""

    row: R
    breaker: Breaker
    was_open: bool
    success: bool = False
    error: str = ""

    @property
    def is_open(self) -> bool:
        """Whether the receiver is paused by now."""
        return self.breaker.is_open

    @property
    def reopened(self) -> bool:
        """Whether it was paused before these results, and is at work again."""
        return self.was_open and not self.breaker.is_open


def locked(receivers: QuerySet[R]) -> QuerySet[R]:
    """Have these receivers locked in key order, without their secrets. Rows that refer to one may be added meanwhile."""
    rows = receivers.select_for_update(of=("self",), no_key=True)
    return rows.defer("secret", "previous_secret").order_by("pk")


def lock_doors(receivers: QuerySet[R]) -> dict[Any, Door[R]]:
    """Return the doors of these receivers, by their keys."""
    return {row.pk: Door(row, breaker := breaker_of(row), breaker.is_open) for row in locked(receivers)}


def tell_breaker(door: Door[R], result: Result, *, detail: str, now: datetime) -> None:
    """Let the breaker know what came of a send. ``detail`` says in words what went wrong, if something did."""
    if result.outcome in (Outcome.DELIVERED, Outcome.REJECTED):
        door.breaker, door.success = after_success(door.breaker), True
        return
    door.error = detail
    door.breaker = after_failure(
        door.breaker,
        now=now,
        at_once=result.outcome is Outcome.ENDPOINT_FAULT,
        probe=result.leased.probe,
        asked=result.retry_after,
    )


def write_doors(doors: Iterable[Door[R]], *, now: datetime) -> None:
    """Store the receivers' breakers, their last success and their last error."""
    for door in doors:
        row, changes = door.row, breaker_columns(door.breaker)
        if door.success:
            changes["last_success_at"] = now
        if door.error:
            changes["last_error"] = door.error
        type(row)._default_manager.filter(pk=row.pk).update(**changes)
        if door.is_open != door.was_open:
            kind, state = row._meta.model_name, "paused" if door.is_open else "at work again"
            logger.warning("The %s %s is %s.", kind, row.pk, state)


def breaker_of(row: R) -> Breaker:
    """Return the breaker of a receiver as its row has it."""
    return Breaker(row.failures, row.opened_at, row.probe_at, row.probes)


def breaker_columns(breaker: Breaker) -> dict[str, Any]:
    """Return what a receiver's row holds of its breaker."""
    return {
        "failures": breaker.failures,
        "opened_at": breaker.opened_at,
        "probe_at": breaker.probe_at,
        "probes": breaker.probes,
    }


def secrets_of(row: R) -> tuple[str, ...]:
    """Return the secrets that sign, the newer first; none where there are none or they cannot be read."""
    try:
        read = type(row)._default_manager.only("secret", "previous_secret").get(pk=row.pk)
    except DecryptionFailed:
        return ()
    return (read.secret, read.previous_secret)[: 2 if read.previous_secret else 1] if read.secret else ()


def pause_without_secret(row: R, *, now: datetime) -> None:
    """Pause a receiver for which nothing can be signed."""
    before = breaker_of(row)
    after = after_failure(before, now=now, at_once=True, probe=before.is_open)
    type(row)._default_manager.filter(pk=row.pk).update(**breaker_columns(after), last_error=SECRET_UNUSABLE)
