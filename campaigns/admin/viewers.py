"""The pages of viewers: to be read only; analysts see identifiers masked (S1)."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _

from campaigns.models import Viewer
from portal import platforms
from portal.admin_base import ReadOnlyAdmin, display
from portal.admin_filters import PlatformFilter
from portal.organizations import may
from portal.roles import Permission, mask

MASKED = ("platform_user_id", "login", "name")


@admin.register(Viewer)
class ViewerAdmin(ReadOnlyAdmin):
    """Viewers of the organization's streams."""

    menu_icon = "group"
    menu_order = 60
    view_permission = Permission.SEE_PEOPLE_MASKED
    list_display = ("platform_user_id", "name", "login", "platform_name", "created_at")
    list_filter = (PlatformFilter,)
    search_fields = ("=platform_user_id", "=login", "name__istartswith", "=id")
    ordering = ("-id",)
    change_form_outer_before_template = "admin/campaigns/viewer_deeds.html"
    fields = ("id", "platform", "platform_user_id", "login", "name", "user", "created_at")

    def get_search_fields(self, request: HttpRequest) -> tuple[str, ...]:
        """Let nobody find out by searching what is masked for them."""
        return tuple(super().get_search_fields(request)) if may(request, Permission.SEE_PEOPLE) else ("=id",)

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
