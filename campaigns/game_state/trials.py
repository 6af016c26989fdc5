"""Trying game events against a recorded session before a campaign is published (G4)."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice

from campaigns.game_state.recorded import lines_of
from campaigns.game_state.recording import MOST_MESSAGES
from campaigns.models import Campaign, CampaignReward, EventTrial, GameRecording
from campaigns.rules.game_state.events import EventRule
from campaigns.rules.game_state.looking import Looked, Looker
from campaigns.rules.game_state.replay import Found, play
from portal.ids import new_ulid

SECONDS = 1.5
"""A trial stops after so long, wherever it is: somebody waits for the page."""


@dataclass(slots=True)
class Tried:
    """What one rule found in a recording."""

    rule: EventRule
    found: list[Found] = field(default_factory=list)
    looked: Looked = field(default_factory=Looked)

    @property
    def happened(self) -> list[Found]:
        """What counts: without what was held back."""
        return [one for one in self.found if not one.held_back]

    def held_back(self, why: str) -> int:
        """Count what was held back: by ``cool_down`` or ``per_session``."""
        return sum(one.held_back == why for one in self.found)


@dataclass(slots=True)
class Trial:
    """What rules found in a recording. ``played`` messages of it were read; fewer than ``messages`` where time ran out."""

    recording: GameRecording
    tried: list[Tried]
    messages: int
    played: int = 0
    began_at: datetime | None = None
    ended_at: datetime | None = None

    @property
    def is_whole(self) -> bool:
        """Whether the recording was played to its end."""
        return self.played >= self.messages


def recordings_of(campaign: Campaign) -> list[GameRecording]:
    """Return the recorded sessions of a campaign's games that have messages, the newest first."""
    games = [campaign.game_id, *campaign.further_games.order_by("pk").values_list("game", flat=True)]
    found = GameRecording.objects.filter(game__in=games, messages__gt=0).select_related("session", "game")
    return list(found.order_by("-pk")[:100])


def try_rules(recording: GameRecording, rules: Sequence[EventRule], *, seconds: float = SECONDS) -> Trial:
    """Play a recording, and return what rules find in it, as a gateway would have found it. Two queries.

    Played for at most so many ``seconds``. The rules' paths can be used.
    """
    until = time.monotonic() + seconds
    tried = {rule.id: Tried(rule) for rule in rules}
    lookers = [Looker(rule) for rule in rules]
    trial = Trial(recording, list(tried.values()), messages=recording.lines.count())
    state: dict[str, object] = {}
    for step in play(islice(lines_of(recording), MOST_MESSAGES), rules):
        for match in step.matches:
            line = step.line
            found = Found(line.number, line.at, step.state.revision, match.value, match.held_back)
            tried[match.rule_id].found.append(found)
        for looker in lookers:
            looker.look(step)
        trial.played += 1
        trial.began_at = trial.began_at or step.line.at
        trial.ended_at, state = step.line.at, step.state.data
        if time.monotonic() >= until:
            break
    for one, looker in zip(trial.tried, lookers, strict=True):
        one.looked = looker.finish(state)
    return trial


def event_rows(campaign: Campaign) -> list[CampaignReward]:
    """Return the rewards of a campaign that game events earn, in its order."""
    rows = campaign.rewards.filter(rule=CampaignReward.Rule.GAME_EVENT).select_related("reward")
    return list(rows.order_by("position", "pk"))


def unsaved_row(
    *, path: str, condition: str, value: str, cool_down_seconds: int, per_session: int | None
) -> CampaignReward:
    """Return a game event that is only tried and never stored. ``value`` is JSON."""
    return CampaignReward(
        pk=new_ulid(),
        rule=CampaignReward.Rule.GAME_EVENT,
        event_path=path,
        event_condition=condition,
        event_value=value,
        event_cool_down_seconds=cool_down_seconds,
        event_per_session=per_session,
    )


def note_trial(trial: Trial, rows: Sequence[CampaignReward], *, now: datetime) -> None:
    """Keep for the preflight what came of a trial of a campaign's own rules."""
    by_id = {one.rule.id: one for one in trial.tried}
    notes = [
        EventTrial(
            campaign_reward=row,
            recording=trial.recording,
            tried=mark_of(row),
            tried_at=now,
            happened=len(by_id[row.pk].happened),
        )
        for row in rows
        if row.pk in by_id
    ]
    EventTrial.objects.bulk_create(
        notes,
        update_conflicts=True,
        unique_fields=["campaign_reward"],
        update_fields=["recording", "tried", "tried_at", "happened"],
    )


def mark_of(row: CampaignReward) -> str:
    """Return a mark that changes with what decides whether a game event ever happens."""
    rule = json.dumps([row.event_path, row.event_condition, row.event_value])
    return hashlib.sha256(rule.encode()).hexdigest()
