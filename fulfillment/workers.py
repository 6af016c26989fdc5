"""Which workers are at work (O3), and what happens to the leases of one that is not."""

from __future__ import annotations

import os
import socket
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path

from django.db import transaction
from django.utils import timezone

from fulfillment import delivery, events
from fulfillment.models import Worker
from portal.ids import new_ulid

BEAT = timedelta(seconds=5)
SILENCE = timedelta(seconds=15)
"""A worker not heard from for this long is taken for dead."""


def heard_from(*, now: datetime) -> bool:
    """Tell whether a worker that delivers was heard from just now: what the readiness check asks (O3)."""
    return Worker.objects.filter(beat_at__gte=now - SILENCE).exists()


def readiness() -> str:
    """Return what keeps the portal from being ready as far as workers go, or nothing (O3)."""
    return "" if heard_from(now=timezone.now()) else "no delivery worker was heard from: start manage.py drain"


def register(*, now: datetime) -> str:
    """Enter this process as a worker and take over from those of this machine that are gone. Returns its id."""
    here = place()
    with transaction.atomic():
        for worker in Worker.objects.filter(place=here).order_by("pk"):
            if not _runs(worker.pid):
                worker.delete()
        worker_id = new_ulid()
        Worker.objects.create(pk=worker_id, place=here, pid=os.getpid(), started_at=now, beat_at=now)
        _take_over(now=now)
    return worker_id


def beat(worker_id: str, *, now: datetime) -> int:
    """Say that this worker is alive, and take over from those that are silent. Returns how many are at work."""
    with transaction.atomic():
        if not Worker.objects.filter(pk=worker_id).update(beat_at=now):
            # Others took this one for dead, as it was too slow: its leases are theirs now, and fenced by their numbers.
            Worker.objects.create(pk=worker_id, place=place(), pid=os.getpid(), started_at=now, beat_at=now)
        Worker.objects.filter(beat_at__lt=now - SILENCE).delete()
        _take_over(now=now)
        return Worker.objects.count()


def sign_off(worker_id: str) -> None:
    """Remove this worker: it stops in order, and what it still has may be taken over at once."""
    Worker.objects.filter(pk=worker_id).delete()


def _take_over(*, now: datetime) -> None:
    delivery.take_over_leases(now=now)
    events.take_over_leases(now=now)


def place() -> str:
    """Name the machine, its boot and the process namespace: where a process id means what it means here."""
    boot, namespace = socket.gethostname(), ""
    with suppress(OSError):  # not Linux
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        namespace = str(Path("/proc/self/ns/pid").stat().st_ino)
    return f"{boot}:{namespace}"[:200]


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
