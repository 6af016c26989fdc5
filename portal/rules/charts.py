"""Where the parts of a chart lie: pure geometry, in percent of the drawing, from its left and from its top.

Percent, so that a drawing fits any width while its texts keep their size. What is not known is None and is left out: a
gap is drawn as a gap, never as 0.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

Value = int | float | None

FILLED = 0.8
"""How much of its place a bar, or a group of bars, takes up in width."""

LEAST_HEIGHT = 1.0
"""So high at least is the bar of what is more than 0, that it can be seen."""

_STEPS = (1, 2, 5)
_HOUR_STEPS = (1, 2, 3, 6, 12, 24, 48)
_MINUTE_STEPS = (5, 10, 15, 30, 60)
_MOMENT_STEPS = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400)
"""Seconds."""
_DAY_STEPS = (1, 2, 3, 7, 14, 28, 56, 112, 224)


@dataclass(frozen=True, slots=True)
class Scale:
    """An axis from 0 to ``top`` with a tick at each of ``ticks``, of which 0 is the first and ``top`` the last."""

    top: int
    ticks: tuple[int, ...]

    def height(self, value: float) -> float:
        """Return how high a value stands, in percent."""
        return round(100 * value / self.top, 3)


@dataclass(frozen=True, slots=True)
class Bar:
    """A bar; its foot is at the bottom."""

    x: float
    y: float
    width: float
    height: float

    @property
    def middle(self) -> float:
        """Return where its middle is."""
        return round(self.x + self.width / 2, 3)


@dataclass(frozen=True, slots=True)
class Point:
    """A place on a line."""

    x: float
    y: float


def scale_for(values: Sequence[Value], *, most_ticks: int = 5) -> Scale:
    """Return an axis for whole numbers, with steps of 1, 2 or 5 times a power of ten and at most so many steps."""
    largest = max((value for value in values if value is not None), default=0)
    step, power = 1, 1
    while True:
        for digit in _STEPS:
            step = digit * power
            if step * most_ticks >= largest:
                count = max(1, -(-largest // step))
                return Scale(int(step * count), tuple(int(step * number) for number in range(int(count) + 1)))
        power *= 10


def bars(series: Sequence[Sequence[Value]], scale: Scale) -> list[list[Bar | None]]:
    """Return the bars of each series, side by side in each place; None for what is not known, and for 0.

    All series have the same length.
    """
    places = max((len(values) for values in series), default=0)
    if not places:
        return [[] for _values in series]
    place = 100 / places
    width = place * FILLED / len(series)
    left = place * (1 - FILLED) / 2
    return [
        [_bar(value, number * place + left + row * width, width, scale) for number, value in enumerate(values)]
        for row, values in enumerate(series)
    ]


def _bar(value: Value, x: float, width: float, scale: Scale) -> Bar | None:
    if not value:
        return None
    height = max(scale.height(value), LEAST_HEIGHT)
    return Bar(round(x, 3), round(100 - height, 3), round(width, 3), height)


def lines(values: Sequence[Value], scale: Scale) -> list[list[Point]]:
    """Return the runs of known values, each a line; a run of a single value is a point. Values stand in the middle of their place."""
    runs: list[list[Point]] = []
    open_run: list[Point] = []
    place = 100 / len(values) if values else 0
    for number, value in enumerate(values):
        if value is None:
            open_run = []
            continue
        if not open_run:
            runs.append(open_run)
        open_run.append(Point(round((number + 0.5) * place, 3), round(100 - scale.height(value), 3)))
    return runs


def lengths(values: Sequence[Value], *, whole: float | None = None) -> list[float | None]:
    """Return how long each of some horizontal bars is, in percent of the longest, or of ``whole``; None for what is not known."""
    largest = max((value for value in values if value is not None), default=0) if whole is None else whole
    return [_length(value, largest) for value in values]


def _length(value: Value, largest: float) -> float | None:
    if value is None:
        return None
    return max(round(100 * value / largest, 3), LEAST_HEIGHT) if value else 0.0


def minute_ticks(starts: Sequence[datetime], *, most: int) -> list[int]:
    """Return which of some minutes in a row get a tick, full quarters of an hour and the like, at most so many."""
    for step in _MINUTE_STEPS:
        found = [number for number, start in enumerate(starts) if start.minute % step == 0]
        if len(found) <= most:
            return found
    return found[:: -(-len(found) // most)]


def hour_ticks(starts: Sequence[datetime], *, most: int) -> list[int]:
    """Return which of some hours in a row get a tick: the round ones as clocks show them, at most so many."""
    if not starts:
        return []
    first = starts[0].toordinal()
    hours = [
        (number, (start.toordinal() - first) * 24 + start.hour) for number, start in enumerate(starts) if not start.fold
    ]
    found = [0]
    for step in _HOUR_STEPS:
        found = [number for number, hour in hours if hour % step == 0]
        if len(found) <= most:
            return found or [0]
    return found[:: -(-len(found) // most)]


def day_ticks(count: int, *, most: int) -> list[int]:
    """Return which of some days or weeks in a row get a tick, from the first on, at most so many."""
    for step in _DAY_STEPS:
        if -(-count // step) <= most:
            return list(range(0, count, step))
    return list(range(0, count, -(-count // most)))


def place_of(moment: datetime, *, start: datetime, end: datetime) -> float:
    """Return where a moment lies on a line from ``start`` to ``end``, in percent; in the middle where both are the same."""
    length = (end - start).total_seconds()
    if length <= 0:
        return 50.0
    return round(100 * min(max((moment - start).total_seconds() / length, 0.0), 1.0), 3)


def moment_ticks(*, start: datetime, end: datetime, most: int) -> tuple[list[datetime], int]:
    """Return the round times from ``start`` to ``end`` that get a tick, at most so many, and how many seconds lie between two."""
    length = (end - start).total_seconds()
    step = next((one for one in _MOMENT_STEPS if length // one + 1 <= most), 0)
    if not step:
        step = _MOMENT_STEPS[-1] * (int(length // (_MOMENT_STEPS[-1] * most)) + 1)
    midnight = start.replace(hour=0, minute=0, second=0, microsecond=0)
    first = -(-(start - midnight).total_seconds() // step)
    ticks = []
    tick = midnight + timedelta(seconds=first * step)
    while tick <= end:
        ticks.append(tick)
        tick += timedelta(seconds=step)
    return ticks, step


def compact(value: int) -> tuple[str, int]:
    """Return a round number in few digits and the power of thousand it is in: 1,500,000 is ``("1.5", 2)``.

    Exact for what has at most three digits that count, which the ticks of a scale have.
    """
    power = 0
    number = float(value)
    while abs(number) >= 1000 and power < 3:
        number /= 1000
        power += 1
    return f"{number:,.2f}".rstrip("0").rstrip("."), power
