"""Kept heartbeats whose game or broadcaster became known at the very moment they were looked at (W1, L10).

What makes something known has kept heartbeats counted again in its own transaction, and cannot see one that is being
put among the kept just then. So those of the last hour are looked at once more, every few minutes.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime, timedelta

from campaigns.heartbeats.again import count_again, make_due
from campaigns.models import Heartbeat, HeartbeatSource, RegisteredIdentifier
from campaigns.watch.reports import KNOWN_STATES, comparable
from campaigns.watch.rules_of import names_of_games

LOOKED_BACK = timedelta(hours=1)
_CHUNK = 500


def count_overlooked(*, now: datetime) -> int:
    """Have kept heartbeats counted that name what is known by now; return how many they are."""
    return _of_games(now) + _of_broadcasters(now)


def _of_games(now: datetime) -> int:
    sources = list(HeartbeatSource.objects.only("pk", "game_id").order_by("pk"))
    names = names_of_games({source.game_id for source in sources})
    done = 0
    for source in sources:
        beats = Heartbeat.objects.filter(source=source)
        older = beats.filter(received_at__lt=now - LOOKED_BACK).order_by("-id").values_list("pk", flat=True).first()
        kept = beats.filter(
            pk__gt=older or 0, outcome=Heartbeat.Outcome.NO_GAME, viewer_list__isnull=False, due_at=None
        )
        for name in kept.order_by("game_name").values_list("game_name", flat=True).distinct():
            if comparable(name) in names[source.game_id]:
                done += count_again(source_ids=[source.pk], game_name=name, now=now)
    return done


def _of_broadcasters(now: datetime) -> int:
    wanted: dict[str, list[str]] = defaultdict(list)
    since = RegisteredIdentifier.objects.filter(wanted_at__gte=now - LOOKED_BACK, state__in=KNOWN_STATES)
    for credential_id, viewer_id in since.values_list("credential_id", "viewer_id"):
        wanted[credential_id].append(viewer_id)
    done = 0
    for credential_id, viewers in sorted(wanted.items()):
        sources = list(HeartbeatSource.objects.filter(credential=credential_id).values_list("pk", flat=True))
        for start in range(0, len(viewers), _CHUNK):
            kept = Heartbeat.objects.filter(
                source__in=sources,
                outcome=Heartbeat.Outcome.NO_BROADCASTER,
                broadcaster__in=viewers[start : start + _CHUNK],
                viewer_list__isnull=False,
                due_at=None,
            )
            done += make_due(kept, now=now)
    return done
