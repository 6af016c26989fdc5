"""Taking a person out of what game servers sent and the portal still has (F8).

What a game calls its players is the game's own: names are found as whole words, whatever they stand in. A session that is
open is held by its gateway, whose state would be written over what is erased here: its state goes a while after it is over.
"""

from __future__ import annotations

import orjson
from django.db.models import Q

from campaigns.models import GameRecording, GameSession, RecordedMessage
from portal.tombstones import Eraser

SHORTEST_NAME = 4
"""Shorter ones are too often something else: a score, a number of lives."""


def erase_from_game_state(*, organization_id: str, eraser: Eraser) -> int:
    """Remove recordings that name a person, and empty the states of ended sessions that do; return how many there were.

    For a transaction of the caller's. It reads through all that is kept: 20 recordings of each game, and states of a month.
    """
    wide = eraser.only(SHORTEST_NAME)
    spellings = list(wide.spellings())
    if not spellings:
        return 0
    return _remove_recordings(organization_id, wide, spellings) + _empty_states(organization_id, wide, spellings)


def _remove_recordings(organization_id: str, eraser: Eraser, spellings: list[str]) -> int:
    lines = RecordedMessage.objects.filter(_with("data", spellings), recording__game__organization=organization_id)
    named: set[str] = set()
    for recording, data in lines.order_by("pk").values_list("recording", "data").iterator(chunk_size=200):
        if recording not in named and _names(data, eraser):
            named.add(recording)
    GameRecording.objects.filter(pk__in=named).delete()
    return len(named)


def _empty_states(organization_id: str, eraser: Eraser, spellings: list[str]) -> int:
    """Empty the states of ended sessions, and put the marker where a session's own id names the person."""
    ended = GameSession.objects.filter(organization=organization_id, ended_at__isnull=False)
    emptied = 0
    found = ended.filter(_with("state", spellings) | _with("session_key", spellings)).order_by("pk")
    for pk, key, state in list(found.values_list("pk", "session_key", "state")):
        if eraser.text(key) != key or _names(state, eraser):
            changes = {"session_key": eraser.text(key)[:100], "state": "{}", "state_bytes": 2}
            emptied += ended.filter(pk=pk).update(**changes)
    return emptied


def _names(text: str, eraser: Eraser) -> bool:
    """Tell whether a JSON text names the person, as a text, as the name of a field or as a number."""
    value = orjson.loads(text)
    return bool(eraser.value(value) != value)


def _with(column: str, spellings: list[str]) -> Q:
    found = Q()
    for spelling in spellings:
        found |= Q(**{f"{column}__icontains": spelling})
    return found
