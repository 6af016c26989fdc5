"""The organization's own page: its name and its settings; members have a page of their own (S1)."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.db import models
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _

from portal.admin_base import OrganizationAdmin, display
from portal.admin_forms import OrganizationForm
from portal.models import Organization
from portal.organizations import choose_organization
from portal.roles import Permission


@admin.register(Organization)
class StudioAdmin(OrganizationAdmin):
    """Organizations: owners see their own, the portal's administrator all, and alone enables them (C5)."""

    menu_icon = "domain"
    menu_order = 10
    view_permission = Permission.MANAGE
    edit_permission = Permission.MANAGE
    form = OrganizationForm
    fields = (
        "name",
        "slug",
        "url",
        "producers_may_publish",
        "one_stream_at_a_time",
        "approval_above",
        "enabled",
        "created_at",
    )
    prepopulated_fields = {"slug": ("name",)}
    list_display = ("name", "slug", "is_enabled", "producers_may_publish", "created_at")
    search_fields = ("name", "slug")
    ordering = ("name",)

    @display(description=_("enabled"), ordering="enabled", boolean=True)
    def is_enabled(self, organization: Organization) -> bool:
        """Whether campaigns can be published."""
        return organization.enabled

    def has_module_permission(self, request: HttpRequest) -> bool:
        """Owners and the administrator."""
        return bool(request.user.is_superuser) or super().has_module_permission(request)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Owners and the administrator."""
        return bool(request.user.is_superuser) or super().has_view_permission(request, obj)

    has_change_permission = has_view_permission

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """The portal's administrator alone makes organizations."""
        return bool(request.user.is_superuser)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody: what an organization has done is kept (F8); the administrator disables it instead."""
        return False

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Any]:
        """Return the active organization, and to the portal's administrator all."""
        if request.user.is_superuser:
            return Organization.objects.all()
        return super().get_queryset(request)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        """Return what only the administrator sets, and what nobody does."""
        return ["created_at"] if request.user.is_superuser else ["enabled", "created_at"]

    def get_prepopulated_fields(self, request: HttpRequest, obj: Any = None) -> dict[str, Any]:
        """Propose a short name only for a new organization: addresses must not change by themselves."""
        return {} if obj else super().get_prepopulated_fields(request, obj)

    def response_add(
        self, request: HttpRequest, obj: Organization, post_url_continue: str | None = None
    ) -> HttpResponse:
        """Go on in the new organization, where its first owner is invited."""
        choose_organization(request, obj.pk)
        messages.success(
            request, _t("%(name)s is made, and you work in it now. Invite its first owner.") % {"name": obj.name}
        )
        return HttpResponseRedirect(reverse("admin:members"))
