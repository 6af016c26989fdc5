"""For whom platforms are asked (L9): the row of a linked viewer, due when a link is made, cleared when none is active.

A link sets its row off itself. :func:`watch_all` is the net beneath: it finds links from before there were rows, or from
before their studio had a credential, and links of one viewer that ended at the same moment.
"""

from __future__ import annotations

import random as randomness
import time
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet

from campaigns.models import Viewer
from linking.models import Link, ViewerAuthorization
from linking.rules.authorizing import ASKED_EVERY
from portal import platforms
from portal.models import PlatformCredential

BATCH = 500


def askable_platforms() -> list[str]:
    """Return the platforms that can be asked whether viewers still authorize an app."""
    return [key for key, platform in platforms.registry.items() if platform.authorizations is not None]


def watch(*, viewer: Viewer, now: datetime) -> None:
    """Note that a viewer has just authorized the app: missing no more, and to be asked for in a day.

    For the transaction that makes a link or notes new consent on one, as its last lock: whoever records an answer takes
    this row after the link.
    """
    if viewer.platform not in askable_platforms():
        return
    credentials = PlatformCredential.objects.filter(organization=viewer.organization_id, platform=viewer.platform)
    credential_id = credentials.values_list("pk", flat=True).first()
    if credential_id is None:
        return
    _put([ViewerAuthorization(viewer=viewer, credential_id=credential_id, due_at=now + ASKED_EVERY)])


def watch_linked(*, viewer: Viewer, credential_id: str, now: datetime) -> None:
    """Have a viewer who is linked asked for, as :func:`watch_all` would; one who is already stays as they are."""
    links = Link.objects.filter(viewer=viewer, ended_at=None)
    if links.exists() and not ViewerAuthorization.objects.filter(pk=viewer.pk, due_at__isnull=False).exists():
        _put([ViewerAuthorization(viewer=viewer, credential_id=credential_id, due_at=now)])


def unwatch(viewer_ids: Collection[str]) -> int:
    """Ask for these viewers no more, and forget that they were missing; return how many were asked for.

    For the transaction that ends their last active link.
    """
    return ViewerAuthorization.objects.filter(pk__in=viewer_ids).update(due_at=None, missing_since=None)


def ask_soon(viewer_id: str, now: datetime) -> None:
    """Have the platform asked for a linked viewer with the next turn: the listener of ``campaigns.hooks.consent_gone``."""
    ViewerAuthorization.objects.filter(pk=viewer_id, due_at__gt=now).update(due_at=now)


def forget(viewer: Viewer) -> int:
    """Delete what is known of a viewer's authorization (F8); return how many rows there were."""
    return ViewerAuthorization.objects.filter(pk=viewer.pk).delete()[0]


def lapsed_viewers(viewer_ids: Collection[str]) -> set[str]:
    """Return those of the viewers whose authorization seems to have lapsed. One query."""
    missing = ViewerAuthorization.objects.filter(pk__in=viewer_ids, missing_since__isnull=False)
    return set(missing.values_list("pk", flat=True))


@dataclass(slots=True)
class Watched:
    """How many viewers are asked for from now on, and no more; and whether that was all."""

    new: int = 0
    cleared: int = 0
    finished: bool = True

    def __str__(self) -> str:
        """Tell it in words for the job's result."""
        told = f"{self.new} viewers are asked for from now on, {self.cleared} no more"
        return told if self.finished else f"{told}; to be continued"


def watch_all(
    *, now: datetime, seconds: float, batch: int = BATCH, random: Callable[[], float] = randomness.random
) -> Watched:
    """Make the rows what the links ask for, for at most so many ``seconds``.

    In small transactions: killed at any moment, the next run goes on. New ones are spread over a day, by chance.
    """
    done, ends = Watched(), time.monotonic() + seconds
    for part in (_clear_unlinked(done, batch), _add_linked(done, batch, now, random)):
        for _batch in part:
            if time.monotonic() >= ends:
                done.finished = False
                return done
    return done


def _clear_unlinked(done: Watched, batch: int) -> Iterator[None]:
    linked = Link.objects.filter(viewer=OuterRef("viewer"), ended_at=None)
    loose = ViewerAuthorization.objects.filter(~Exists(linked), due_at__isnull=False)
    last = ""
    while ids := list(loose.filter(pk__gt=last).order_by("pk").values_list("pk", flat=True)[:batch]):
        with transaction.atomic():
            done.cleared += loose.filter(pk__in=ids).update(due_at=None, missing_since=None)
        last = ids[-1]
        yield


def _add_linked(done: Watched, batch: int, now: datetime, random: Callable[[], float]) -> Iterator[None]:
    credentials = PlatformCredential.objects.filter(platform__in=askable_platforms()).order_by("pk")
    for pk, organization_id, platform in credentials.values_list("pk", "organization", "platform"):
        unwatched, last = _unwatched(organization_id, platform), ""
        while ids := list(unwatched.filter(viewer__gt=last).values_list("viewer_id", flat=True).distinct()[:batch]):
            _put(
                [
                    ViewerAuthorization(viewer_id=key, credential_id=pk, due_at=now + random() * ASKED_EVERY)
                    for key in ids
                ]
            )
            done.new += len(ids)
            last = ids[-1]
            yield


def _unwatched(organization_id: str, platform: str) -> QuerySet[Link]:
    watched = ViewerAuthorization.objects.filter(viewer=OuterRef("viewer"), due_at__isnull=False)
    links = Link.objects.filter(game__organization=organization_id, platform=platform, ended_at=None)
    return links.filter(~Exists(watched)).order_by("viewer")


def _put(rows: list[ViewerAuthorization]) -> None:
    """Store rows, in key order; of one that is there everything but the time of the last answer is replaced."""
    ViewerAuthorization.objects.bulk_create(
        sorted(rows, key=lambda row: row.viewer_id),
        update_conflicts=True,
        unique_fields=["viewer"],
        update_fields=["credential", "due_at", "missing_since"],
    )
