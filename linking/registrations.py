"""The net beneath what links set off (L10): whoever is linked is registered or asked to consent, and nobody else is.

A link sets its registration off itself. This finds what that cannot know: a heartbeat source that was added, switched on
or deleted later, and two links of one viewer that ended at the same moment.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet

from campaigns.models import HeartbeatSource, RegisteredIdentifier, Viewer
from campaigns.registering.wanting import STANDING, note_unregistered, unwant_identifiers, want_identifiers
from linking.models import Link
from portal import platforms
from portal.models import PlatformCredential

BATCH = 500


@dataclass(slots=True)
class InStep:
    """How many registrations were set right, and whether that was all."""

    unwanted: int = 0
    wanted: int = 0
    without_consent: int = 0
    finished: bool = True

    def __str__(self) -> str:
        """Tell it in words for the job's result."""
        told = f"{self.wanted} wanted, {self.without_consent} without consent, {self.unwanted} unwanted"
        return told if self.finished else f"{told}; to be continued"


def bring_in_step(*, now: datetime, seconds: float, batch: int = BATCH) -> InStep:
    """Make the registrations what links and heartbeat sources ask for, for at most so many ``seconds``.

    In small transactions: killed at any moment, the next run goes on.
    """
    done, ends = InStep(), time.monotonic() + seconds
    for step in (_unwant_unlinked, _unwant_without_source, _want_linked):
        for _batch in step(done, batch, now):
            if time.monotonic() >= ends:
                done.finished = False
                return done
    return done


def _unwant_unlinked(done: InStep, batch: int, now: datetime) -> Iterator[None]:
    linked = Link.objects.filter(viewer=OuterRef("viewer"), ended_at=None)
    loose = RegisteredIdentifier.objects.filter(~Exists(linked), state__in=STANDING)
    yield from _in_batches(loose, batch, partial(_unwant, done=done, now=now, still=_unlinked))


def _unwant_without_source(done: InStep, batch: int, now: datetime) -> Iterator[None]:
    """Tokens are kept for nothing else (L9). A source that is only switched off is to come back: it keeps them."""
    sources = HeartbeatSource.objects.filter(
        credential=OuterRef("credential"), identifiers=HeartbeatSource.Identifiers.REGISTERED
    )
    idle = RegisteredIdentifier.objects.filter(~Exists(sources), state__in=STANDING)
    yield from _in_batches(idle, batch, partial(_unwant, done=done, now=now))


def _want_linked(done: InStep, batch: int, now: datetime) -> Iterator[None]:
    sources = HeartbeatSource.objects.filter(
        identifiers=HeartbeatSource.Identifiers.REGISTERED, enabled=True, credential__isnull=False
    )
    for source in sources.select_related("game", "credential").order_by("pk"):
        if not platforms.get(source.platform).registers_viewers or source.credential is None:
            continue
        credential = source.credential
        standing = RegisteredIdentifier.objects.filter(
            credential=credential, viewer=OuterRef("viewer"), state__in=STANDING
        )
        missing = Link.objects.filter(~Exists(standing), game=source.game, platform=source.platform, ended_at=None)
        yield from _in_batches(missing, batch, partial(_want, source=source, credential=credential, done=done, now=now))


def _in_batches(
    rows: QuerySet[Link] | QuerySet[RegisteredIdentifier], batch: int, deal_with: Callable[[list[str]], None]
) -> Iterator[None]:
    """Hand the viewers of ``rows`` on, in key order, each once, whether or not that changes anything."""
    last = ""
    while ids := list(rows.filter(viewer__gt=last).order_by("viewer").values_list("viewer_id", flat=True)[:batch]):
        deal_with(ids)
        last = ids[-1]
        yield


def _unlinked(ids: list[str]) -> list[str]:
    linked = Link.objects.filter(viewer__in=ids, ended_at=None).values_list("viewer_id", flat=True)
    return sorted(set(ids) - set(linked))


def _unwant(
    ids: list[str], *, done: InStep, now: datetime, still: Callable[[list[str]], list[str]] | None = None
) -> None:
    with transaction.atomic():
        done.unwanted += unwant_identifiers(viewer_ids=still(ids) if still else ids, now=now)


def _want(
    ids: list[str], *, source: HeartbeatSource, credential: PlatformCredential, done: InStep, now: datetime
) -> None:
    """Want those back whose removal is not done, and note the others as needing consent: their tokens are not kept."""
    known = RegisteredIdentifier.objects.filter(credential=credential, viewer__in=ids)
    leaving = list(Viewer.objects.filter(pk__in=known.values("viewer")).order_by("pk"))
    for viewer in leaving:
        with transaction.atomic():
            done.wanted += want_identifiers(game_id=source.game_id, viewer=viewer, token=None, now=now)
    done.without_consent += note_unregistered(
        credential_id=credential.pk, viewer_ids=ids, organization_id=source.game.organization_id, now=now
    )
