"""Saving a campaign: what C6 locks is refused here, beneath whatever form or API the change came through."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from campaigns.hooks import call_claims_may_resolve
from campaigns.models import Campaign, CampaignReward
from campaigns.preflight import Finding, errors, preflight
from campaigns.publishing import set_derived_times
from campaigns.rules.edits import LockedChange, locked_changes
from portal import audit
from portal.models import User
from portal.sentences import Sentence

WATCHED = (
    "game",
    "time_zone",
    "starts_at",
    "ends_at",
    "grace_days",
    "announcement_days",
    "test_mode",
    "scope",
    "per_player_limit",
)
"""The campaign's own fields that C6 has something to say about."""

EVENT_FIELDS = (
    "event_name",
    "event_path",
    "event_condition",
    "event_value",
    "event_cool_down_seconds",
    "event_per_session",
)
"""What a reward's rule is made of besides, where it is a game event."""

CLAIMS_CARE_ABOUT = frozenset({*WATCHED, "games", "rewards", "limits", "platforms", "platform_campaign_ids", "testers"})
"""What can change the outcome of claims that were not sent yet."""


class EditRefused(Exception):
    """Changes that are locked, or that a published campaign cannot have; ``changes`` name field and sentence."""

    def __init__(self, changes: Iterable[LockedChange]) -> None:
        self.changes = list(changes)
        super().__init__(" ".join(str(change.sentence) for change in self.changes))


def state_of(campaign: Campaign) -> dict[str, Any]:
    """Return what the rules of C6 compare: the watched fields, and the lists as comparable values."""
    return {
        **{name: getattr(campaign, _column(name)) for name in WATCHED},
        "games": frozenset(campaign.further_games.values_list("game_id", flat=True)),
        "rewards": frozenset(
            campaign.rewards.values_list("reward_id", "rule", "minutes", *EVENT_FIELDS, "requires__reward_id")
        ),
        "limits": frozenset(campaign.rewards.values_list("reward_id", "limit_total", "limit_per_day", "at_limit")),
        "platforms": frozenset(campaign.platforms.values_list("platform", "counted_by")),
        "platform_campaign_ids": frozenset(campaign.platforms.values_list("platform", "platform_campaign_id")),
        "testers": frozenset(campaign.testers.values_list("platform", "platform_user_id")),
    }


def _column(name: str) -> str:
    """Return the attribute that holds a field's stored value: for a foreign key the id."""
    return next(field.attname for field in Campaign._meta.concrete_fields if field.name == name)


def check_edit(
    *, before: dict[str, Any], after: dict[str, Any], campaign: Campaign, now: datetime
) -> list[LockedChange]:
    """Return which changes are locked in the phase that ``campaign``, as stored before, is in now (C6)."""
    return locked_changes(before, after, phase=campaign.phase(now), now=now)


def save_campaign(
    *,
    campaign: Campaign,
    changed: Iterable[str],
    actor: User | None,
    now: datetime,
    write_lists: Callable[[], None] = lambda: None,
    reason: str = "",
) -> Campaign:
    """Store the named fields of ``campaign`` and, through ``write_lists``, its lists; or nothing at all.

    The stored row is locked first and compared with the outcome, so it does not matter what the editor saw when the
    page was opened. Only the named fields are written: a publication meanwhile is not undone. Announcement and
    closing time are worked out anew (C3). The campaign is created when it is not stored yet.

    Raises:
        EditRefused: a locked change (C6), or an error that a published campaign did not have before (C5).
    """
    with transaction.atomic():
        stored = Campaign.objects.select_for_update(of=("self",)).filter(pk=campaign.pk).first()
        if stored is None:
            set_derived_times(campaign)
            campaign.save(force_insert=True)
            write_lists()
            _record(campaign, "added", actor, {}, reason, now)
            return campaign
        before, trail = state_of(stored), _trail(stored)
        standing = _errors_if_published(stored, now)
        was = stored.phase(now)
        _write(stored, campaign, list(changed), write_lists)
        stored.refresh_from_db()
        after = state_of(stored)
        locked = locked_changes(before, after, phase=was, now=now)
        locked += _new_errors(standing, _errors_if_published(stored, now))
        if locked:
            raise EditRefused(locked)
        _record(stored, "changed", actor, trail, reason, now)
        if any(before[name] != after[name] for name in CLAIMS_CARE_ABOUT):
            call_claims_may_resolve(organization_id=stored.organization_id)
    return stored


def _write(stored: Campaign, edited: Campaign, changed: list[str], write_lists: Callable[[], None]) -> None:
    for name in changed:
        setattr(stored, _column(name), getattr(edited, _column(name)))
    set_derived_times(stored)
    try:
        with transaction.atomic():
            stored.save(update_fields=[*changed, "announces_at", "closes_at"])
    except IntegrityError as error:
        if "campaign_published_has_dates" not in str(error):
            raise
        sentence = Sentence(_("A published campaign needs a start and an end after it."))
        raise EditRefused([LockedChange("ends_at", sentence)]) from error
    write_lists()


def _errors_if_published(campaign: Campaign, now: datetime) -> list[Finding]:
    return errors(preflight(campaign, now=now)) if campaign.status == Campaign.Status.PUBLISHED else []


def _new_errors(before: list[Finding], after: list[Finding]) -> list[LockedChange]:
    known = {str(finding.sentence) for finding in before}
    return [
        LockedChange(
            "" if finding.obj else finding.field,
            Sentence(
                _("The campaign is published, and this would be an error in it: %(error)s %(fix)s"),
                {"error": finding.sentence, "fix": finding.fix},
            ),
        )
        for finding in after
        if str(finding.sentence) not in known
    ]


def _trail(campaign: Campaign) -> dict[str, Any]:
    """Return what the audit trail keeps of a campaign: its columns, and its lists in words (S5)."""
    rewards = campaign.rewards.select_related("reward", "requires__reward").order_by("position", "id")
    return {
        **audit.snapshot(campaign),
        "further games": "; ".join(
            row.game.name for row in campaign.further_games.select_related("game").order_by("id")
        ),
        "rewards": "; ".join(
            f"{row.reward.name}: {_rule(row)}" + (f", after {row.requires.reward.name}" if row.requires else "")
            for row in rewards
        ),
        "platforms": "; ".join(
            f"{row.platform}: counted by {row.counted_by}, id {row.platform_campaign_id or '–'}"
            for row in campaign.platforms.order_by("id")
        ),
        "testers": "; ".join(f"{row.platform} {row.platform_user_id}" for row in campaign.testers.order_by("id")),
    }


def _rule(row: CampaignReward) -> str:
    """Return a reward's rule with all that decides; in English, as all of the trail."""
    limits = _limits(row)
    if row.rule != CampaignReward.Rule.GAME_EVENT:
        return f"{row.rule} {row.minutes}{limits}"
    event = f"{row.event_path} {row.event_condition} {row.event_value}" if row.event_path else "incomplete"
    held_back = f"cool-down {row.event_cool_down_seconds} s, per session {row.event_per_session or 'any'}"
    return f"{row.rule} {row.event_name} ({event}, {held_back}){limits}"


def _limits(row: CampaignReward) -> str:
    if row.limit_total is None and row.limit_per_day is None:
        return ""
    total, per_day = (row.limit_total or "any", row.limit_per_day or "any")
    return f", limits {total} in all, {per_day} a day, {row.at_limit}"


def _record(
    campaign: Campaign, action: str, actor: User | None, before: dict[str, Any], reason: str, now: datetime
) -> None:
    after = _trail(campaign)
    if before == after:
        return
    if not before:
        after = {name: value for name, value in after.items() if value not in ("", None)}
    audit.record(
        actor=actor,
        action=action,
        obj=campaign,
        organization=campaign.organization,
        before=before,
        after=after,
        reason=reason,
        now=now,
    )
