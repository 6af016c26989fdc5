"""Heartbeats that are due, and what they name: source, game, channel, broadcaster (W1, L10)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import numpy as np
import orjson

from campaigns.models import Channel, Heartbeat, HeartbeatSource, RegisteredIdentifier
from campaigns.rules.counting import Report, minute_of
from campaigns.watch.arrays import Numbers
from campaigns.watch.people import Naming

Outcome = Heartbeat.Outcome

_KNOWN_STATES = (
    RegisteredIdentifier.State.WANTED,
    RegisteredIdentifier.State.REGISTERED,
    RegisteredIdentifier.State.LAPSED,
)


def _nobody() -> Numbers:
    return np.zeros(0, dtype=np.int64)


@dataclass(slots=True)
class Beat:
    """One heartbeat while it is counted.

    ``viewers`` are the numbers that it credits, ``counts_in`` the campaigns, ``unknown`` how many ids name nobody.
    """

    pk: int
    source: HeartbeatSource
    broadcaster: str
    game_name: str
    report: Report
    ids: list[str]
    channel: Channel | None = None
    outcome: str = Outcome.NOWHERE
    counts_in: list[str] = field(default_factory=list)
    viewers: Numbers = field(default_factory=_nobody)
    unknown: int = 0

    @property
    def minute(self) -> int:
        """The clock minute that it reports."""
        return minute_of(self.report.sent_at)

    @property
    def reported(self) -> int:
        """How many viewers it lists, each once."""
        return len(self.ids)

    @property
    def naming(self) -> Naming:
        """What its ids mean."""
        return naming_of(self.source)


def naming_of(source: HeartbeatSource) -> Naming:
    """Return what the ids in a source's heartbeats mean."""
    registered = source.identifiers == HeartbeatSource.Identifiers.REGISTERED
    return Naming(source.game.organization_id, source.platform, registered)


def due_organizations(*, now: datetime) -> list[str]:
    """Return the organizations that have heartbeats to be counted."""
    due = Heartbeat.objects.filter(due_at__lte=now).order_by()
    return sorted(set(due.values_list("source__game__organization", flat=True).distinct()))


def read_due(organization_id: str, *, now: datetime, most_viewers: int, whole_minutes: bool) -> list[Beat]:
    """Return heartbeats that are due, the longest due first, of at most about so many viewers together.

    With ``whole_minutes`` none is left out that is due for the same minute as one that is returned (W8).
    """
    sources = {
        source.pk: source
        for source in HeartbeatSource.objects.filter(game__organization=organization_id)
        .select_related("game")
        .defer("game__art", "game__logo")
    }
    due = Heartbeat.objects.filter(due_at__lte=now, source__in=list(sources))
    order = ("sent_at", "pk") if whole_minutes else ("due_at", "pk")
    chosen: list[int] = []
    viewers, last_minute = 0, None
    for pk, listed, sent_at in due.order_by(*order).values_list("pk", "listed", "sent_at")[:20_000].iterator():
        minute = minute_of(sent_at)
        if chosen and viewers + listed > most_viewers and not (whole_minutes and minute == last_minute):
            break
        chosen.append(pk)
        viewers, last_minute = viewers + listed, minute
    return _beats(chosen, sources, now=now)


def _beats(keys: Sequence[int], sources: dict[int, HeartbeatSource], *, now: datetime) -> list[Beat]:
    beats: list[Beat] = []
    for start in range(0, len(keys), 500):
        rows = Heartbeat.objects.filter(pk__in=keys[start : start + 500], due_at__lte=now, viewer_list__isnull=False)
        for row in rows.order_by("pk"):
            source = sources[row.source_id]
            report = Report(
                game=source.game_id, platform=source.platform, sent_at=row.sent_at, received_at=row.received_at
            )
            ids = orjson.loads(bytes(row.viewer_list or b"[]"))
            beats.append(Beat(row.pk, source, row.broadcaster, row.game_name, report, ids))
    return beats


def name_parts(beats: Sequence[Beat], names: dict[str, set[str]]) -> None:
    """Find game and channel of each heartbeat. ``names`` are the names of each game, as they are compared.

    A heartbeat that names an unknown game or broadcaster is given that outcome and no channel.
    """
    for beat in beats:
        if comparable(beat.game_name) not in names[beat.source.game_id]:
            beat.outcome = Outcome.NO_GAME
    groups: dict[int, list[Beat]] = defaultdict(list)
    for beat in beats:
        if beat.outcome != Outcome.NO_GAME:
            groups[beat.source.pk].append(beat)
    for group in groups.values():
        _find_channels(group)


def comparable(name: str) -> str:
    """Return a game's name as names are compared: case and blanks around it do not matter."""
    return name.strip().casefold()


def _find_channels(beats: Sequence[Beat]) -> None:
    """Find the channels of one source's heartbeats; where ids are not ours, one is made for a new broadcaster."""
    naming = beats[0].naming
    if naming.registered:
        wanted = _registered_broadcasters(beats)
    else:
        wanted = {beat.broadcaster: (beat.broadcaster, "", "") for beat in beats}
    channels = _ensure_channels(naming, {key: (login, name) for key, login, name in wanted.values()})
    for beat in beats:
        if beat.broadcaster not in wanted:
            beat.outcome = Outcome.NO_BROADCASTER
            continue
        beat.channel = channels[wanted[beat.broadcaster][0]]


def _registered_broadcasters(beats: Sequence[Beat]) -> dict[str, tuple[str, str, str]]:
    """Return channel id, login and name of the broadcasters who have an identifier of ours, by that identifier."""
    rows = RegisteredIdentifier.objects.filter(
        credential=beats[0].source.credential_id,
        viewer__in={beat.broadcaster for beat in beats},
        state__in=_KNOWN_STATES,
    ).select_related("viewer")
    return {row.viewer_id: (row.viewer.platform_user_id, row.viewer.login, row.viewer.name) for row in rows}


def _ensure_channels(naming: Naming, wanted: dict[str, tuple[str, str]]) -> dict[str, Channel]:
    known = _channels(naming, wanted)
    new = sorted(set(wanted) - set(known))
    if new:
        Channel.objects.bulk_create(
            [
                Channel(
                    organization_id=naming.organization_id,
                    platform=naming.platform,
                    platform_channel_id=key,
                    login=wanted[key][0],
                    name=wanted[key][1],
                )
                for key in new
            ],
            ignore_conflicts=True,
            batch_size=500,
        )
        known.update(_channels(naming, new))
    return known


def _channels(naming: Naming, ids: Iterable[str]) -> dict[str, Channel]:
    found: dict[str, Channel] = {}
    keys = list(ids)
    for start in range(0, len(keys), 1000):
        rows = Channel.objects.filter(
            organization=naming.organization_id,
            platform=naming.platform,
            platform_channel_id__in=keys[start : start + 1000],
        )
        found.update({channel.platform_channel_id: channel for channel in rows})
    return found


POISONED_AGAIN_AFTER = timedelta(minutes=15)


def put_aside(pk: int, *, now: datetime) -> None:
    """Have a heartbeat that cannot be counted tried again later, so that it never keeps the others back."""
    Heartbeat.objects.filter(pk=pk).update(due_at=now + POISONED_AGAIN_AFTER)
