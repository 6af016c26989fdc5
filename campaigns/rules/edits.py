"""What may still be changed in a campaign, and until when (C6).

Each row says from which phase on a field is judged how; what has no row is fixed once live, so that a new
field is locked until somebody decides otherwise.

- Drafts and campaigns that are not live yet (scheduled, announced) are free.
- Live and grace: the end may be put later as long as it has not passed, never earlier, since viewers were
  promised the time they have; grace may only grow, for the same reason. The zone is fixed with the start,
  because closing is counted in it. Announcement days are over. The platform's id of the campaign may be
  mended: a wrong one quarantines claims, and it changes nothing that viewers were told. The limits of rewards may be
  raised, and lowered: what was given stays given, and nothing more goes out until there is room.
- Closed and cancelled: texts only. Nothing counts any more, so nothing else has an effect.
- Status and the pause of deliveries are moves of their own with their own permissions, and the announcement
  and closing times follow from the rest: none of them is judged here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext_lazy as _

from campaigns.rules.phases import Phase
from portal.sentences import Sentence


@dataclass(frozen=True)
class LockedChange:
    """A change that may no longer be made: the field, and why, for people."""

    field: str
    sentence: Sentence


TEXTS = frozenset({"name", "description", "info_url", "connection_url"})
"""May be changed whatever the phase."""

WHILE_IT_RUNS = frozenset({"channels", "testers", "platform_campaign_ids", "limits"})
"""May be changed until the campaign is closed or cancelled."""

NOT_JUDGED = frozenset(
    {
        "status",
        "deliveries_paused",
        "announces_at",
        "closes_at",
        "published_at",
        "cancelled_at",
        "created_at",
        "updated_at",
    }
)

_FREE_PHASES = frozenset({Phase.DRAFT, Phase.SCHEDULED, Phase.ANNOUNCED})
_OVER = {
    Phase.CLOSED: _("The campaign is closed: only its texts can still be changed."),
    Phase.CANCELLED: _("The campaign is cancelled: only its texts can still be changed."),
}
_FIXED = _("This is fixed since the campaign went live. Clone the campaign to run it differently.")


def locked_changes(
    before: Mapping[str, object],
    after: Mapping[str, object],
    *,
    phase: Phase,
    now: datetime,
) -> list[LockedChange]:
    """The changes between `before` and `after` that may not be made in this phase, in the order of `after`.

    `phase` is that of the campaign as stored (`before`). The mappings hold comparable values by field name:
    times aware, `channels`, `testers`, `games`, `rewards` and `platforms` as anything that is equal when
    nothing was changed. A field that only one of them names is not judged.
    """
    found = []
    for field in after:
        if field not in before or after[field] == before[field]:
            continue
        sentence = _reason(field, before[field], after[field], phase, now)
        if sentence is not None:
            found.append(LockedChange(field, sentence))
    return found


def is_locked(field: str, *, phase: Phase, ends_at: datetime | None, now: datetime) -> bool:
    """Whether no change of the field is possible any more, so that a form shows it as fixed."""
    if phase in _FREE_PHASES or field in TEXTS or field in NOT_JUDGED:
        return False
    if phase in _OVER:
        return True
    if field == "ends_at":
        return ends_at is not None and ends_at <= now
    return field not in WHILE_IT_RUNS and field != "grace_days"


def _reason(field: str, before: object, after: object, phase: Phase, now: datetime) -> Sentence | None:
    if phase in _FREE_PHASES or field in TEXTS or field in NOT_JUDGED:
        return None
    if phase in _OVER:
        return Sentence(_OVER[phase])
    if field in WHILE_IT_RUNS:
        return None
    return _JUDGED.get(field, _fixed)(before, after, now)


def _fixed(before: object, after: object, now: datetime) -> Sentence | None:
    return Sentence(_FIXED)


def _end(before: object, after: object, now: datetime) -> Sentence | None:
    if isinstance(before, datetime) and before <= now:
        return Sentence(_("The campaign has ended, so its end can no longer be moved."))
    if not isinstance(before, datetime) or not isinstance(after, datetime) or after < before:
        return Sentence(_("The campaign is live: its end can be put later, but not earlier."))
    return None


def _grace(before: object, after: object, now: datetime) -> Sentence | None:
    if isinstance(before, int) and isinstance(after, int) and after > before:
        return None
    return Sentence(_("The campaign is live: the grace days can be increased, but not reduced."))


_JUDGED: Mapping[str, Callable[[object, object, datetime], Sentence | None]] = {
    "ends_at": _end,
    "grace_days": _grace,
}
