"""Who watches what, minute by minute, made up from a seed: the same seed gives the same crowd on every machine. No database.

A crowd is a function of the clock minute (whole minutes since 1970, UTC), so that it can be played live without end and
any minute can be told again: a heartbeat's id is drawn from its contents, and the same minute has the same heartbeats.
"""

from __future__ import annotations

import hashlib
import json
import random
import uuid
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from functools import lru_cache

from portal.sandbox.messages import to_json

MINUTE = timedelta(minutes=1)
#: For so many minutes a viewer stays where he is, mostly; then he may come, go or switch to another channel.
SESSION_MINUTES = 12
PRESENT, AT_HOME = 0.85, 0.7
#: Of those present, how many miss a minute: an advertisement, a lost connection.
AWAY = 0.05
#: Late heartbeats come so many minutes after their time, repeated ones so many after the first, shuffled ones up to 5.
LATE_MINUTES, REPEAT_MINUTES, SHUFFLED_MINUTES = (2.0, 15.0), (0.5, 3.0), 5.0


def minute_of(moment: datetime) -> int:
    """The clock minute that ``moment`` lies in."""
    return int(moment.timestamp()) // 60


def moment_of(minute: int) -> datetime:
    """When a clock minute begins, in UTC."""
    return datetime.fromtimestamp(minute * 60, UTC)


@dataclass(frozen=True)
class Beat:
    """One heartbeat: these viewers watched this channel in this minute. ``second`` and ``zone_hours`` write its time."""

    channel: str
    minute: int
    second: int
    zone_hours: int
    broadcast_id: int
    game: str
    viewers: tuple[str, ...]

    @property
    def id(self) -> str:
        """A UUID drawn from the contents: told again it is the same, changed it is another."""
        contents = f"{self.channel}\n{self.minute}\n{self.second}\n{self.game}\n" + "\n".join(self.viewers)
        return str(uuid.UUID(bytes=hashlib.blake2b(contents.encode(), digest_size=16).digest(), version=4))

    def body(self, *, retries: int = 0) -> bytes:
        """The JSON of Twitch's Drops guide, "Viewer Heartbeat Service (VHS) Data"; ``broadcast_id`` came with a later one."""
        moment = moment_of(self.minute) + timedelta(seconds=self.second)
        written = moment.astimezone(timezone(timedelta(hours=self.zone_hours))).isoformat()
        return to_json(
            {
                "broadcaster": self.channel,
                "broadcast_id": self.broadcast_id,
                "viewers": len(self.viewers),
                "viewer_list": self.viewers,
                "game": self.game,
                "version": 1,
                "id": self.id,
                "time": written.replace("+00:00", "Z"),
                "retries": retries,
            }
        )


@dataclass(frozen=True)
class Crowd:
    """Viewers and the channels they watch. A viewer's home is the channel of the same number, counted round.

    ``overlap`` is the share of viewers that in a minute watch a second channel too, and the share of channels whose
    minute is told in two heartbeats that name some viewers twice.
    """

    channels: Sequence[str]
    viewers: Sequence[str]
    game: str
    seed: int
    overlap: float = 0.1

    def beats(self, minute: int) -> list[Beat]:
        """The heartbeats of one minute: at least one for each channel, even where nobody watches."""
        draw = random.Random(f"{self.seed}/{minute}")
        beats = []
        for number, viewers in enumerate(self._audiences(minute, draw)):
            for part in self._told_in(viewers, draw):
                beats.append(self._beat(number, minute, part, draw))
        return beats

    def _audiences(self, minute: int, draw: random.Random) -> list[list[str]]:
        """Who watches each channel in this minute."""
        audiences: list[list[str]] = [[] for _ in self.channels]
        for viewer, place in zip(self.viewers, _places(self, minute // SESSION_MINUTES), strict=True):
            if place is None or draw.random() < AWAY:
                continue
            audiences[place].append(viewer)
            if draw.random() < self.overlap and len(audiences) > 1:
                step = 1 + int(draw.random() * (len(audiences) - 1))
                audiences[(place + step) % len(audiences)].append(viewer)
        return audiences

    def _told_in(self, viewers: list[str], draw: random.Random) -> list[list[str]]:
        """The lists that a channel's audience is told in: one, or two that share their middle third."""
        if draw.random() >= self.overlap:
            return [viewers]
        third = len(viewers) // 3
        return [viewers[: len(viewers) - third], viewers[third:]]

    def _beat(self, number: int, minute: int, viewers: list[str], draw: random.Random) -> Beat:
        return Beat(
            channel=self.channels[number],
            minute=minute,
            second=int(draw.random() * 60),
            # Every fifth sender is on a server whose clock is not set to UTC.
            zone_hours=(-7, 2)[number // 5 % 2] if number % 5 == 4 else 0,
            broadcast_id=27_388_000_000 + number,
            game=self.game,
            viewers=tuple(viewers),
        )


@lru_cache(maxsize=4)
def _session(seed: int, session: int, viewers: int, channels: int) -> tuple[int | None, ...]:
    draw = random.Random(f"{seed}/session/{session}").random
    places: list[int | None] = []
    for viewer in range(viewers):
        present, moved = draw() < PRESENT, draw() >= AT_HOME
        elsewhere = int(draw() * channels)
        places.append((elsewhere if moved else viewer % channels) if present else None)
    return tuple(places)


def _places(crowd: Crowd, session: int) -> tuple[int | None, ...]:
    """The number of the channel that each viewer is at, or nothing, while a session lasts."""
    return _session(crowd.seed, session, len(crowd.viewers), len(crowd.channels))


def crowd_of(*, channels: int, viewers_each: int, game: str, seed: int, overlap: float = 0.1) -> Crowd:
    """A crowd with made-up ids. They are numbers as text, apart from each other for each seed, below those of real users."""
    base = 10**15 + seed * 10**9
    return Crowd(
        channels=[str(base + 10**8 + number) for number in range(channels)],
        viewers=[str(base + number) for number in range(channels * viewers_each)],
        game=game,
        seed=seed,
        overlap=overlap,
    )


@dataclass(frozen=True, order=True)
class Sending:
    """That a heartbeat is sent ``at`` so many minutes after the first minute's beginning."""

    at: float
    order: int
    beat: int
    retries: int = 0


def plan(
    beats: Sequence[Beat], *, first_minute: int, late: float, repeated: float, shuffled: bool, seed: int
) -> list[Sending]:
    """When each heartbeat is sent, and which are sent again under their id, in the order of sending.

    ``late`` and ``repeated`` are shares from 0 to 1. ``beat`` of a sending is the position in ``beats``.
    """
    draw = random.Random(f"{seed}/plan")
    sendings: list[Sending] = []
    for position, beat in enumerate(beats):
        at = beat.minute - first_minute + 1.0  # a minute is told when it is over
        at += draw.uniform(*LATE_MINUTES) if draw.random() < late else 0.0
        at += draw.uniform(0, SHUFFLED_MINUTES) if shuffled else 0.0
        sendings.append(Sending(at, len(sendings), position))
        if draw.random() < repeated:
            # The answer to the first was lost: the same is told once more.
            sendings.append(Sending(at + draw.uniform(*REPEAT_MINUTES), len(sendings), position, retries=1))
    return sorted(sendings)


@dataclass(frozen=True)
class Expected:
    """What a counter that makes no mistake has to arrive at: minutes of each viewer and of each broadcaster."""

    viewers: dict[str, int]
    broadcasters: dict[str, int]

    @property
    def viewer_minutes(self) -> int:
        """All viewers' minutes together."""
        return sum(self.viewers.values())


def expected(bodies: Iterable[bytes]) -> Expected:
    """Work out the totals from heartbeats as they were sent, with nothing but sets: a minute of a viewer is there or not.

    Knows nothing of how the crowd was made up: it reads the JSON, as the portal does.
    """
    watched: defaultdict[int, set[str]] = defaultdict(set)
    broadcast: defaultdict[int, set[str]] = defaultdict(set)
    for body in bodies:
        content = json.loads(body)
        minute = minute_of(datetime.fromisoformat(content["time"]))
        watched[minute].update(content["viewer_list"])
        broadcast[minute].add(content["broadcaster"])
    return Expected(viewers=_count(watched.values()), broadcasters=_count(broadcast.values()))


def _count(minutes: Iterable[set[str]]) -> dict[str, int]:
    total: Counter[str] = Counter()
    for people in minutes:
        total.update(people)
    return dict(sorted(total.items()))


def all_beats(crowd: Crowd, *, first_minute: int, minutes: int) -> Iterator[Beat]:
    """The heartbeats of ``minutes`` minutes in order."""
    for minute in range(first_minute, first_minute + minutes):
        yield from crowd.beats(minute)
