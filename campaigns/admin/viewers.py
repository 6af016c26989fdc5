"""The pages of viewers: to be read only; analysts see identifiers masked (S1)."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _

from campaigns.models import Viewer
from portal import platforms
from portal.admin_base import CappedPaginator, display, in_reach
from portal.admin_filters import PlatformFilter
from portal.names import named
from portal.newest import NewestAdmin, NewestPaginator
from portal.organizations import active_organization, game_scope, may
from portal.roles import Permission, mask

FOUND_AT_MOST = 1000
MASKED = ("platform_user_id", "login", "name")


@admin.register(Viewer)
class ViewerAdmin(NewestAdmin):
    """Viewers of the organization's streams."""

    menu_icon = "group"
    menu_order = 60
    view_permission = Permission.SEE_PEOPLE_MASKED
    list_display = ("platform_user_id", "name", "login", "platform_name", "created_at")
    list_filter = (PlatformFilter,)
    search_fields = ("=platform_user_id", "=login", "=name", "=id")
    search_help_text = _("A user id, a login or a whole name")
    ordering = ("-id",)
    sortable_by = ()
    change_form_outer_before_template = "admin/campaigns/viewer_deeds.html"
    fields = ("id", "platform", "platform_user_id", "login", "name", "user", "created_at")

    def get_search_fields(self, request: HttpRequest) -> tuple[str, ...]:
        """Let nobody find out by searching what is masked for them."""
        return tuple(super().get_search_fields(request)) if may(request, Permission.SEE_PEOPLE) else ("=id",)

    def get_paginator(self, request: HttpRequest, queryset: Any, per_page: int, *args: Any, **kwargs: Any) -> Any:
        """Merge the viewers of all platforms, each platform's by its index."""
        if request.GET.get("q"):
            return CappedPaginator(queryset, per_page, *args, **kwargs)
        paginator = NewestPaginator(queryset, per_page, *args, **kwargs)
        paginator.shown = in_reach(Viewer.objects.all(), request)
        chosen = request.GET.get(PlatformFilter.parameter_name)
        organization = active_organization(request)
        paginator.parts = [
            {"organization": organization, "platform": key} for key in platforms.registry if not chosen or key == chosen
        ]
        if game_scope(request) is not None:
            paginator.whole = Viewer.objects.filter(organization=organization)
        return paginator

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> tuple[Any, bool]:
        """Find by exact ids and whole names, each through its index."""
        term = search_term.strip()
        if not term:
            return queryset, False
        ways = [queryset.filter(pk=term.upper())]
        if may(request, Permission.SEE_PEOPLE):
            ways.append(queryset.filter(platform__in=list(platforms.registry), platform_user_id=term))
            ways += [queryset.filter(login__in=[term, term.lower()]), queryset.filter(named(term))]
        found = [key for way in ways for key in way.values_list("pk", flat=True)[:FOUND_AT_MOST]]
        return Viewer.objects.filter(pk__in=found).order_by(*self.ordering), False

    def get_list_display(self, request: HttpRequest) -> Any:
        """Return the columns, masked for analysts."""
        shown = super().get_list_display(request)
        if may(request, Permission.SEE_PEOPLE):
            return shown
        return ["masked_user_id", *(name for name in shown if name not in MASKED)]

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """Leave the portal account out for analysts."""
        fields = super().get_fields(request, obj)
        return fields if may(request, Permission.SEE_PEOPLE) else [name for name in fields if name != "user"]

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        """Return the viewer; for analysts with masked identifiers, never to be saved."""
        viewer = super().get_object(request, object_id, from_field)
        if viewer is not None:
            viewer.may_erase = may(request, Permission.BULK)
        if viewer is not None and not may(request, Permission.SEE_PEOPLE):
            for name in MASKED:
                setattr(viewer, name, mask(getattr(viewer, name)))
        return viewer

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Show the history to those who may see identifiers."""
        if not may(request, Permission.SEE_PEOPLE):
            raise Http404
        return super().history_view(request, object_id, extra_context)

    @display(description=_("platform"), ordering="platform")
    def platform_name(self, viewer: Viewer) -> str:
        """The platform by its name."""
        return platforms.get(viewer.platform).name

    @display(description=_("user id"))
    def masked_user_id(self, viewer: Viewer) -> str:
        """The user id as an analyst may see it."""
        return mask(viewer.platform_user_id)
