"""What may still be changed in a campaign (C6)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from campaigns.rules.phases import Phase
from portal.sentences import Sentence


@dataclass(frozen=True)
class LockedChange:
    """A change that may no longer be made: the field, and why, for people."""

    field: str
    sentence: Sentence


def locked_changes(
    before: Mapping[str, object],
    after: Mapping[str, object],
    *,
    phase: Phase,
    now: datetime,
) -> list[LockedChange]:
    """The changes between `before` and `after` that C6 does not allow in this phase."""
    return []
