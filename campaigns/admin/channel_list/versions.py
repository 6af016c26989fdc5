"""The versions of an allow-list: who changed what, when and why; any two compared; and the way back to one (C7)."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.translation import gettext as _t
from django.views.decorators.http import require_POST, require_safe

from campaigns.admin.channel_list.importing import Row
from campaigns.admin.channel_list.listing import address, context_of, may_change
from campaigns.admin.channel_list.paging import Choice, address_with, asked_for, paged
from campaigns.admin.channel_list.words import made_by
from campaigns.channel_lists.versions import channels_by_id, compare, content_of, propose_restore
from campaigns.models import Campaign, Channel, ChannelListVersion
from portal import platforms
from portal.next_page import carried


@require_safe
def versions_view(request: HttpRequest, campaign: Campaign) -> HttpResponseBase:
    """List the versions, the latest first."""
    rows = campaign.channel_versions.defer("added", "removed").order_by("-number")
    paging = paged(request, rows)
    for version in paging["page"].object_list:
        version.made_by = made_by(version)
        version.address = address(campaign, "channel_version", version.number)
    latest = campaign.channel_versions.order_by("-number").values_list("number", flat=True).first() or 0
    title = _t("Versions of the channels of %(name)s") % {"name": campaign.name}
    context = context_of(
        request,
        campaign,
        title,
        **paging,
        latest=latest,
        earlier=max(latest - 1, 0),
        compare_address=address(campaign, "channel_compare"),
    )
    return TemplateResponse(request, "admin/campaigns/channel_versions.html", context)


@require_safe
def version_view(request: HttpRequest, campaign: Campaign, number: int) -> HttpResponseBase:
    """Show one version: what it changed, and what it held."""
    version = _version(campaign, number)
    version.made_by = made_by(version)  # type: ignore[attr-defined]
    lists = {
        "added": (_t("Added"), version.added),
        "removed": (_t("Taken off"), version.removed),
        "held": (_t("On the list then"), list(content_of(campaign, number))),
    }
    title = _t("Version %(number)s of the channels of %(name)s") % {"number": number, "name": campaign.name}
    latest = campaign.channel_versions.order_by("-number").values_list("number", flat=True).first()
    context = context_of(
        request,
        campaign,
        title,
        version=version,
        is_latest=number == latest,
        restore_address=address(campaign, "channel_restore", number),
        **_shown(request, campaign, lists),
    )
    return TemplateResponse(request, "admin/campaigns/channel_version.html", context)


@require_safe
def compare_view(request: HttpRequest, campaign: Campaign) -> HttpResponseBase:
    """Show what lies between two versions; version 0 is the empty list before the first."""
    numbers = [request.GET.get(name, "") for name in ("from", "to")]
    if not all(number.isascii() and number.isdigit() and len(number) < 9 for number in numbers):
        return HttpResponseRedirect(carried(request, address(campaign, "channel_versions")))
    earlier, later = (int(number) for number in numbers)
    for number in {earlier, later} - {0}:
        _version(campaign, number)
    found = compare(campaign, earlier, later)
    lists = {
        "added": (_t("Added"), found.added),
        "removed": (_t("Taken off"), found.removed),
        "unchanged": (_t("Unchanged"), found.unchanged),
    }
    title = _t("From version %(earlier)s to %(later)s: channels of %(name)s") % {
        "earlier": earlier,
        "later": later,
        "name": campaign.name,
    }
    context = context_of(request, campaign, title, **_shown(request, campaign, lists))
    return TemplateResponse(request, "admin/campaigns/channel_compare.html", context)


@require_POST
def restore_view(request: HttpRequest, campaign: Campaign, number: int) -> HttpResponseBase:
    """Propose that the list becomes what a version held: the page that follows shows the difference and asks."""
    if not may_change(request, campaign):
        raise PermissionDenied
    made = propose_restore(
        campaign=campaign,
        version=_version(campaign, number),
        actor=request.user,  # type: ignore[arg-type]
        now=timezone.now(),
    )
    return HttpResponseRedirect(carried(request, address(campaign, "channel_report", made.pk)))


def _version(campaign: Campaign, number: int) -> ChannelListVersion:
    version = campaign.channel_versions.filter(number=number).first()
    if version is None:
        raise Http404
    return version


def _shown(request: HttpRequest, campaign: Campaign, lists: dict[str, tuple[str, list[str]]]) -> dict[str, Any]:
    """Return the lists to choose from, and a page of the one that is chosen. Only its channels are read."""
    show = request.GET.get("show", "")
    if show not in lists:
        show = next((key for key, (_label, keys) in lists.items() if keys), next(iter(lists)))
    choices = [
        Choice(key, label, len(keys), address_with(request, show=key, q="", page=""), key == show)
        for key, (label, keys) in lists.items()
    ]
    keys = lists[show][1]
    wanted = asked_for(request).lower()
    if wanted:
        found = channels_by_id(campaign, keys)
        keys = [key for key in keys if key in found and wanted in _text(found[key]).lower()]
    paging = paged(request, keys)
    page = paging["page"]
    channels = channels_by_id(campaign, page.object_list)
    page.object_list = [_row(key, channels.get(key)) for key in page.object_list]
    return {"choices": choices, "chosen": next(one for one in choices if one.chosen), "with_lines": False, **paging}


def _text(channel: Channel) -> str:
    return f"{channel.platform_channel_id} {channel.login} {channel.name}"


def _row(key: str, channel: Channel | None) -> Row:
    if channel is None:
        return Row(0, "", "–", "", _t("deleted since (%(key)s)") % {"key": key}, "")
    name = platforms.get(channel.platform).name
    return Row(0, "", channel.platform_channel_id, channel.login, channel.name, name)
