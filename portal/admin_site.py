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
from django.views.decorators.http import require_http_methods
from unfold.sites import UnfoldAdminSite

from portal.admin_pages import menu_pages, pages, within_reach
from portal.dashboard import dashboard_cards
from portal.models import Organization
from portal.organizations import active_organization, choose_organization, organizations_of


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

    def extra_urls(self) -> list[URLPattern]:
        """Return the pages that belong to the site and to no model."""
        return [
            path("organization/", self.admin_view(self.organization_view), name="organization"),
            *(path(page.route, self.admin_view(within_reach(page)), name=page.name) for page in pages),
        ]

    def organization_view(self, request: HttpRequest) -> HttpResponse:
        """Show the person's organizations and make one the active one (I5)."""
        return _choose(self, request)

    def index(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> TemplateResponse:
        """Show what needs a look in the active organization."""
        organization = active_organization(request)
        shown = dashboard_cards(request, organization) if organization else []
        return super().index(
            request,
            {
                "organization": organization,
                "cards": shown,
                "title": organization.name if organization else _("Welcome"),
                **(extra_context or {}),
            },
        )


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
                    "title": entry["name"],
                    "icon": getattr(model_admin, "menu_icon", "list"),
                    "link": entry["admin_url"],
                }
                title = str(getattr(model_admin, "menu_group", "") or app["name"])
                found.setdefault(title, []).append((order, item))
        for title, items in sorted(found.items(), key=lambda group: min(order for order, _item in group[1])):
            ordered = [item for _order, item in sorted(items, key=lambda pair: (pair[0], str(pair[1]["title"])))]
            groups.append({"title": title, "separator": True, "collapsible": False, "items": ordered})
    return groups
