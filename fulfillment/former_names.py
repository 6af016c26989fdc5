"""Names that people had before: kept where a login or name changes, so that support finds who writes under an old one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Q, QuerySet

from campaigns.models import Viewer
from fulfillment.models import FormerName
from linking.models import Player


@dataclass(frozen=True, slots=True)
class Had:
    """A name that a viewer or a player has no more. ``seen_from`` is when they came, where no earlier name is known."""

    organization_id: str
    name: str
    seen_from: datetime
    viewer_id: str | None = None
    player_id: int | None = None


def keep_names(had: Iterable[Had], *, now: datetime) -> None:
    """Keep these names until ``now``; of one that was had before only the end is moved. Two queries, none for none."""
    kept = [one for one in had if one.name]
    if not kept:
        return
    viewers = [one.viewer_id for one in kept if one.viewer_id]
    players = [one.player_id for one in kept if one.player_id]
    # A name begins where the one before it ended.
    since: dict[tuple[Any, Any], datetime] = {}
    theirs = FormerName.objects.filter(Q(viewer__in=viewers) | Q(player__in=players))
    for viewer, player, until in theirs.values_list("viewer", "player", "seen_until"):
        since[viewer, player] = max(until, since.get((viewer, player), until))
    for column in ("viewer", "player"):
        rows = [
            FormerName(
                organization_id=one.organization_id,
                viewer_id=one.viewer_id,
                player_id=one.player_id,
                name=one.name,
                seen_from=min(now, since.get((one.viewer_id, one.player_id), one.seen_from)),
                seen_until=now,
            )
            for one in sorted(kept, key=lambda one: (one.viewer_id or "", one.player_id or 0, one.name))
            if getattr(one, f"{column}_id")
        ]
        if rows:
            FormerName.objects.bulk_create(
                rows, update_conflicts=True, unique_fields=[column, "name"], update_fields=["seen_until"]
            )


def on_renamed(person: Viewer | Player, had: Sequence[str], now: datetime) -> None:
    """Keep the names that somebody had who has others now (``linking.hooks.renamed``)."""
    whose: dict[str, Any]
    if isinstance(person, Viewer):
        whose = {"viewer_id": person.pk, "organization_id": person.organization_id}
    else:
        whose = {"player_id": person.pk, "organization_id": person.game.organization_id}
    keep_names([Had(name=name, seen_from=person.created_at, **whose) for name in dict.fromkeys(had)], now=now)


def former_names_of(*, viewers: Iterable[str], players: Iterable[int]) -> QuerySet[FormerName]:
    """Return the names that these had, the last to go first."""
    theirs = Q(viewer__in=list(viewers)) | Q(player__in=list(players))
    return FormerName.objects.filter(theirs).order_by("-seen_until", "-pk")
