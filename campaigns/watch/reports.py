"""Heartbeats that are due, and what they name: source, game, channel, broadcaster (W1, L10)."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import numpy as np
import orjson

from campaigns.models import Channel, Heartbeat, HeartbeatSource, RegisteredIdentifier
from campaigns.returning import recognize_channels
from campaigns.rules.counting import Report, channel_order, minute_of, settled_at
from campaigns.watch.arrays import Numbers
from campaigns.watch.people import Naming

Outcome = Heartbeat.Outcome

MOST_HEARTBEATS = 20_000
"""So many heartbeats are counted in one transaction, however few they list."""

KNOWN_STATES = (
    RegisteredIdentifier.State.WANTED,
    RegisteredIdentifier.State.REGISTERED,
    RegisteredIdentifier.State.LAPSED,
)
"""The states of an identifier whose viewer has a link: a broadcaster is known by it (L10)."""


log = logging.getLogger(__name__)


NOBODY: Numbers = np.zeros(0, dtype=np.int64)


@dataclass(slots=True)
class Beat:
    """One heartbeat while it is counted.

    ``listed`` is how many viewers it lists, each once, ``ids`` who they are, where that was read. ``viewers`` are the
    numbers that it credits, ``counts_in`` the campaigns, ``unknown`` how many ids name nobody, ``kept`` whether its
    viewers are kept for a game event.
    """

    pk: int
    source: HeartbeatSource
    broadcaster: str
    game_name: str
    report: Report
    due_at: datetime
    listed: int
    ids: list[str] = field(default_factory=list)
    channel: Channel | None = None
    outcome: str = Outcome.NOWHERE
    counts_in: list[str] = field(default_factory=list)
    viewers: Numbers = field(default_factory=lambda: NOBODY)
    streamer: Numbers = field(default_factory=lambda: NOBODY)
    unknown: int = 0
    kept: bool = False

    @property
    def minute(self) -> int:
        """The clock minute that it reports."""
        return minute_of(self.report.sent_at)

    @property
    def settling_order(self) -> tuple[int, datetime, tuple[int, str], int]:
        """What decides whose minute it is (W8): who came in time before who came late, then the channels by their ids.

        It is the same whenever the heartbeats are counted, and whichever of them are counted together.
        """
        settled = max(self.due_at, settled_at(self.report.sent_at))
        channel = channel_order(self.channel.platform_channel_id) if self.channel else (0, "")
        return self.minute, settled, channel, self.pk

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
    """Return heartbeats that are due, without whom they list: the longest due, of at most about so many viewers together.

    With ``whole_minutes`` those of the earliest minutes, and none is left out of a minute, however many that are (W8).
    """
    sources = {
        source.pk: source
        for source in HeartbeatSource.objects.filter(game__organization=organization_id)
        .select_related("game")
        .defer("game__art", "game__logo")
    }
    due = Heartbeat.objects.filter(due_at__lte=now, source__in=list(sources))
    if whole_minutes:
        first = list(due.order_by("sent_at", "pk").values_list("listed", "sent_at")[:MOST_HEARTBEATS])
        if not first:
            return []
        _listed, last = first[_how_many([listed for listed, _at in first], most_viewers) - 1]
        due = due.filter(sent_at__lt=last.replace(second=0, microsecond=0) + timedelta(minutes=1))
        return [_beat(row, sources) for row in due.order_by("sent_at", "pk").defer("extra", "digest")]
    rows = list(due.order_by("due_at", "pk").defer("extra", "digest")[:MOST_HEARTBEATS])
    return [_beat(row, sources) for row in rows[: _how_many([row.listed for row in rows], most_viewers)]]


def in_settling_order(beats: Sequence[Beat], *, most_viewers: int) -> list[Beat]:
    """Return heartbeats whose channels are known in the order in which minutes are settled, the first of them (W8)."""
    ordered = sorted(beats, key=lambda beat: beat.settling_order)[:MOST_HEARTBEATS]
    return ordered[: _how_many([beat.listed for beat in ordered], most_viewers)]


def _how_many(listed: Sequence[int], most_viewers: int) -> int:
    """Return how many heartbeats from the first list at most so many viewers: one at least."""
    return max(1, int(np.searchsorted(np.cumsum(listed), most_viewers, side="right")))


def _beat(row: Heartbeat, sources: dict[int, HeartbeatSource]) -> Beat:
    source = sources[row.source_id]
    report = Report(game=source.game_id, platform=source.platform, sent_at=row.sent_at, received_at=row.received_at)
    due_at = row.due_at or row.received_at
    return Beat(row.pk, source, row.broadcaster, row.game_name, report, due_at=due_at, listed=row.listed)


def read_viewers(beats: Sequence[Beat], *, now: datetime) -> list[Beat]:
    """Return those that are still to be counted, now with whom they list. One that cannot be read is put aside."""
    found: list[Beat] = []
    for start in range(0, len(beats), 500):
        some = beats[start : start + 500]
        rows = Heartbeat.objects.filter(pk__in=[beat.pk for beat in some], due_at__isnull=False)
        lists = dict(rows.values_list("pk", "viewer_list__ids"))
        for beat in some:
            if beat.pk not in lists:
                continue
            try:
                beat.ids = orjson.loads(bytes(lists[beat.pk] or b"[]"))
            except orjson.JSONDecodeError:
                log.error("The viewers of heartbeat %s cannot be read.", beat.pk)
                put_aside(beat.pk, now=now)
            else:
                found.append(beat)
    return found


def still_due(beats: Sequence[Beat]) -> list[Beat]:
    """Return the heartbeats that nobody else has counted meanwhile."""
    due: set[int] = set()
    for start in range(0, len(beats), 1000):
        keys = [beat.pk for beat in beats[start : start + 1000]]
        due.update(Heartbeat.objects.filter(pk__in=keys, due_at__isnull=False).values_list("pk", flat=True))
    return [beat for beat in beats if beat.pk in due]


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
        state__in=KNOWN_STATES,
    ).select_related("viewer")
    return {row.viewer_id: (row.viewer.platform_user_id, row.viewer.login, row.viewer.name) for row in rows}


def _ensure_channels(naming: Naming, wanted: dict[str, tuple[str, str]]) -> dict[str, Channel]:
    known = _channels(naming, wanted)
    new = sorted(set(wanted) - set(known))
    for start in range(0, len(new), 500):
        keys = [(naming.organization_id, naming.platform, key) for key in new[start : start + 500]]
        if recognize_channels(keys):
            known.update(_channels(naming, new[start : start + 500]))
    new = [key for key in new if key not in known]
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
    Heartbeat.objects.filter(pk=pk, due_at__isnull=False).update(due_at=now + POISONED_AGAIN_AFTER)
