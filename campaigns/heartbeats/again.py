"""Counting kept heartbeats again once what they name is known (W1, W9, L10)."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from django.db.models import QuerySet

from campaigns.models import Heartbeat, HeartbeatViewers
from campaigns.rules.counting import KEPT_UNKNOWN

_KEPT = (Heartbeat.Outcome.NO_BROADCASTER, Heartbeat.Outcome.NO_GAME)


def count_again(
    *,
    now: datetime,
    source_ids: Collection[int] | None = None,
    organization_id: str | None = None,
    broadcaster: str | None = None,
    game_name: str | None = None,
) -> int:
    """Have the kept heartbeats that fit counted again, and return how many they are: called where something became known.

    They count by their own time, as if what they name had been known then.
    """
    kept = Heartbeat.objects.filter(outcome__in=_KEPT, viewer_list__isnull=False, due_at=None)
    if source_ids is not None:
        kept = kept.filter(source__in=source_ids)
    if organization_id is not None:
        kept = kept.filter(source__game__organization=organization_id)
    if broadcaster is not None:
        kept = kept.filter(broadcaster=broadcaster)
    if game_name is not None:
        kept = kept.filter(game_name=game_name)
    return make_due(kept, now=now)


def make_due(kept: QuerySet[Heartbeat], *, now: datetime) -> int:
    """Have these kept heartbeats counted again; return how many they are.

    That they are kept is asked once more of each row as it is changed: what others have had counted meanwhile stays so.
    """
    rows = Heartbeat.objects.filter(pk__in=kept.values("pk"), outcome__in=_KEPT, due_at=None)
    return rows.update(due_at=now)


def drop_kept_viewers(*, now: datetime) -> int:
    """Drop the viewer lists of heartbeats that stayed unknown for 48 hours (W9); header, digest and counts stay."""
    over = Heartbeat.objects.filter(
        outcome__in=_KEPT, viewer_list__isnull=False, due_at=None, received_at__lt=now - KEPT_UNKNOWN
    )
    return HeartbeatViewers.objects.filter(heartbeat__in=over.values("pk")).delete()[0]
