"""Erasing a viewer from what campaigns keep besides the viewer's row (F8): heartbeats, registrations, a streamer's channel.

What was credited stays with the row, which then stands for nobody. A channel that campaigns list stays: it is theirs.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from django.db.models import BinaryField, F, Func, IntegerField, Q, QuerySet, Value

from campaigns.models import (
    Channel,
    Heartbeat,
    HeartbeatSource,
    HeartbeatViewers,
    RegisteredIdentifier,
    SourceTest,
    Viewer,
)
from campaigns.registering.wanting import STANDING, unwant_identifiers

Identifiers = HeartbeatSource.Identifiers


@dataclass(frozen=True, slots=True)
class ErasedViewing:
    """What was erased: how many heartbeats, and which channels."""

    heartbeats: int
    channels: tuple[str, ...] = ()
    """The ids, ours, of the channels that stand for nobody now."""


def registrations_of(viewer: Viewer) -> QuerySet[RegisteredIdentifier]:
    """Return the viewer's registrations that are still there, or still to be removed at the platform."""
    there = Q(state__in=STANDING) | Q(due_at__isnull=False)
    return RegisteredIdentifier.objects.filter(there, viewer=viewer)


def erase_viewing(*, viewer: Viewer, marker: str, now: datetime) -> ErasedViewing:
    """Take a viewer, whose row still has its user id, out of stored heartbeats, and have the registrations removed.

    ``marker`` stands for the user id from then on. A registration's tokens go once the platform was told to name the
    viewer no more, or cannot be told: within a day. For a transaction of the caller's.
    """
    unwant_identifiers(viewer_ids=[viewer.pk], now=now)
    SourceTest.objects.filter(
        source__game__organization=viewer.organization_id,
        source__platform=viewer.platform,
        platform_user_id=viewer.platform_user_id,
    ).update(platform_user_id=marker)
    own = _heartbeats(viewer).exclude(source__identifiers=Identifiers.REGISTERED)
    registered = _heartbeats(viewer).filter(source__identifiers=Identifiers.REGISTERED)
    erased = _erase_from_lists(own, viewer.platform_user_id) + _erase_from_lists(registered, viewer.pk)
    channel = channel_known_by_viewing(viewer)
    streams = channel is not None or _channels(viewer).exists()
    erased += _erase_broadcasts(own, viewer.platform_user_id, marker, everywhere=streams)
    erased += _erase_broadcasts(registered, viewer.pk, marker, everywhere=streams)
    if channel is not None:
        Channel.objects.filter(pk=channel.pk).update(platform_channel_id=marker, login="", name="")
    return ErasedViewing(heartbeats=erased, channels=(channel.pk,) if channel else ())


def channel_known_by_viewing(viewer: Viewer) -> Channel | None:
    """Return the viewer's channel, if it is known by a link or by heartbeats alone: no campaign ever listed it."""
    return _channels(viewer).filter(listings=None).first()


def _heartbeats(viewer: Viewer) -> QuerySet[Heartbeat]:
    """Return what may name the viewer: heartbeats of the organization on the viewer's platform."""
    return Heartbeat.objects.filter(source__game__organization=viewer.organization_id, source__platform=viewer.platform)


def _erase_from_lists(heartbeats: QuerySet[Heartbeat], name: str) -> int:
    """Take a name out of the viewer lists that are still kept; what the header counts stays as it was reported."""
    needle = orjson.dumps(name)
    kept = HeartbeatViewers.objects.filter(heartbeat__in=heartbeats.values("pk"))
    kept = kept.annotate(at=_Position("ids", needle)).filter(at__gt=0)
    erased = 0
    for pk in list(kept.order_by("pk").values_list("pk", flat=True)):
        row = HeartbeatViewers.objects.select_for_update().filter(pk=pk).first()
        if row is None:  # counted, and its list dropped, a moment ago
            continue
        left = [one for one in orjson.loads(bytes(row.ids)) if one != name]
        erased += HeartbeatViewers.objects.filter(pk=pk).update(ids=orjson.dumps(left))
    return erased


def _erase_broadcasts(heartbeats: QuerySet[Heartbeat], name: str, marker: str, *, everywhere: bool) -> int:
    """Put the marker where heartbeats name the viewer as broadcaster.

    Only of who has a channel all are looked through; of anybody else those that wait for the broadcaster to become known.
    """
    named = heartbeats.filter(broadcaster=name)
    if not everywhere:
        named = named.filter(viewer_list__isnull=False, due_at=None)
    keys = list(named.values_list("pk", flat=True))
    return Heartbeat.objects.filter(pk__in=keys).update(broadcaster=marker, extra="") if keys else 0


def _channels(viewer: Viewer) -> QuerySet[Channel]:
    return Channel.objects.filter(
        organization=viewer.organization_id, platform=viewer.platform, platform_channel_id=viewer.platform_user_id
    )


class _Position(Func):
    """Where bytes stand in a column of bytes, from 1; 0 where they do not."""

    function = "instr"
    output_field: Any = IntegerField()

    def __init__(self, column: str, needle: bytes) -> None:
        super().__init__(F(column), Value(needle, output_field=BinaryField()))

    def as_postgresql(self, compiler: Any, connection: Any, **context: Any) -> Any:
        """Write it as PostgreSQL's function for bytes, which wants the needle first."""
        turned = self.copy()
        turned.set_source_expressions(list(reversed(self.get_source_expressions())))
        return turned.as_sql(compiler, connection, template="position(%(expressions)s)", arg_joiner=" in ", **context)
