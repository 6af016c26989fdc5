"""The console sheet: what to type into each platform's console for a campaign, and what to bring back from there."""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from django.contrib import admin
from django.db.models import Prefetch
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from campaigns.admin.console_values import CHANNELS_SHOWN, LABELS, ConsoleValues, RewardSheet, Shown
from campaigns.hooks import CampaignPage
from campaigns.models import (
    Campaign,
    CampaignPlatform,
    Game,
    GameCategory,
    RewardPlatformId,
)
from portal import platforms
from portal.models import PlatformCredential
from portal.next_page import next_page
from portal.organizations import may
from portal.platforms.base import Platform
from portal.platforms.console import Item
from portal.roles import Permission


@dataclass(frozen=True, kw_only=True)
class Sheet:
    """The sheet of one platform. ``missing`` counts the ids that are still to be brought back."""

    platform: Platform
    organization: list[Shown]
    rewards: list[RewardSheet]
    campaign: list[Shown]
    only_here: list[Shown]
    back: list[Shown]
    missing: int
    notes: list[str]
    unknown: list[str]


@require_safe
def sheet_view(request: HttpRequest, campaign: Campaign) -> HttpResponse:
    """Show the sheet of every platform on which the platform itself counts."""
    rows = list(campaign.platforms.order_by("pk"))
    order = list(platforms.keys())
    counted = [row for row in rows if row.counted_by == CampaignPlatform.CountedBy.PLATFORM]
    context: dict[str, Any] = {
        **admin.site.each_context(request),
        "title": _t("Console sheet: %(name)s") % {"name": campaign.name},
        "campaign": campaign,
        "sheets": _sheets(request, campaign, sorted(counted, key=lambda row: order.index(row.platform))),
        "by_portal": [platforms.get(row.platform).name for row in rows if row not in counted],
        "back": next_page(request) or reverse("admin:campaigns_campaign_change", args=[campaign.pk]),
    }
    return TemplateResponse(request, "admin/campaigns/console_sheet.html", context)


def _sheets(request: HttpRequest, campaign: Campaign, rows: list[CampaignPlatform]) -> list[Sheet]:
    ids = Prefetch("reward__platform_ids", RewardPlatformId.objects.order_by("pk"))
    places = list(
        campaign.rewards.select_related("reward", "requires__reward").prefetch_related(ids).order_by("position", "pk")
    )
    categories = _categories(campaign)
    credentials = {
        row.platform: row for row in PlatformCredential.objects.filter(organization=campaign.organization_id)
    }
    sees_webhook = may(request, Permission.MANAGE)
    found = []
    numbers = itertools.count(1)
    for row in rows:
        platform = platforms.get(row.platform)
        values = ConsoleValues(
            campaign=campaign,
            platform=platform,
            places=places,
            categories=categories.get(row.platform, []),
            credential=credentials.get(row.platform),
            channels=_channels(campaign, row.platform),
            sees_webhook=sees_webhook,
        )
        found.append(_numbered(_sheet(values, row), numbers))
    return found


def _sheet(values: ConsoleValues, row: CampaignPlatform) -> Sheet:
    console, back = values.platform.console, _brought_back(values, row)
    webhook = values.platform.check_hints.get(Item.WEBHOOK.value, "") if console.leaves_out(Item.WEBHOOK) else ""
    told = f"{LABELS[Item.WEBHOOK]}: {webhook}" if webhook else ""
    return Sheet(
        platform=values.platform,
        organization=values.organization(),
        rewards=values.rewards(),
        campaign=values.of_campaign(),
        only_here=values.only_here(),
        back=back,
        missing=sum(1 for shown in back if not shown.text),
        notes=[str(note) for note in (*console.notes, told) if note],
        unknown=[str(note) for note in console.unknown],
    )


def _brought_back(values: ConsoleValues, row: CampaignPlatform) -> list[Shown]:
    """Return the ids that the console gives and the portal needs, with where each is entered."""
    words, hints = values.platform.vocabulary, values.platform.id_hints
    page = reverse("admin:campaigns_campaign_change", args=[values.campaign.pk])
    back = [
        Shown(
            label=_t("Id of the %(noun)s") % {"noun": words.campaign},
            text=row.platform_campaign_id,
            hint=str(hints.get("campaign", "")),
            missing=_t("Not entered yet."),
            url=f"{page}#platforms",
        )
    ]
    for place in values.places:
        there = [one.platform_reward_id for one in place.reward.platform_ids.all() if one.platform == row.platform]
        back.append(
            Shown(
                label=_t("Id of the %(noun)s “%(name)s”") % {"noun": words.reward, "name": place.reward.name},
                text=there[0] if there else "",
                hint=str(hints.get("reward", "")),
                missing=_t("Not entered yet."),
                url=reverse("admin:campaigns_reward_change", args=[place.reward.pk]) + "#platform_ids-group",
            )
        )
    return back


def _numbered(sheet: Sheet, numbers: Iterable[int]) -> Sheet:
    """Give every value an id of its own in the page, for the buttons that copy."""
    count = iter(numbers)

    def with_ids(values: list[Shown]) -> list[Shown]:
        return [replace(shown, id=f"value-{next(count)}") for shown in values]

    return replace(
        sheet,
        organization=with_ids(sheet.organization),
        rewards=[replace(reward, values=with_ids(reward.values)) for reward in sheet.rewards],
        campaign=with_ids(sheet.campaign),
        only_here=with_ids(sheet.only_here),
        back=with_ids(sheet.back),
    )


def _categories(campaign: Campaign) -> dict[str, list[tuple[str, str]]]:
    """Return game and category id for each platform: the home game's first, then those whose streams count too."""
    games = [campaign.game_id, *campaign.further_games.order_by("pk").values_list("game", flat=True)]
    names = dict(Game.objects.filter(pk__in=games).values_list("pk", "name"))
    found: dict[str, list[tuple[str, str]]] = defaultdict(list)
    rows = GameCategory.objects.filter(game__in=games).order_by("pk")
    for platform, game, category in sorted(
        rows.values_list("platform", "game", "platform_category_id"), key=lambda row: games.index(row[1])
    ):
        found[platform].append((names[game], category))
    return found


def _channels(campaign: Campaign, platform: str) -> list[tuple[str, str]]:
    """Return login and id of the channels that are listed now on a platform, by their logins: at most one more than is shown."""
    if campaign.scope != Campaign.Scope.ALLOW_LIST:
        return []
    rows = campaign.channels.filter(removed_at=None, channel__platform=platform)
    shown = rows.order_by("channel__login", "channel__platform_channel_id")[: CHANNELS_SHOWN + 1]
    return list(shown.values_list("channel__login", "channel__platform_channel_id"))


PAGES = (CampaignPage("console-sheet/", "console_sheet", sheet_view, _("Console sheet")),)
