"""A crowd that watches in real time: each minute is told when it is over, and what could not be told is told later. No database."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from portal.sandbox.crowd import Crowd
from portal.sandbox.messages import Message
from portal.sandbox.playing import check_address, heartbeat_message
from portal.sandbox.sending import Outcome, send

#: Of a time in which the portal did not answer so many minutes are told afterwards. Longer ones are forgotten.
MOST_MINUTES_BACK = 60


@dataclass
class LiveCrowd:
    """Who plays, where to, and up to which minute the portal has been told."""

    crowd: Crowd
    url: str
    told: int
    send: Callable[[Message], Outcome] = field(default=send)

    def tell(self, *, minute: int) -> tuple[int, str]:
        """Tell all minutes before ``minute`` that were not told. Returns how many heartbeats were accepted, and a fault.

        Stops at the first one that is not accepted: its minute is told again the next time, under the same ids.
        """
        accepted = 0
        for untold in range(max(self.told + 1, minute - MOST_MINUTES_BACK), minute):
            for beat in self.crowd.beats(untold):
                outcome = self.send(heartbeat_message(url=self.url, beat=beat))
                if not outcome.accepted():
                    return accepted, outcome.in_plain_words(answer_limit=200)
                accepted += 1
            self.told = untold
        return accepted, ""


def live_crowd(content: dict[str, Any], *, minute: int) -> LiveCrowd:
    """The crowd that the portal's demo data asks for, at the clock minute ``minute``.

    It tells some minutes before its first one, too, so that charts are not empty. They have the same ids at every
    start, so that no portal counts them twice. Raises ValueError for a content without a needed field, or with an
    address where nothing may be sent to.
    """
    try:
        crowd = Crowd(
            channels=list(content["channels"]),
            viewers=list(content["viewers"]),
            game=str(content["game"]),
            seed=int(content.get("seed", 1)),
        )
        url = str(content["heartbeat_url"])
    except KeyError as missing:
        raise ValueError(f"The crowd lacks the field {missing}.") from missing
    check_address(url)
    return LiveCrowd(crowd=crowd, url=url, told=minute - 1 - int(content.get("catch_up_minutes", 0)))
