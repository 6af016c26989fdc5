"""The steps of setting up as people read them: the portal's own first, then each platform's guide, judged by what was seen."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from django.db.models import Exists
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from campaigns.models import Campaign, GameCategory, Reward
from fulfillment.models import Claim, Endpoint
from fulfillment.rules.states import DONE
from fulfillment.set_up.reading import PlatformSeen, Seen
from fulfillment.set_up.words import NAMES, mended_at
from portal.models import Organization, PlatformCredential
from portal.platforms.base import Platform
from portal.platforms.console import Item
from portal.platforms.guide import Sign
from portal.roles import Permission

Allowed = Callable[[Permission], bool]


class Standing(StrEnum):
    """How far a step is."""

    DONE = "done"
    BEGUN = "begun"
    OPEN = "open"


@dataclass(frozen=True, slots=True)
class Point:
    """One thing that is seen or not seen of a step, and where it comes about."""

    name: str | Promise
    seen: Seen
    url: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step. ``values`` are what the platform's pages ask for; ``optional`` says when it can be left out."""

    title: str | Promise
    text: str | Promise = ""
    points: tuple[Point, ...]
    values: tuple[Item, ...] = ()
    optional: str | Promise = ""

    @property
    def standing(self) -> Standing:
        """How far it is: done once everything was seen, begun once anything was."""
        seen = [point.seen.done for point in self.points]
        if all(seen):
            return Standing.DONE
        return Standing.BEGUN if any(seen) else Standing.OPEN


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """The steps of the portal itself, ``platform`` None, or of one platform. ``begun``: somebody has entered something."""

    platform: Platform | None = None
    credential: PlatformCredential | None = None
    begun: bool = True
    steps: list[Step] = field(default_factory=list)

    @property
    def needed(self) -> list[Step]:
        """The steps that cannot be left out."""
        return [step for step in self.steps if not step.optional]

    @property
    def done(self) -> int:
        """How many of those are done."""
        return sum(step.standing is Standing.DONE for step in self.needed)


def own_steps(organization: Organization, games: Sequence[str], *, allowed: Allowed) -> Part:
    """Return what a new organization does in the portal, in the order in which each needs the one before."""
    return Part(steps=list(_own_steps(organization, games, allowed)))


def _own_steps(organization: Organization, games: Sequence[str], allowed: Allowed) -> Iterator[Step]:
    there = _own_signs(organization, games)
    edits, manages = allowed(Permission.EDIT_CAMPAIGNS), allowed(Permission.MANAGE)
    yield Step(
        title=_("The organization is enabled"),
        text=_("The portal's administrator does this. Everything can be prepared before; publishing waits for it."),
        points=(Point(_("enabled"), Seen(organization.enabled)),),
    )
    yield Step(
        title=_("A game with its category"),
        text=_("The category's id on each platform ties claims and streams to the game."),
        points=(
            Point(_("a game"), Seen(bool(games)), _page("campaigns_game", bool(games), edits)),
            Point(_("its category on a platform"), Seen(there.category), _page("campaigns_game", bool(games), edits)),
        ),
    )
    yield Step(
        title=_("How the game gets its rewards"),
        text=_("An address to send each reward to, with a test; or the game fetches them itself."),
        points=(
            Point(
                _("an endpoint is switched on"),
                Seen(there.endpoint),
                _page("fulfillment_endpoint", there.endpoint, manages),
            ),
        ),
    )
    yield Step(
        title=_("A reward with its image"),
        points=(
            Point(
                _("a reward with an image"),
                Seen(there.reward),
                _page("campaigns_reward", there.reward, edits),
            ),
        ),
    )
    campaigns = list(Campaign.objects.filter(organization=organization).order_by().values_list("status").distinct())
    published = any(status != Campaign.Status.DRAFT for (status,) in campaigns)
    page = _page("campaigns_campaign", bool(campaigns), edits)
    yield Step(
        title=_("The first campaign"),
        points=(
            Point(_("a campaign"), Seen(bool(campaigns)), page),
            Point(_("published"), Seen(published), reverse("admin:campaigns_campaign_changelist")),
        ),
    )
    yield Step(
        title=_("The first delivery"),
        text=_("Try it with a campaign in test mode: the portal makes the platform's messages itself."),
        points=(
            Point(
                _("a reward was delivered"),
                Seen(there.delivered),
                reverse("admin:simulate") if edits else "",
            ),
        ),
    )


def _own_signs(organization: Organization, games: Sequence[str]) -> Any:
    """Return the organization with what is there of it, asked in one query."""
    mine = Claim.objects.filter(organization=organization, state__in=sorted(DONE))
    return Organization.objects.annotate(
        category=Exists(GameCategory.objects.filter(game__in=games)),
        endpoint=Exists(Endpoint.objects.filter(game__in=games, enabled=True)),
        reward=Exists(Reward.objects.filter(game__in=games).exclude(image="")),
        delivered=Exists(mine),
    ).get(pk=organization.pk)


def _page(model: str, exists: bool, allowed: bool) -> str:
    """Return the list of what exists, or where the first is added, for whom may add it."""
    if exists:
        return reverse(f"admin:{model}_changelist")
    return reverse(f"admin:{model}_add") if allowed else ""


def platform_part(found: PlatformSeen, *, link_page: str, allowed: Allowed) -> Part:
    """Return a platform's guide, step by step, with what was seen of each."""

    def points(signs: tuple[Sign, ...]) -> tuple[Point, ...]:
        return tuple(
            Point(
                NAMES[sign],
                found.signs[sign],
                mended_at(sign, found.credential, link_page=link_page, allowed=allowed),
            )
            for sign in signs
        )

    steps = [
        Step(title=step.title, text=step.text, points=points(step.signs), values=step.values, optional=step.optional)
        for step in found.platform.guide
    ]
    return Part(platform=found.platform, credential=found.credential, begun=found.begun, steps=steps)
