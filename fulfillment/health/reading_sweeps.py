"""How the sweeps of credentials stand. Sweeps for single viewers, who just linked, are left out. Three queries."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Min, OuterRef, Q, Subquery

from fulfillment.models import Sweep, SweepPart
from fulfillment.rules.sweeping import EVERY
from fulfillment.sweeping.request import sweepable
from portal.models import PlatformCredential


@dataclass(slots=True)
class Sweeps:
    """The sweeps of one credential. *Last* is the last that came to its end; one that was stopped did not."""

    ended_at: datetime | None = None
    last_began_at: datetime | None = None
    running_since: datetime | None = None
    next_at: datetime | None = None
    first_swept_at: datetime | None = None
    first_found: int = 0
    unreadable: int = 0
    problem: str = ""


def read_sweeps(swept: Mapping[str, str], credential_ids: Collection[str]) -> Mapping[str, Sweeps]:
    """Return the sweeps of each credential; ``swept`` has the platforms of those that are switched on."""
    found = {pk: Sweeps() for pk in credential_ids}
    whole = Sweep.objects.filter(credential=OuterRef("pk"), narrow=False).order_by("-started_at")
    ended = whole.filter(finished_at__isnull=False, stopped=False)
    firsts = ended.filter(full=True).order_by("finished_at")
    credentials = PlatformCredential.objects.filter(pk__in=credential_ids).annotate(
        first_at=Subquery(firsts.values("finished_at")[:1]),
        first_found=Subquery(firsts.values("found")[:1]),
        last=Subquery(ended.values("pk")[:1]),
        running=Subquery(whole.filter(finished_at=None).values("pk")[:1]),
        latest_end=Subquery(whole.values("finished_at")[:1]),
    )
    rows = list(credentials.values("pk", "first_at", "first_found", "last", "running", "latest_end"))
    sweeps = Sweep.objects.in_bulk({row[which] for row in rows for which in ("last", "running") if row[which]})
    parts = _parts([*sweeps])
    reads = set(sweepable())
    for row in rows:
        mine, last, running = found[row["pk"]], sweeps.get(row["last"]), sweeps.get(row["running"])
        mine.first_swept_at, mine.first_found = row["first_at"], row["first_found"] or 0
        if last is not None:
            mine.ended_at, mine.last_began_at = last.finished_at, last.started_at
            mine.unreadable, mine.problem = parts.get(last.pk, (0, ""))
        if running is not None:
            mine.running_since = running.started_at
            mine.problem = parts.get(running.pk, (0, ""))[1] or mine.problem
        elif swept.get(row["pk"]) in reads and row["latest_end"] is not None:
            mine.next_at = row["latest_end"] + EVERY
    return found


def _parts(sweeps: Collection[str]) -> dict[str, tuple[int, str]]:
    """Return of each sweep how many lists could not be read, and the problem with one that is not read yet."""
    rows = SweepPart.objects.filter(sweep__in=sweeps).exclude(problem="").order_by()
    unreadable = Count("pk", filter=Q(outcome=SweepPart.Outcome.UNREADABLE))
    found = rows.values_list("sweep_id").annotate(unreadable=unreadable, problem=Min("problem"))
    return {pk: (count, problem) for pk, count, problem in found}
