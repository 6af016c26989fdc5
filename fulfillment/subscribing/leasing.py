"""Taking the subscriptions that are due, so that no other process works on them, and writing down what became of them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from fulfillment.models import PlatformSubscription

LEASE = timedelta(minutes=2)
"""Longer than a background job can take."""

MOST_ROWS = 2_000
_CHUNK = 500


@dataclass(slots=True)
class Lease:
    """Rows of one credential that this process works on until a time. ``open`` are those it has not written yet."""

    until: datetime
    rows: list[PlatformSubscription]
    open: set[int] = field(init=False)

    def __post_init__(self) -> None:
        self.open = {row.pk for row in self.rows}

    def write(self, keys: Collection[int], *, done: bool = True, **changes: Any) -> int:
        """Write into those of the rows that nobody has moved since they were taken; return how many those are.

        With ``done`` this process has no more to do with them: ``due_at`` has to be among the changes.
        """
        written, ordered = 0, sorted(keys)
        for start in range(0, len(ordered), _CHUNK):
            rows = PlatformSubscription.objects.filter(pk__in=ordered[start : start + _CHUNK], due_at=self.until)
            written += rows.update(**changes)
        if done:
            self.open -= set(keys)
        return written

    def holds(self, key: int) -> bool:
        """Tell whether nobody has moved a row since it was taken."""
        return PlatformSubscription.objects.filter(pk=key, due_at=self.until).exists()

    def forget(self, key: int) -> bool:
        """Remove a row that is wanted no more; return whether it still was to be."""
        self.open.discard(key)
        row = PlatformSubscription.objects.filter(pk=key, due_at=self.until, wanted=False)
        return bool(row.delete()[0])

    def give_back(self, *, due_at: datetime, **changes: Any) -> int:
        """Let go of the rows that nothing was written about; return how many those are."""
        return self.write(set(self.open), due_at=due_at, **changes)


def lease_due(credential_id: str, *, now: datetime) -> Lease | None:
    """Take the credential's rows that are due, the most important first; None where there are none."""
    until = now + LEASE
    with transaction.atomic():
        rows = list(
            PlatformSubscription.objects.select_for_update(skip_locked=True, of=("self",))
            .filter(credential=credential_id, due_at__lte=now)
            .order_by("pk")[:MOST_ROWS]
        )
        for start in range(0, len(rows), _CHUNK):
            keys = [row.pk for row in rows[start : start + _CHUNK]]
            PlatformSubscription.objects.filter(pk__in=keys).update(due_at=until)
    return Lease(until, rows) if rows else None
