"""The allow-list of a campaign as it is: searched, exported, and single channels taken off it (C7)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _t
from django.views.decorators.http import require_http_methods, require_safe

from campaigns.admin.channel_list.paging import asked_for, paged
from campaigns.channel_lists.importing import propose
from campaigns.models import Campaign, CampaignChannel, Channel, ChannelImport
from campaigns.rules.channel_outcomes import Deed
from campaigns.rules.edits import is_locked
from portal import platforms
from portal.csv_files import csv_response
from portal.next_page import carried, next_page
from portal.organizations import may
from portal.roles import Permission

_OPEN = (ChannelImport.State.RESOLVING, ChannelImport.State.READY)
_SHOWN_IMPORTS = 5
_CHUNK = 2000


def may_change(request: HttpRequest, campaign: Campaign) -> bool:
    """Tell whether this person may change the list now: by role, and unless the campaign is over (C6)."""
    now = timezone.now()
    locked = is_locked("channels", phase=campaign.phase(now), ends_at=campaign.ends_at, now=now)
    return may(request, Permission.EDIT_CAMPAIGNS) and not locked


def context_of(request: HttpRequest, campaign: Campaign, title: str, **more: Any) -> dict[str, Any]:
    """Return what every page about a list needs."""
    return {
        **admin.site.each_context(request),
        "title": title,
        "campaign": campaign,
        "may_change": may_change(request, campaign),
        "list_address": carried(request, address(campaign, "channels")),
        "import_address": carried(request, address(campaign, "channel_import")),
        "versions_address": carried(request, address(campaign, "channel_versions")),
        "came_from": next_page(request),
        "back": next_page(request) or reverse("admin:campaigns_campaign_change", args=[campaign.pk]) + "#channels",
        **more,
    }


def address(campaign: Campaign, page: str, *arguments: Any) -> str:
    """Return where a page of a campaign's list is."""
    return reverse(f"admin:campaigns_campaign_{page}", args=[campaign.pk, *arguments])


def _listed(campaign: Campaign) -> QuerySet[CampaignChannel]:
    rows = CampaignChannel.objects.filter(campaign=campaign, removed_at=None).select_related("channel")
    return rows.order_by("channel__login", "channel__platform_channel_id", "pk")


@require_http_methods(["GET", "HEAD", "POST"])
def list_view(request: HttpRequest, campaign: Campaign) -> HttpResponseBase:
    """Show the list; POST proposes to take the ticked channels off it."""
    if request.method == "POST":
        return _take_off(request, campaign)
    rows, wanted = _listed(campaign), asked_for(request)
    if wanted:
        rows = rows.filter(
            Q(channel__login__icontains=wanted)
            | Q(channel__name__icontains=wanted)
            | Q(channel__platform_channel_id=wanted)
        )
    paging = paged(request, rows)
    for row in paging["page"].object_list:
        row.platform_name = platforms.get(row.channel.platform).name
    imports = campaign.channel_imports.filter(state__in=_OPEN).defer("lines", "outcome").order_by("-id")
    context = context_of(
        request,
        campaign,
        _t("Channels of %(name)s") % {"name": campaign.name},
        **paging,
        total=_count(campaign) if wanted else None,
        imports=imports[:_SHOWN_IMPORTS],
        versions=campaign.channel_versions.count(),
        exports=_exports(campaign),
    )
    return TemplateResponse(request, "admin/campaigns/channel_list.html", context)


def _count(campaign: Campaign) -> int:
    return CampaignChannel.objects.filter(campaign=campaign, removed_at=None).count()


def _exports(campaign: Campaign) -> list[tuple[str, str]]:
    """Return address and label of the downloads: the whole list as CSV, and for each platform what its console takes."""
    base = address(campaign, "channel_export")
    offered = [(base, _t("CSV with ids, logins, names and dates"))]
    for key in campaign.platforms.order_by("pk").values_list("platform", flat=True):
        name = platforms.get(key).name
        if platforms.get(key).web_url:
            offered.append((f"{base}?as=logins&platform={key}", _t("%(name)s: logins, one a line") % {"name": name}))
        offered.append((f"{base}?as=ids&platform={key}", _t("%(name)s: ids, one a line") % {"name": name}))
    return offered


def _take_off(request: HttpRequest, campaign: Campaign) -> HttpResponse:
    if not may_change(request, campaign):
        raise PermissionDenied
    keys = request.POST.getlist("channel")
    listed = Channel.objects.filter(listings__campaign=campaign, listings__removed_at=None, pk__in=keys)
    channels = list(listed.order_by("login", "platform_channel_id"))
    if not channels:
        messages.error(request, _t("Tick the channels that are to be taken off."))
        return HttpResponseRedirect(request.get_full_path())
    made = propose(
        campaign=campaign,
        channels=channels,
        deed=Deed.REMOVE,
        source=ChannelImport.Source.CHOICE,
        actor=request.user,  # type: ignore[arg-type]
        now=timezone.now(),
    )
    return HttpResponseRedirect(carried(request, address(campaign, "channel_report", made.pk)))


@require_safe
def export_view(request: HttpRequest, campaign: Campaign) -> HttpResponseBase:
    """Send the list while it is read: as CSV, or as logins or ids of one platform, one a line."""
    kind, platform = request.GET.get("as", "csv"), request.GET.get("platform", "")
    if kind not in ("csv", "logins", "ids") or (platform and not platforms.is_known(platform)):
        raise Http404
    rows = _listed(campaign).filter(channel__platform=platform) if platform else _listed(campaign)
    name = f"channels-{campaign.pk}{'-' + platform if platform else ''}"
    if kind == "csv":
        return csv_response(_csv(rows), name=name)
    field = "channel__login" if kind == "logins" else "channel__platform_channel_id"
    values = rows.exclude(**{field: ""}).values_list(field, flat=True)
    return StreamingHttpResponse(
        (f"{value}\n" for value in values.iterator(chunk_size=_CHUNK)),
        content_type="text/plain; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}-{kind}.txt"', "Cache-Control": "no-store"},
    )


def _csv(rows: QuerySet[CampaignChannel]) -> Iterator[tuple[str, ...]]:
    yield "id", "login", "name", "platform", "listed since (UTC)"
    fields = ("channel__platform_channel_id", "channel__login", "channel__name", "channel__platform", "listed_at")
    for *texts, since in rows.values_list(*fields).iterator(chunk_size=_CHUNK):
        yield *texts, f"{since:%Y-%m-%d %H:%M:%S}"
