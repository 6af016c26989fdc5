"""A campaign's game event in words: for viewers, and for staff with all that decides (G4)."""

from __future__ import annotations

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from campaigns.models import CampaignReward

WHEN_IT_IS_ENOUGH = gettext_lazy("Watching in the minute it happens, or shortly before, is enough.")
"""What viewers ask of an event: whether they must watch at that very second (G4: that minute or the two before)."""

HELD_BACK = {
    "cool_down": gettext_lazy("the cool-down was not over"),
    "per_session": gettext_lazy("it had happened as often as it may in a session"),
}
"""Why an event that was found did not count (:class:`campaigns.rules.game_state.events.Match`)."""

Condition = CampaignReward.EventCondition


def rule_for_staff(row: CampaignReward) -> str:
    """Return a reward's rule, whatever its kind."""
    minutes = f"{row.minutes or 0:,}"
    if row.rule == CampaignReward.Rule.WATCH:
        return _("watch %(minutes)s minutes") % {"minutes": minutes}
    if row.rule == CampaignReward.Rule.BROADCAST:
        return _("broadcast %(minutes)s minutes") % {"minutes": minutes}
    return _("game event “%(name)s”: %(event)s") % {"name": row.event_name, "event": event_for_staff(row)}


def event_for_staff(row: CampaignReward) -> str:
    """Return where a game event is looked for and when it has happened: ``$.boss.state changes to "dead"``.

    For one that has a name alone, that it is incomplete.
    """
    if not row.event_path:
        return _("neither where nor when it happens is said yet")
    told = {
        Condition.EQUALS.value: _("%(path)s is %(value)s"),
        Condition.CHANGES_TO.value: _("%(path)s changes to %(value)s"),
        Condition.RISES_ABOVE.value: _("%(path)s rises above %(value)s"),
        Condition.APPEARS_IN.value: _("the list at %(path)s gets %(value)s"),
    }[row.event_condition]
    parts = [told % {"path": row.event_path, "value": row.event_value}, *event_limits(row)]
    return ", ".join(parts)


def event_limits(row: CampaignReward) -> list[str]:
    """Return what holds a game event back, one by one."""
    limits = []
    if row.event_cool_down_seconds:
        limits.append(_("not again for %(seconds)s seconds") % {"seconds": f"{row.event_cool_down_seconds:,}"})
    if row.event_per_session:
        limits.append(_("at most %(count)s per session") % {"count": f"{row.event_per_session:,}"})
    return limits


def event_for_viewers(row: CampaignReward) -> str:
    """Return what earns the reward, without a full stop."""
    return _("Watch while this happens in the game: %(event)s") % {"event": row.event_name}
