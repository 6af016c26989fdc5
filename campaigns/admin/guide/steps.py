"""The steps of the guide, where a campaign stands in them, and where each finding of the preflight is mended."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from campaigns.admin.campaign_header import ShownFinding, shown_finding
from campaigns.models import Campaign, Reward
from campaigns.preflight import Checked, Finding, checklist
from campaigns.rules.edits import is_locked
from portal.next_page import with_next, with_query


class Step(StrEnum):
    """The steps in their order; the values stand in addresses."""

    BASICS = "what-and-when"
    WHERE = "where"
    REWARDS = "rewards"
    CHECK = "check"


TITLES: dict[Step, str | Promise] = {
    Step.BASICS: _("What and when"),
    Step.WHERE: _("Where"),
    Step.REWARDS: _("Rewards"),
    Step.CHECK: _("Check and publish"),
}

_WHERE_FIELDS = frozenset({"platforms", "scope", "test_mode", "channels"})
_WHOLE_PAGE_FIELDS = frozenset({"testers", "further_games"})
_ORDER = list(Step)


@dataclass(frozen=True)
class ShownStep:
    """One entry of the list of steps; without an address until the campaign is stored."""

    number: int
    title: str | Promise
    url: str
    is_current: bool
    errors: int


@dataclass(frozen=True)
class ShownCheck:
    """One line of the checklist."""

    name: str | Promise
    findings: list[ShownFinding]

    @property
    def blocks(self) -> bool:
        """Whether something of it must be mended before publishing."""
        return any(shown.is_error for shown in self.findings)


def may_be_guided(campaign: Campaign, *, now: datetime) -> bool:
    """Say whether all that the steps ask for can still be changed (C6)."""
    return not is_locked("rewards", phase=campaign.phase(now), ends_at=campaign.ends_at, now=now)


def step_url(campaign: Campaign, step: Step) -> str:
    """Return a step's address."""
    return reverse("admin:campaigns_campaign_guide", args=[campaign.pk, step.value])


def neighbours(step: Step) -> tuple[Step | None, Step | None]:
    """Return the step before and the step after."""
    at = _ORDER.index(step)
    return (_ORDER[at - 1] if at else None), (_ORDER[at + 1] if at + 1 < len(_ORDER) else None)


def resumed_at(campaign: Campaign, *, now: datetime) -> Step:
    """Return the first step in which something is missing; the last where nothing is."""
    missing = _errors(checklist(campaign, now=now))
    return next((step for step in Step if missing.get(step)), Step.CHECK)


def shown_steps(campaign: Campaign | None, current: Step, checked: Iterable[Checked] = ()) -> list[ShownStep]:
    """Return the list of steps, each with the number of errors that are mended there."""
    missing = _errors(checked)
    return [
        ShownStep(
            number,
            TITLES[step],
            step_url(campaign, step) if campaign is not None else "",
            step is current,
            missing.get(step, 0),
        )
        for number, step in enumerate(Step, start=1)
    ]


def shown_checks(campaign: Campaign, checked: Iterable[Checked]) -> list[ShownCheck]:
    """Return the checklist, each finding with the address of the step, or the page, that mends it."""
    places = dict(campaign.rewards.values_list("reward", "pk"))
    return [ShownCheck(line.name, [_shown(campaign, finding, places) for finding in line.findings]) for line in checked]


def _errors(checked: Iterable[Checked]) -> dict[Step, int]:
    found: dict[Step, int] = {}
    for line in checked:
        for finding in line.findings:
            step = _step_of(finding)
            if step is not None and finding.level == "error":
                found[step] = found.get(step, 0) + 1
    return found


def _step_of(finding: Finding) -> Step | None:
    """Return the step in which a finding is mended; None where another page does it."""
    if isinstance(finding.obj, Reward) or (finding.field == "rewards" and finding.obj is None):
        return Step.REWARDS
    if finding.obj is not None or finding.missing is not None or finding.field in {"", *_WHOLE_PAGE_FIELDS}:
        return None
    return Step.WHERE if finding.field in _WHERE_FIELDS else Step.BASICS


def _shown(campaign: Campaign, finding: Finding, places: dict[str, str]) -> ShownFinding:
    shown, step, here = shown_finding(finding), _step_of(finding), step_url(campaign, Step.CHECK)
    if step is None:
        return replace(shown, url=_elsewhere(campaign, finding, shown.url, here))
    anchor = f"#id_{finding.field}{'_0' if finding.field in ('starts_at', 'ends_at') else ''}"
    query = ""
    if step is Step.WHERE:
        anchor = f"#{finding.field}"
    elif step is Step.REWARDS:
        place = places.get(str(finding.obj.pk)) if finding.obj is not None else None
        query, anchor = (with_next(f"?edit={place}", here), "#the-reward") if place else ("", "#guide-title")
    return replace(shown, url=f"{step_url(campaign, step)}{query}{anchor}", tab="", target="")


def _elsewhere(campaign: Campaign, finding: Finding, url: str, here: str) -> str:
    """Return the address of a page beyond the guide, which leads back to it; what is to be made there is for the campaign's game."""
    if finding.field in _WHOLE_PAGE_FIELDS:
        url = reverse("admin:campaigns_campaign_change", args=[campaign.pk]) + url
    if not url.startswith("/"):
        return url
    if finding.missing is not None and any(field.name == "game" for field in finding.missing._meta.fields):
        url = with_query(url, {"game": campaign.game_id})
    return with_next(url, here)
