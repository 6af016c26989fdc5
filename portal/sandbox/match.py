"""A match of the sample game, made up from a seed: two teams fight, and then a dragon wakes. No clock, no database.

The state is the one that a game server would stream: a few fields that producers can make events of. What happens in an
instant stays readable afterwards (the best streak, the dragon's state, who has won), because changes may be merged on the way.
"""

from __future__ import annotations

import copy
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

MAPS = ("Harbour", "Glass garden", "Old observatory")
OPPONENTS = ("Quill", "Bramble", "Osk", "Tamarin", "Vesper")
LEAST_SECONDS = 15
#: Of a match: when the streamer has three kills in a row, when the dragon wakes, and when it falls.
TRIPLE_AT, WAKES_AT, FALLS_AT = 0.3, 0.5, 0.85
#: Below so much health the dragon is wounded.
WOUNDED_BELOW = 40
#: So many kills stay in the feed.
FEED = 5
STREAK = 3


@dataclass
class Moment:
    """The state after a second of the match, and what has happened in it, a sentence each."""

    second: int
    state: dict[str, Any]
    happened: list[str] = field(default_factory=list)


def play(*, seed: int, seconds: int, streamer: str, opponents: Sequence[str] = OPPONENTS) -> Iterator[Moment]:
    """Play a match of so many seconds, at least 15: the beginning and then each second. The same seed gives the same match.

    The streamer is ``p-1``, and always has three kills in a row, sees the dragon fall, and wins or loses by chance.
    """
    match = _Match(random.Random(seed), max(seconds, LEAST_SECONDS), [streamer, *opponents])
    yield Moment(0, copy.deepcopy(match.state), [f"The match begins on the map {match.state['match']['map']}."])
    for second in range(1, match.seconds + 1):
        happened = list(match.pass_second(second))
        yield Moment(second, copy.deepcopy(match.state), happened)


class _Match:
    def __init__(self, draw: random.Random, seconds: int, names: list[str]) -> None:
        self.draw = draw
        self.seconds = seconds
        self.kills = 0
        self.state: dict[str, Any] = {
            "match": {"map": draw.choice(MAPS), "phase": "fight", "seconds": 0},
            "players": {
                f"p-{number}": {
                    "name": name,
                    "team": "red" if number % 2 else "blue",
                    "kills": 0,
                    "deaths": 0,
                    "streak": 0,
                    "best_streak": 0,
                }
                for number, name in enumerate(names, 1)
            },
            "score": {"red": 0, "blue": 0},
            "feed": {},
            "boss": {"name": "Ember dragon", "state": "asleep", "health": 100},
            "winners": [],
        }

    def pass_second(self, second: int) -> Iterator[str]:
        """Have a second pass, and tell what has happened in it."""
        done = second / self.seconds
        self.state["match"]["seconds"] = second
        first = self._second_of(TRIPLE_AT)
        if first <= second < first + STREAK:
            yield from self._kill("p-1", self.draw.choice(self._enemies("p-1")))
        elif self.draw.random() < 0.35 and done < FALLS_AT:
            killer = self.draw.choice([key for key in self.state["players"] if key != "p-1"])
            yield from self._kill(killer, self.draw.choice([key for key in self._enemies(killer) if key != "p-1"]))
        yield from self._boss(second)
        if second == self.seconds:
            yield from self._end()

    def _second_of(self, share: float) -> int:
        return int(self.seconds * share)

    def _enemies(self, player: str) -> list[str]:
        players = self.state["players"]
        return [key for key, one in players.items() if one["team"] != players[player]["team"]]

    def _kill(self, killer: str, victim: str) -> Iterator[str]:
        by, of = self.state["players"][killer], self.state["players"][victim]
        by["kills"] += 1
        by["streak"] += 1
        by["best_streak"] = max(by["best_streak"], by["streak"])
        of["deaths"] += 1
        of["streak"] = 0
        self.state["score"][by["team"]] += 1
        self.kills += 1
        feed = self.state["feed"]
        feed[f"k-{self.kills:04}"] = {"by": killer, "of": victim}
        for old in sorted(feed)[:-FEED]:
            del feed[old]
        yield f"{by['name']} beats {of['name']}."
        if by["streak"] == STREAK:
            yield f"{by['name']} has {STREAK} kills in a row."

    def _boss(self, second: int) -> Iterator[str]:
        boss, wakes, falls = self.state["boss"], self._second_of(WAKES_AT), self._second_of(FALLS_AT)
        if second < wakes or boss["state"] == "dead":
            return
        if boss["state"] == "asleep":
            boss["state"] = "awake"
            self.state["match"]["phase"] = "boss"
            yield f"The {boss['name']} wakes."
        left = 100 * (falls - second) / (falls - wakes)
        boss["health"] = max(0, min(boss["health"], round(left + self.draw.uniform(-4, 4))) if second < falls else 0)
        if boss["health"] == 0 and second >= falls:
            boss["state"] = "dead"
            yield f"The {boss['name']} falls."
        elif boss["health"] < WOUNDED_BELOW and boss["state"] == "awake":
            boss["state"] = "wounded"
            yield f"The {boss['name']} is wounded."

    def _end(self) -> Iterator[str]:
        score = self.state["score"]
        winner = "red" if score["red"] >= score["blue"] else "blue"
        self.state["match"]["phase"] = "over"
        self.state["winners"] = [winner]
        yield f"The match is over: red {score['red']}, blue {score['blue']}. {winner.capitalize()} has won."
