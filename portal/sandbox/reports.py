"""Twitch's reports about games: made up from the day and the game alone, so that a report says the same whenever it is read.

Pure functions. The names of the columns are not documented; these follow the words of Twitch's own guide (Insights &
Analytics, which has *Unique Viewers*) and of its pages about analytics.
"""

from __future__ import annotations

import csv
import io
import random
from datetime import date, timedelta

#: How long Twitch needs for a day's figures, and how far back reports go (Twitch API, Get Game Analytics).
LAG = timedelta(days=2)
LONGEST = timedelta(days=365)
HEADER = (
    "Date",
    "Game Name",
    "Game ID",
    "Live Views",
    "Unique Viewers",
    "Hours Watched",
    "Hours Broadcast",
    "Average Concurrent Viewers",
    "Peak Concurrent Viewers",
    "Unique Broadcasters",
)


def window(*, started_on: date | None, ended_on: date | None, today: date) -> tuple[date, date]:
    """The days that a report really covers: the last year, and none of the last two days."""
    first, last = today - LONGEST, today - LAG
    return max(started_on or first, first), min(ended_on or last, last)


def game_report(*, game_id: str, name: str, started_on: date, ended_on: date) -> str:
    """The report as CSV text, a row a day, both days included, the newest first."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(HEADER)
    day = ended_on
    while day >= started_on:
        writer.writerow(_row(game_id, name, day))
        day -= timedelta(days=1)
    return out.getvalue()


def _row(game_id: str, name: str, day: date) -> list[str | int]:
    drawn = random.Random(f"{game_id} {day}")
    broadcasters = drawn.randint(40, 160)
    hours = round(broadcasters * drawn.uniform(2, 4))
    average = drawn.randint(200, 900) + (300 if day.weekday() >= 5 else 0)
    watched = average * 24
    views = round(watched * drawn.uniform(0.8, 1.4))
    unique, peak = round(views * drawn.uniform(0.5, 0.8)), round(average * drawn.uniform(1.5, 3))
    return [day.isoformat(), name, game_id, views, unique, watched, hours, average, peak, broadcasters]
