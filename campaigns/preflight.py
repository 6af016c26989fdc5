"""The preflight of a campaign (C5): what must be mended before it may be published, and what is worth a look.

Checks are a registry. Each is a function of the campaign and the moment that yields findings; an app adds its own by
decorating them with :func:`check` in a module that its ``AppConfig.ready()`` imports. Errors block, warnings do not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from django.db import models
from django.db.models import Exists, OuterRef, Prefetch, QuerySet, prefetch_related_objects
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from campaigns.models import Campaign, CampaignGame, CampaignPlatform, CampaignReward, CampaignTester
from portal.models import PlatformCredential
from portal.sentences import Sentence


class Level(StrEnum):
    """Whether a finding blocks publishing."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True)
class Finding:
    """One thing to mend: what is wrong and what to do, for the producer.

    ``field`` names what to mend: a field of the campaign's form, or one of its lists (``rewards``, ``platforms``,
    ``channels``). With ``obj``, it is a field of that other object, which has a page of its own; ``missing`` is the
    model of an object that is to be made first.
    """

    level: Level
    code: str
    sentence: Sentence
    fix: Sentence
    field: str = ""
    obj: models.Model | None = None
    missing: type[models.Model] | None = None


Check = Callable[[Campaign, datetime], Iterable[Finding]]

checks: list[Check] = []
"""Every check, in the order in which the page lists what they find."""


def check(function: Check) -> Check:
    """Enter a check; once, however often its module is imported."""
    if function not in checks:
        checks.append(function)
    return function


names: dict[Check, str | Promise] = {}
"""What a checklist calls a check; one without a name is listed only where it finds something."""


applies: dict[Check, Callable[[Campaign, datetime], bool]] = {}
"""When a named check concerns a campaign at all; one that is not here concerns every campaign."""


def named(
    name: str | Promise, *, where: Callable[[Campaign, datetime], bool] | None = None
) -> Callable[[Check], Check]:
    """Name a check for the checklist of :func:`checklist`; goes below :func:`check`.

    ``where`` says whether it concerns a campaign: what does not is no point of its list.
    """

    def name_it(function: Check) -> Check:
        names[function] = name
        if where is not None:
            applies[function] = where
        return function

    return name_it


@dataclass(frozen=True)
class Checked:
    """One line of the checklist: what was looked at, and what was found wrong with it."""

    name: str | Promise
    findings: list[Finding]


def checklist(campaign: Campaign, *, now: datetime) -> list[Checked]:
    """Return what every named check found that concerns the campaign, nothing included, and what the others found.

    In the order of the checks.
    """
    fresh = read_for_checks(campaign.pk)
    lines = [Checked(names.get(function, _("Besides")), list(function(fresh, now))) for function in checks]
    return [
        line for line, function in zip(lines, checks, strict=True) if line.findings or _concerns(function, fresh, now)
    ]


def _concerns(function: Check, campaign: Campaign, now: datetime) -> bool:
    return function in names and (function not in applies or applies[function](campaign, now))


def preflight(campaign: Campaign, *, now: datetime) -> list[Finding]:
    """Return what all checks find: errors first, each level in the order of the checks.

    Reads the campaign and its lists afresh, so that publishing judges the stored state.
    """
    return look_through(read_for_checks(campaign.pk), now=now)


def look_through(campaign: Campaign, *, now: datetime) -> list[Finding]:
    """Return the same of a campaign that was just read, for a page that shows its lists too and reads them only once."""
    _read_for_checks(campaign)
    found = [finding for function in checks for finding in function(campaign, now)]
    return sorted(found, key=lambda finding: finding.level is not Level.ERROR)


def errors(findings: Iterable[Finding]) -> list[Finding]:
    """Return the findings that block."""
    return [finding for finding in findings if finding.level is Level.ERROR]


def read_for_checks(campaign_id: str) -> Campaign:
    """Read a campaign with all that checks share; what a check alone looks at, it reads itself."""
    fresh = Campaign.objects.select_related("organization", "game").get(pk=campaign_id)
    _read_for_checks(fresh)
    return fresh


def platform_rows() -> QuerySet[CampaignPlatform]:
    """Return platforms of campaigns in their order.

    Each with ``connected``: whether its organization has a credential for it, and ``tested``: whether the campaign has a tester there.
    """
    own = PlatformCredential.objects.filter(
        organization=OuterRef("organization"), platform=OuterRef("platform"), enabled=True
    )
    testers = CampaignTester.objects.filter(campaign=OuterRef("campaign"), platform=OuterRef("platform"))
    return CampaignPlatform.objects.annotate(connected=Exists(own), tested=Exists(testers)).order_by("pk")


def read_lists(campaign: Campaign) -> None:
    """Read the lists of a campaign in their order, with what is told of each row. A list that was read stays as it is."""
    rewards = CampaignReward.objects.select_related("reward", "requires__reward", "trial").order_by("position", "pk")
    prefetch_related_objects(
        [campaign],
        Prefetch("rewards", rewards),
        Prefetch("platforms", platform_rows()),
        Prefetch("further_games", CampaignGame.objects.select_related("game").order_by("pk")),
    )


def _read_for_checks(campaign: Campaign) -> None:
    read_lists(campaign)
    prefetch_related_objects([campaign], "rewards__reward__platform_ids")
