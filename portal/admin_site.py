"""The portal's admin site: who gets in, its content policy, the choice of organization, menu and start page."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from allauth.account.decorators import secure_admin_login
from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.template.response import TemplateResponse
from django.templatetags.static import static
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe
from unfold.sites import UnfoldAdminSite

from portal.admin_pages import menu_pages, pages, within_reach
from portal.dashboard import card_pages, start_page
from portal.live import live_address, live_part, wants_live_part
from portal.models import Organization
from portal.organizations import active_organization, choose_organization, game_scope, organizations_of


class PortalAdminSite(UnfoldAdminSite):
    """Django's admin for members of organizations and the portal's administrator (I1, I5)."""

    index_template = "admin/start.html"

    def has_permission(self, request: HttpRequest) -> bool:
        """Let in active staff who are a member of an organization, and the portal's administrator."""
        user = request.user
        if not (user.is_authenticated and user.is_active and user.is_staff):
            return False
        return bool(user.is_superuser or active_organization(request))

    def admin_view(
        self, view: Callable[..., HttpResponseBase], cacheable: bool = False
    ) -> Callable[..., HttpResponseBase]:
        """Wrap a page of the admin; Unfold needs a wider content policy than viewer pages have (S3)."""
        return _with_wider_policy(super().admin_view(view, cacheable))

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Send staff to the portal's own sign-in, which knows second factors and passkeys (I1)."""
        view: Callable[..., HttpResponse] = secure_admin_login(super().login)
        return view(request, extra_context)

    def logout(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Sign out; the page that says so bears the portal's name, where Django's would have its address."""
        return super().logout(request, {"site_name": settings.PORTAL_SITE_NAME, **(extra_context or {})})

    def extra_urls(self) -> list[URLPattern]:
        """Return the pages that belong to the site and to no model."""
        return [
            path("organization/", self.admin_view(self.organization_view), name="organization"),
            path("in-detail/<slug:key>/", self.admin_view(self.card_view), name="card"),
            *(path(page.route, self.admin_view(within_reach(page)), name=page.name) for page in pages),
        ]

    def organization_view(self, request: HttpRequest) -> HttpResponse:
        """Show the person's organizations and make one the active one (I5)."""
        return _choose(self, request)

    def card_view(self, request: HttpRequest, key: str) -> HttpResponse:
        """Show one of the cards behind the start page."""
        return _card(self, request, key)

    def index(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Show what there is to know of the active organization at this moment, or only the part of it that changes."""
        organization = active_organization(request)
        page = start_page[0] if start_page and organization else None
        shown = page.context(request, organization) if page and organization else None
        if page and shown is not None and wants_live_part(request):
            return live_part(request, page.template, shown)
        still = _ASK_NOT in request.GET
        return super().index(
            request,
            {
                "organization": organization,
                "changing": page.template if page and shown is not None else "",
                "live_from": "" if still else live_address(request),
                "still_address": _asking(request, _ASK_NOT, "1"),
                "moving_address": _asking(request, _ASK_NOT, ""),
                "card_links": card_links(request),
                "title": organization.name if organization else _("Welcome"),
                **(shown or {}),
                **(extra_context or {}),
            },
        )


_ASK_NOT = "still"
"""A page asked for with this does not update itself: whoever wants to read in peace can (WCAG 2.2.2)."""


def card_links(request: HttpRequest, shown: str = "") -> list[tuple[str, str, bool]]:
    """Return address and title of each card, and whether it is shown; none for members of only some games (S1)."""
    if active_organization(request) is None or game_scope(request) is not None:
        return []
    return [(reverse("admin:card", args=[card.key]), str(card.title), card.key == shown) for card in card_pages()]


@require_safe
def _card_view(request: HttpRequest, site: PortalAdminSite, key: str) -> HttpResponse:
    organization = active_organization(request)
    found = next((card for card in card_pages() if card.key == key), None)
    if organization is None or found is None or game_scope(request) is not None:
        raise Http404
    context = {
        **site.each_context(request),
        "title": found.title,
        "card": found.make(request, organization),
        "card_links": card_links(request, key),
    }
    return TemplateResponse(request, "admin/card.html", context)


def _card(site: PortalAdminSite, request: HttpRequest, key: str) -> HttpResponse:
    return _card_view(request, site, key)


def _asking(request: HttpRequest, name: str, value: str) -> str:
    query = request.GET.copy()
    query.pop(name, None)
    if value:
        query[name] = value
    return f"{request.path}?{query.urlencode()}" if query else request.path


def _with_wider_policy(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """Return a page with the admin's policy, which leaves what the page itself adds to it for its forms."""

    @wraps(view)
    def page(*args: Any, **kwargs: Any) -> HttpResponseBase:
        response = view(*args, **kwargs)
        own = getattr(response, "_csp_update", {})
        response._csp_update = {**own, **settings.ADMIN_CONTENT_SECURITY_POLICY}  # type: ignore[attr-defined]
        return response

    return page


@require_http_methods(["GET", "POST"])
def _choose_view(request: HttpRequest, site: PortalAdminSite) -> HttpResponse:
    if request.method == "POST":
        try:
            chosen = choose_organization(request, request.POST.get("organization", ""))
        except Organization.DoesNotExist:
            raise Http404 from None
        messages.success(request, _("You are now working in %(name)s.") % {"name": chosen.name})
        return HttpResponseRedirect(reverse("admin:index"))
    context = {
        **site.each_context(request),
        "title": _("Choose an organization"),
        "organizations": organizations_of(request.user).order_by("name"),
        "active": active_organization(request),
    }
    return TemplateResponse(request, "admin/choose_organization.html", context)


def _choose(site: PortalAdminSite, request: HttpRequest) -> HttpResponse:
    return _choose_view(request, site)


def environment(request: HttpRequest) -> list[str] | None:
    """Name the active organization in the admin's header (I5)."""
    organization = active_organization(request)
    return [organization.name, "info"] if organization else None


def account_links(request: HttpRequest) -> list[dict[str, Any]]:
    """Return what a person keeps of their own account, for the menu under their name."""
    return [
        {"title": _("Second factor"), "link": reverse("mfa_index")},
        {"title": _("Sessions"), "link": reverse("usersessions_list")},
    ]


def stylesheet(request: HttpRequest) -> str:
    """Return the address of what the portal adds to Unfold's styles."""
    return static("portal/admin.css")


def icon(request: HttpRequest) -> str:
    """Return the address of the site's icon."""
    return static("portal/icon.svg")


def navigation(request: HttpRequest) -> list[dict[str, Any]]:
    """Return the side menu: start page, organization, then every registered page the person may see, by app and group."""
    from django.contrib import admin

    groups: list[dict[str, Any]] = [
        {
            "title": "",
            "items": [
                {"title": _("Overview"), "icon": "dashboard", "link": reverse("admin:index")},
                *(
                    {"title": page.title, "icon": page.icon, "link": reverse(f"admin:{page.name}")}
                    for page in menu_pages(request)
                ),
                {"title": _("Change organization"), "icon": "domain", "link": reverse("admin:organization")},
            ],
        }
    ]
    for app in admin.site.get_app_list(request):
        found: dict[str, list[tuple[int, dict[str, Any]]]] = {}
        for entry in app["models"]:
            model_admin = admin.site.get_model_admin(entry["model"])
            order = getattr(model_admin, "menu_order", 100)
            if entry["admin_url"] and order is not None:
                item = {
                    "title": getattr(model_admin, "menu_title", "") or entry["name"],
                    "icon": getattr(model_admin, "menu_icon", "list"),
                    "link": entry["admin_url"],
                }
                title = str(getattr(model_admin, "menu_group", "") or app["name"])
                found.setdefault(title, []).append((order, item))
        for title, items in sorted(found.items(), key=lambda group: min(order for order, _item in group[1])):
            ordered = [item for _order, item in sorted(items, key=lambda pair: (pair[0], str(pair[1]["title"])))]
            groups.append({"title": title, "separator": True, "collapsible": False, "items": ordered})
    return groups
