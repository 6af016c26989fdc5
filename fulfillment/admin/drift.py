"""What claims wait for because the portal does not know it: the list of groups, and the ways out of each (F2, S1)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from campaigns.admin.campaign_header import PHASE_NAMES
from campaigns.models import Campaign, GameCategory, Reward
from fulfillment.admin.drift_confirm import confirm_view
from fulfillment.admin.drift_words import MEANINGS, WORDS, WayWords, asked_key, counted, group_address, id_label
from fulfillment.admin.words import REASON_NAMES, ago, sees_people, utc
from fulfillment.drift import choices as offered
from fulfillment.drift.groups import PLACES_READ, Group, group_of, unmapped_groups
from fulfillment.drift.ways import PERMISSIONS, Way, ways_of
from portal import platforms
from portal.admin_pages import AdminPage
from portal.models import Organization
from portal.organizations import active_organization, may
from portal.roles import Permission


@require_safe
def groups_view(request: HttpRequest) -> HttpResponse:
    """List the groups, those with most claims first."""
    organization = _organization(request)
    found = unmapped_groups(organization.pk)
    games = _games(organization, found.rows)
    context: dict[str, Any] = {
        **admin.site.each_context(request),
        "title": _t("Unmapped claims"),
        "rows": [_row(request, group, games, number) for number, group in enumerate(found.rows, start=1)],
        "more": found.more,
        "read": PLACES_READ,
        "sees_people": sees_people(request),
        "may_map": may(request, Permission.MEND),
    }
    return TemplateResponse(request, "admin/fulfillment/drift.html", context)


def _games(organization: Organization, groups: list[Group]) -> dict[tuple[str, str], str]:
    ids = {group.category_id for group in groups if group.category_id}
    rows = GameCategory.objects.filter(organization=organization, platform_category_id__in=ids)
    return {(row[0], row[1]): row[2] for row in rows.values_list("platform", "platform_category_id", "game__name")}


def _row(request: HttpRequest, group: Group, games: dict[tuple[str, str], str], number: int = 1) -> dict[str, Any]:
    key = group.key
    return {
        "dom_id": f"id-{number}",
        "what": REASON_NAMES[key.code],
        "platform": platforms.get(key.platform).name,
        "id_label": id_label(key),
        "id": key.platform_id,
        "external_id": group.external_id,
        "category_id": group.category_id,
        "game": games.get((key.platform, group.category_id), ""),
        "claims": counted(group),
        "since": utc(group.first_at),
        "last": ago(group.last_at),
        "sample_url": reverse("admin:fulfillment_claim_change", args=[group.sample_id]) if sees_people(request) else "",
        "map_url": group_address(key),
    }


@require_safe
def group_view(request: HttpRequest) -> HttpResponse:
    """Show one group with the ways out of it; each first counts what would follow."""
    organization = _organization(request, Permission.MEND)
    key = asked_key(request)
    group = group_of(organization.pk, key)
    known = offered.known_of(organization, group) if group else None
    now = timezone.now()
    context: dict[str, Any] = {
        **admin.site.each_context(request),
        "title": _t("Map: %(what)s on %(platform)s")
        % {"what": REASON_NAMES[key.code], "platform": platforms.get(key.platform).name},
        "back": reverse("admin:drift"),
        "group": group,
        "row": _row(request, group, _games(organization, [group])) if group else None,
        "known": known,
        "meaning": MEANINGS[key.code],
        "key": key,
        "ways": [_way(request, organization, group, known, way, now=now) for way in ways_of(key)]
        if group and known
        else [],
    }
    return TemplateResponse(request, "admin/fulfillment/drift_group.html", context)


@dataclass(frozen=True)
class Option:
    """One entry of a choice: its value and text; ``problem`` says why it cannot be chosen, ``url`` leads to its page."""

    value: str
    text: str
    problem: str = ""
    url: str = ""


@dataclass(frozen=True)
class ShownWay:
    """One way out as the page offers it."""

    way: Way
    words: WayWords
    options: list[Option]
    impossible: list[Option]
    allowed: bool
    new_url: str


def _way(
    request: HttpRequest, organization: Organization, group: Group, known: offered.Known, way: Way, *, now: datetime
) -> ShownWay:
    options: list[Option]
    if way in (Way.MAP_REWARD, Way.ASSIGN_REWARD):
        rewards = (
            offered.reward_choices(organization, group, known)
            if way is Way.MAP_REWARD
            else offered.rewards_to_assign(organization, group, known)
        )
        options = [_reward_option(choice) for choice in rewards]
        new_url = reverse("admin:campaigns_reward_add") if way is Way.MAP_REWARD else ""
    else:
        campaigns = _campaigns(way, organization, group, known, now)
        options = [_campaign_option(choice, now) for choice in campaigns]
        new_url = reverse("admin:campaigns_campaign_add") if way is Way.MAP_CAMPAIGN else ""
    return ShownWay(
        way=way,
        words=WORDS[way],
        options=[option for option in options if not option.problem],
        impossible=[option for option in options if option.problem],
        allowed=may(request, PERMISSIONS[way]),
        new_url=new_url if may(request, Permission.EDIT_CAMPAIGNS) else "",
    )


def _campaigns(
    way: Way, organization: Organization, group: Group, known: offered.Known, now: datetime
) -> list[offered.CampaignChoice]:
    if way is Way.MAP_CAMPAIGN:
        return offered.campaign_choices(organization, group, known, now=now)
    if way is Way.ADD_REWARD:
        return offered.campaigns_for_reward(organization, group, known, now=now)
    return offered.campaigns_to_assign(organization, group, known)


def _reward_option(choice: offered.RewardChoice) -> Option:
    reward: Reward = choice.reward
    told = f"{reward.name} ({reward.game})"
    if reward.external_id:
        told = f"{told} · {reward.external_id}"
    return Option(
        value=reward.pk,
        text=_suggested(told, choice.hint),
        problem=str(choice.problem or ""),
        url=reverse("admin:campaigns_reward_change", args=[reward.pk]),
    )


def _campaign_option(choice: offered.CampaignChoice, now: datetime) -> Option:
    campaign: Campaign = choice.campaign
    parts = [campaign.name, str(PHASE_NAMES[campaign.phase(now)])]
    if campaign.starts_at and campaign.ends_at:
        parts.append(f"{campaign.starts_at:%Y-%m-%d %H:%M} – {campaign.ends_at:%Y-%m-%d %H:%M} UTC")
    return Option(
        value=campaign.pk,
        text=_suggested(" · ".join(parts), choice.hint),
        problem=str(choice.problem or ""),
        url=reverse("admin:campaigns_campaign_change", args=[campaign.pk]),
    )


def _suggested(text: str, hint: Any) -> str:
    return _t("%(text)s — suggested: %(why)s") % {"text": text, "why": hint} if hint else text


def _organization(request: HttpRequest, permission: Permission = Permission.SEE_CAMPAIGNS) -> Organization:
    organization = active_organization(request)
    if organization is None or not may(request, permission):
        raise PermissionDenied
    return organization


PAGES = (
    AdminPage("drift/", "drift", groups_view, Permission.SEE_CAMPAIGNS, _("Unmapped claims"), "rule"),
    AdminPage("drift/map/", "drift_map", group_view, Permission.MEND),
    AdminPage("drift/confirm/", "drift_confirm", confirm_view, Permission.MEND),
)
