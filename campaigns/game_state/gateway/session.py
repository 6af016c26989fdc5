"""A session in the memory of the gateway that has its connection: the state, its game events, what is yet to be written."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from campaigns.game_state.admission import Admission, AdmittedChannel
from campaigns.game_state.gateway.answers import LIVE, NOT_LINKED, OFFLINE
from campaigns.game_state.gateway.deadlines import write_due
from campaigns.game_state.recording import RecordedLine
from campaigns.game_state.storing import Begun, NewEvent, SessionWrite
from campaigns.rules.game_state.codes import Code
from campaigns.rules.game_state.events import EventRule, Match, Watch
from campaigns.rules.game_state.messages import Delta
from campaigns.rules.game_state.state import Bucket, MergedState

_UNWRITTEN_LINES = 500
"""So many messages of a recording wait in memory while the database is away; what comes then is not recorded."""


@dataclass(slots=True)
class Unwritten:
    """What has come since the last write."""

    messages: int = 0
    received_bytes: int = 0
    refused: int = 0
    last_refusal: str = ""
    last_refused_at: datetime | None = None
    live: bool = False
    events: list[NewEvent] = field(default_factory=list)
    flushes: int = 0
    lines: list[RecordedLine] = field(default_factory=list)


class Session:
    """What one connection streams. Knows neither socket nor database; belongs to the event loop's thread.

    ``write_due_at`` is when something is to be written at the latest, in seconds since 1970; None: nothing is.
    """

    def __init__(
        self,
        admission: Admission,
        begun: Begun,
        *,
        connection: str,
        bucket: Bucket,
        rules: Sequence[EventRule],
        live: frozenset[str],
        now: datetime,
    ) -> None:
        self.admission = admission
        self.id = begun.session_id
        self.resumed = begun.resumed
        self.channels: tuple[AdmittedChannel, ...] = admission.channels
        self.live = live
        self.recorded = admission.record
        self.write_due_at: float | None = None
        self.lost = False
        self._connection = connection
        self._state = MergedState(revision=begun.revision)
        self._rules: tuple[EventRule, ...] = ()
        self._watch: Watch | None = None
        if admission.authoritative:  # G4: what anybody but the game's own server says earns nothing
            self._rules = tuple(rules)
            self._watch = Watch(self._rules, happened=begun.happened)
            if begun.state is not None:
                self._watch.begin(json.loads(begun.state))
        self._unwritten = Unwritten(live=True)
        self._bucket = bucket
        self._last_message_at = now
        self._end_code = ""
        self._let_go = False

    @property
    def revision(self) -> int:
        """How often the state has changed."""
        return self._state.revision

    def broadcasters(self) -> dict[str, str]:
        """Return all broadcasters that the game server named, and how each stands: live, offline or not linked."""
        standing = dict.fromkeys(self.admission.not_linked, NOT_LINKED)
        standing |= {channel.broadcaster_id: NOT_LINKED for channel in self.admission.channels}
        return standing | {
            channel.broadcaster_id: LIVE if channel.channel_id in self.live else OFFLINE for channel in self.channels
        }

    def count(self, size: int, *, at: float, now: datetime) -> None:
        """Count a message of so many bytes, taken or not."""
        self._last_message_at = now
        self._unwritten.messages += 1
        self._unwritten.received_bytes += size
        if self.write_due_at is None:
            self.write_due_at = write_due(changed_at=at, live=bool(self.live))

    def refuse(self, code: Code, *, now: datetime) -> None:
        """Note that a message was not taken."""
        self._unwritten.refused += 1
        self._unwritten.last_refusal = code
        self._unwritten.last_refused_at = now

    def take_full(self, data: dict[str, Any], *, kind: str, now: datetime) -> list[Match]:
        """Put a full state (``kind`` is connect or refresh) in the place of what was; return what has happened.

        Raises ``Refused``, and then nothing has changed.
        """
        self._state.replace(data)
        self._record(kind, data, now=now)
        return self._look(now, None)

    def take_delta(self, delta: Delta, *, now: datetime) -> list[Match]:
        """Apply a delta that was just read; return what has happened. Raises ``Refused``, and then nothing has changed."""
        self._state.merge(delta.data, read_size=delta.size)
        if self.recorded:
            self._record("delta", delta.data, now=now)
        return self._look(now, delta.data)

    def _look(self, now: datetime, patch: dict[str, Any] | None) -> list[Match]:
        if self._watch is None:
            return []
        matches = self._watch.look(self._state.data, now=now, changed=patch)
        for match in matches:
            if not match.held_back:
                event = NewEvent(campaign_reward_id=match.rule_id, number=match.number, at=now, value=match.value)
                self._unwritten.events.append(event)
        return matches

    def _record(self, kind: str, data: dict[str, Any], *, now: datetime) -> None:
        if self.recorded and len(self._unwritten.lines) < _UNWRITTEN_LINES:
            text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
            self._unwritten.lines.append(RecordedLine(at=now, kind=kind, data=text))

    def use_rules(self, rules: Sequence[EventRule]) -> bool:
        """Go on with the rules that hold now; tell whether they are others. What a new one finds in the state is what was."""
        if self._watch is None or tuple(rules) == self._rules:
            return False
        self._rules = tuple(rules)
        self._watch.use(self._rules, self._state.data, {})
        return True

    def see_live(self, live: frozenset[str], *, at: float) -> bool:
        """Take down which of the channels are live now; tell whether that is news."""
        if live == self.live:
            return False
        self.live = live
        self._note_channels(at)
        return True

    def keep_channels(self, channels: tuple[AdmittedChannel, ...], *, at: float) -> bool:
        """Go on with those channels alone that still may be streamed for; tell whether some are gone."""
        if channels == self.channels:
            return False
        self.channels = channels
        self.live &= {channel.channel_id for channel in channels}
        self._note_channels(at)
        return True

    def _note_channels(self, at: float) -> None:
        self._unwritten.live = True
        due = write_due(changed_at=at, live=True)
        self.write_due_at = due if self.write_due_at is None else min(due, self.write_due_at)

    def want_flush(self) -> None:
        """Have the game server told when all that has come so far is durable."""
        self._unwritten.flushes += 1

    def end(self, code: str) -> None:
        """The session is over."""
        self._end_code = code

    def let_go(self) -> None:
        """The connection is gone; the session waits for another."""
        self._let_go = True

    @property
    def parted(self) -> bool:
        """Whether the connection has done with the session: at most one more write follows."""
        return self.lost or self._let_go or bool(self._end_code)

    def take_write(self) -> tuple[SessionWrite, Unwritten]:
        """Return what is to be written now, and take it for written. What fails is the writer's to try again."""
        taken, self._unwritten = self._unwritten, Unwritten()
        self.write_due_at = None
        state = self._state.as_json()
        write = SessionWrite(
            session_id=self.id,
            connection=self._connection,
            state=state,
            state_bytes=len(state.encode()),
            revision=self._state.revision,
            last_message_at=self._last_message_at,
            messages=taken.messages,
            received_bytes=taken.received_bytes,
            minute=self._bucket.minute,
            minute_messages=self._bucket.messages,
            refused=taken.refused,
            last_refusal=taken.last_refusal,
            last_refused_at=taken.last_refused_at,
            channels=tuple(channel.channel_id for channel in self.channels),
            live=self.live if taken.live else None,
            events=tuple(taken.events),
            end_code=self._end_code,
            let_go=self._let_go,
        )
        return write, taken
