"""Users, for the portal's administrator only: members of organizations meet people through memberships."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.db import models
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm

from portal.admin_base import OrganizationAdmin
from portal.models import User


@admin.register(User)
class PortalUserAdmin(OrganizationAdmin, UserAdmin):  # type: ignore[misc, type-arg]
    """Accounts. What somebody may do follows from memberships, never from Django's permissions (S1)."""

    menu_icon = "person"
    menu_order = 50
    form = UserChangeForm
    add_form = UserCreationForm
    change_password_form = AdminPasswordChangeForm
    filter_horizontal = ()
    list_display = ("username", "email", "display_name", "is_active", "is_staff", "is_superuser", "last_login")
    list_filter = ("is_active", "is_staff", "is_superuser")
    search_fields = ("username", "email", "display_name")
    ordering = ("username",)
    readonly_fields = ("last_login", "date_joined", "public_id")
    fieldsets = (
        (None, {"fields": ("username", "password", "email", "display_name", "time_zone")}),
        (_("Access"), {"fields": ("is_active", "is_staff", "is_superuser")}),
        (_("Facts"), {"fields": ("last_login", "date_joined", "public_id")}),
    )
    add_fieldsets = (
        (None, {"classes": ("wide",), "fields": ("username", "email", "usable_password", "password1", "password2")}),
    )

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Any]:
        """Return all accounts to the administrator; for others there are none."""
        users = super().get_queryset(request)
        return users if request.user.is_superuser else users.none()

    def has_module_permission(self, request: HttpRequest) -> bool:
        """The portal's administrator alone."""
        return bool(request.user.is_superuser)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """The portal's administrator alone."""
        return bool(request.user.is_superuser)

    has_change_permission = has_add_permission = has_view_permission

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody: accounts are made inactive; erasure is a deed of its own (F8)."""
        return False
