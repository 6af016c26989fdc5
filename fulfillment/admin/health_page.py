"""The health page: how the organization stands with its platforms, in one screen; the same as JSON; and sweeps on demand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from fulfillment.admin.health_lines import Line, common_lines, level_chip, link, platform_lines
from fulfillment.health.document import document
from fulfillment.health.facts import NotLive, OrganizationFacts, PlatformFacts
from fulfillment.health.reading import read_facts
from fulfillment.health.words import Told, counted, deliveries_told, platform_told
from fulfillment.models import Sweep
from fulfillment.sweeping.request import CannotSweep, request_sweep, sweepable
from portal import platforms
from portal.admin_pages import AdminPage
from portal.charts import Every, Series, TimeChart
from portal.live import live_address, live_part, wants_live_part
from portal.models import Organization, PlatformCredential
from portal.organizations import active_organization, may
from portal.roles import Permission

TEMPLATE = "admin/fulfillment/health.html"
CHANGING = "admin/fulfillment/health_changing.html"
_ASK_NOT = "still"
"""A page asked for with this does not update itself: whoever wants to read in peace can (WCAG 2.2.2)."""

_EVERYTHING = "everything"


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """One platform on the page. ``told`` is how it stands, the headline first; ``sweeps`` whether one may be asked for."""

    key: str
    credential_id: str
    name: str
    told: Sequence[Told]
    lines: Sequence[Line]
    chart: TimeChart | None
    sweeps: bool

    @property
    def chip(self) -> SafeString:
        """How bad the worst of it is."""
        return level_chip(self.told[0].level)


@never_cache
@require_safe
def health_view(request: HttpRequest) -> HttpResponse:
    """Show how it stands, or only the part of the page that changes."""
    facts = read_facts(_organization(request), now=timezone.now())
    context = _changing(request, facts)
    if wants_live_part(request):
        return live_part(request, CHANGING, context)
    context |= {
        **admin.site.each_context(request),
        "title": _t("Health"),
        "live_from": "" if _ASK_NOT in request.GET else live_address(request),
        "still_address": f"{request.path}?{_ASK_NOT}=1",
        "alerts": link(request, Permission.SEE_CAMPAIGNS, "fulfillment_alert_changelist", _t("Alerts")),
        "json_address": reverse("admin:health_json"),
    }
    return TemplateResponse(request, TEMPLATE, context)


@never_cache
@require_safe
def health_json_view(request: HttpRequest) -> HttpResponse:
    """Return what the page shows as JSON."""
    return JsonResponse(document(read_facts(_organization(request), now=timezone.now())))


@require_POST
def sweep_view(request: HttpRequest) -> HttpResponse:
    """Begin a sweep of one platform, of what is open or of everything (F7)."""
    organization = _organization(request)
    credential_id, _colon, kind = request.POST.get("sweep", "").partition(":")
    credential = PlatformCredential.objects.filter(organization=organization, pk=credential_id).first()
    if credential is None:
        raise Http404
    if not may(request, Permission.MEND):
        raise PermissionDenied
    name = {"name": platforms.get(credential.platform).name}
    try:
        request_sweep(
            credential=credential,
            full=kind == _EVERYTHING,
            actor=request.user,  # type: ignore[arg-type]
            now=timezone.now(),
        )
    except CannotSweep:
        messages.error(request, _t("%(name)s cannot be swept: the credential is switched off.") % name)
    else:
        messages.success(request, _t("A sweep of %(name)s is under way. This page shows how far it is.") % name)
    return HttpResponseRedirect(reverse("admin:health"))


def _organization(request: HttpRequest) -> Organization:
    organization = active_organization(request)
    if organization is None:
        raise Http404
    if not may(request, Permission.SEE_CAMPAIGNS):
        raise PermissionDenied
    return organization


def _changing(request: HttpRequest, facts: OrganizationFacts) -> dict[str, Any]:
    running = {
        sweep.credential_id: sweep
        for sweep in Sweep.objects.filter(
            credential__organization=facts.organization_id, finished_at=None, narrow=False
        )
    }
    deliveries = deliveries_told(facts)
    return {
        "now": facts.now,
        "enabled": facts.enabled,
        "sections": [_section(request, one, facts, running) for one in facts.platforms],
        "deliveries": deliveries,
        "deliveries_chip": level_chip(deliveries[0].level),
        "delivery_lines": list(common_lines(request, facts)),
        "not_live": [_not_live(request, one) for one in facts.not_live],
        "unmapped": [(one, platforms.get(one.platform).name, counted(one.claims)) for one in facts.unmapped],
        "unmapped_links": link(request, Permission.SEE_CAMPAIGNS, "drift", _t("Map them")),
        "add_credential": link(request, Permission.MANAGE, "portal_platformcredential_add", _t("Add a credential")),
        "may_sweep": may(request, Permission.MEND),
    }


def _section(
    request: HttpRequest, one: PlatformFacts, facts: OrganizationFacts, running: Mapping[str, Sweep]
) -> Section:
    sweeps = one.platform in sweepable()
    return Section(
        key=one.platform,
        credential_id=one.credential_id,
        name=one.name,
        told=platform_told(one, now=facts.now),
        lines=platform_lines(request, one, running.get(one.credential_id), now=facts.now),
        chart=_chart(one) if sweeps and one.enabled else None,
        sweeps=sweeps and one.enabled,
    )


def _chart(one: PlatformFacts) -> TimeChart:
    starts = [arrivals.hour for arrivals in one.hours]
    return TimeChart(
        key=f"arrivals-{one.platform}",
        title=_t("Claims of %(name)s by what brought them first") % {"name": one.name},
        axis=_t("Hour from, in UTC"),
        every=Every.HOUR,
        starts=starts,
        labels=[f"{start:%Y-%m-%d %H:%M}" for start in starts],
        series=[
            Series(_t("by webhook"), [arrivals.by_webhook for arrivals in one.hours]),
            Series(_t("found by sweep"), [arrivals.by_sweep for arrivals in one.hours]),
        ],
        empty=_t("No claim came in the last day."),
        so_far=True,
    )


_WHY = {
    "draft": (
        _("%(name)s should have begun and is still a draft."),
        _("Publish it, or give it a later start. Watch time counts from publication."),
        Permission.SEE_CAMPAIGNS,
    ),
    "organization": (
        _("%(name)s should be live, but the organization is not enabled."),
        _("Ask the portal's administrator to enable it."),
        Permission.SEE_CAMPAIGNS,
    ),
    "credential": (
        _("%(name)s is live, but there is no credential for %(platform)s that is switched on."),
        _("Its claims cannot come in. An owner adds the credential or switches it on."),
        Permission.MANAGE,
    ),
    "endpoint": (
        _("%(name)s is live, but its game has no endpoint that is switched on."),
        _("Claims are kept and go out once an owner has set one up."),
        Permission.MANAGE,
    ),
    "paused": (
        _("%(name)s is live, but its deliveries are paused."),
        _("Claims are kept and go out once somebody lets them go on."),
        Permission.SEE_CAMPAIGNS,
    ),
}
_PLACES = {
    "credential": ("portal_platformcredential_changelist", _("Credentials")),
    "endpoint": ("fulfillment_endpoint_changelist", _("Endpoints")),
}


def _not_live(request: HttpRequest, one: NotLive) -> tuple[str, str, list[tuple[str, str]]]:
    """Return what is wrong with a campaign, what to do, and where."""
    sentence, advice, permission = _WHY[one.why]
    platform = platforms.get(one.platform).name if one.platform else ""
    if one.why in _PLACES:
        place, label = _PLACES[one.why]
        links = link(request, permission, place, str(label))
    else:
        links = link(request, permission, "campaigns_campaign_change", _t("The campaign"), one.id)
    return str(sentence) % {"name": one.name, "platform": platform}, str(advice), links


PAGES = (
    AdminPage("health/", "health", health_view, Permission.SEE_CAMPAIGNS, _("Health"), "monitor_heart"),
    AdminPage("health.json", "health_json", health_json_view, Permission.SEE_CAMPAIGNS),
    AdminPage("health/sweep/", "health_sweep", sweep_view, Permission.MEND),
)
