"""Setting up: the steps of each platform's guide, ticked from what the portal has seen, with the values to copy."""

from __future__ import annotations

from functools import partial
from typing import Any

from django.conf import settings
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.text import capfirst
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from campaigns.admin.console_values import LABELS, Shown, organization_value
from campaigns.models import Game
from fulfillment.admin.words import chip
from fulfillment.set_up.reading import read_platforms
from fulfillment.set_up.steps import Part, Standing, Step, own_steps, platform_part
from portal.admin_pages import AdminPage
from portal.models import Organization
from portal.organizations import active_organization, may
from portal.platforms.base import Platform
from portal.platforms.console import Item
from portal.roles import Permission


@require_safe
def set_up_view(request: HttpRequest) -> HttpResponse:
    """Show how far setting up is, for the portal itself and for each platform."""
    organization = active_organization(request)
    if organization is None:
        raise PermissionDenied
    allowed = partial(may, request)
    link_page = f"{settings.BASE_URL}{reverse('connect_organization', args=[organization.slug])}"
    games = list(Game.objects.filter(organization=organization).values_list("pk", flat=True))
    own = own_steps(organization, games, allowed=allowed)
    parts = [platform_part(one, link_page=link_page, allowed=allowed) for one in read_platforms(organization, games)]
    begun = [part for part in parts if part.begun]
    context: dict[str, Any] = {
        **admin.site.each_context(request),
        "title": _t("Setting up"),
        "own": _shown(request, organization, own),
        "parts": [_shown(request, organization, part) for part in begun],
        "others": [_shown(request, organization, part) for part in parts if not part.begun],
        "complete": own.done == len(own.needed) and any(part.done == len(part.needed) for part in begun),
        "manages": may(request, Permission.MANAGE),
    }
    return TemplateResponse(request, "admin/fulfillment/set_up.html", context)


def _shown(request: HttpRequest, organization: Organization, part: Part) -> dict[str, Any]:
    return {
        "part": part,
        "key": part.platform.key if part.platform else "portal-itself",
        "title": _title(part),
        "done": part.done,
        "needed": len(part.needed),
        "console": part.platform.console.address if part.platform else "",
        "steps": [
            {"step": step, "chip": _chip(step), "values": _values(request, organization, part, step, number)}
            for number, step in enumerate(part.steps, start=1)
        ],
    }


def _title(part: Part) -> str:
    if part.platform is None:
        return _t("In the portal")
    return capfirst(part.platform.name)


def _chip(step: Step) -> Any:
    if step.standing is Standing.DONE:
        return chip(_t("done"), "check", "drops-chip-ok")
    if step.optional:
        return chip(_t("if needed"), "radio_button_unchecked")
    if step.standing is Standing.BEGUN:
        return chip(_t("begun"), "pending", "drops-chip-attention")
    return chip(_t("to do"), "radio_button_unchecked", "drops-chip-attention")


def _values(request: HttpRequest, organization: Organization, part: Part, step: Step, number: int) -> list[Shown]:
    """Return what the platform's pages ask for in this step, each with an id of its own for its button."""
    platform = part.platform
    if platform is None:
        return []
    found = []
    for place, item in enumerate(step.values, start=1):
        text, missing = organization_value(
            item, platform, part.credential, organization, sees_webhook=may(request, Permission.MANAGE)
        )
        found.append(
            Shown(
                label=_label(platform, item),
                text=text,
                missing=missing,
                hint=str(platform.check_hints.get(item.value, "")),
                needed=part.credential is None,
                id=f"value-{platform.key}-{number}-{place}",
            )
        )
    return found


def _label(platform: Platform, item: Item) -> str:
    return str(platform.console.labels.get(item, LABELS[item]))


PAGES = (AdminPage("set-up/", "set_up", set_up_view, Permission.SEE_CAMPAIGNS, _("Setting up"), "checklist_rtl"),)
