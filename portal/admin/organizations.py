"""The organization's own page: its name, its members and their roles (S1)."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db import models
from django.forms import BaseModelForm
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from portal.admin_base import OrganizationAdmin, PortalTabularInline, display
from portal.admin_forms import OrganizationForm
from portal.members import find_user, renew_staff_status
from portal.models import Membership, Organization
from portal.roles import Permission, Role

ROLE_NAMES = {
    Role.OWNER: _("owner: everything, also members and credentials"),
    Role.PRODUCER: _("producer: campaigns, rewards, claims"),
    Role.SUPPORT: _("support: sees all, mends claims and links"),
    Role.ANALYST: _("analyst: sees figures, personal ids masked"),
}


class MembershipForm(forms.ModelForm):  # type: ignore[type-arg]
    """A member is named by username or e-mail address; afterwards only the role can be changed."""

    who = forms.CharField(
        label=_("user"),
        required=False,
        max_length=254,
        widget=UnfoldAdminTextInputWidget(attrs={"placeholder": _("username or e-mail"), "autocomplete": "off"}),
    )
    role = forms.ChoiceField(
        label=_("role"),
        choices=[(role.value, name) for role, name in ROLE_NAMES.items()],
        initial=Role.PRODUCER.value,
        widget=UnfoldAdminSelectWidget(),
    )

    class Meta:
        model = Membership
        fields = ("who", "role")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not self.instance._state.adding:
            self.fields["who"].disabled = True
            user = self.instance.user
            self.initial["who"] = f"{user.username} · {user.email}" if user.email else user.username

    def clean_who(self) -> str:
        """Find the person.

        Raises:
            ValidationError: nobody, or nobody active, has this name.
        """
        name: str = self.cleaned_data["who"]
        if not self.instance._state.adding:
            return name
        if not name.strip():
            raise ValidationError(_("Enter the username or the e-mail address of the person."), code="required")
        user = find_user(name)
        if user is None:
            raise ValidationError(
                _("Nobody has an account with the username or e-mail address “%(name)s”. They sign up first."),
                code="unknown_user",
                params={"name": name},
            )
        self.instance.user = user
        return name


class MembershipFormSet(forms.BaseInlineFormSet):  # type: ignore[type-arg]
    """The members of one organization: nobody twice, and an owner always."""

    def clean(self) -> None:
        """Refuse a person twice, and the removal of the last owner."""
        super().clean()
        if any(self.errors):
            return
        kept = [form for form in self.forms if form.has_changed() or form.instance.pk]
        kept = [form for form in kept if not self._should_delete_form(form)]  # type: ignore[attr-defined]
        seen: set[int] = set()
        for form in kept:
            if form.instance.user_id in seen:
                form.add_error("who", _("This person is a member already; change the role there."))
            seen.add(form.instance.user_id)
        had_owner = self.instance.memberships.filter(role=Role.OWNER).exists() if self.instance.pk else False
        if had_owner and not any(form.cleaned_data.get("role") == Role.OWNER for form in kept):
            raise ValidationError(_("An organization needs at least one owner."), code="last_owner")


class MembershipInline(PortalTabularInline):
    """Who works here, and as what."""

    model = Membership
    form = MembershipForm
    formset = MembershipFormSet
    fields = ("who", "role")
    view_permission = Permission.MANAGE
    edit_permission = Permission.MANAGE

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Owners, and the portal's administrator in any organization."""
        return bool(request.user.is_superuser) or super().has_view_permission(request, obj)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """As for seeing: who sees the members manages them."""
        return self.has_view_permission(request, obj)

    has_change_permission = has_delete_permission = has_add_permission

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Any]:
        """Return members with their users, in the order in which they came."""
        return super().get_queryset(request).select_related("user").order_by("pk")


@admin.register(Organization)
class StudioAdmin(OrganizationAdmin):
    """Organizations: owners see their own, the portal's administrator all, and alone enables them (C5)."""

    menu_icon = "domain"
    menu_order = 10
    view_permission = Permission.MANAGE
    edit_permission = Permission.MANAGE
    form = OrganizationForm
    inlines = (MembershipInline,)
    fields = ("name", "slug", "url", "producers_may_publish", "one_stream_at_a_time", "enabled", "created_at")
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

    def save_formset(self, request: HttpRequest, form: BaseModelForm[Any], formset: Any, change: bool) -> None:
        """Store the members, and let them, or no longer, into the admin."""
        members = Membership.objects.filter(organization=form.instance)
        before = set(members.values_list("user_id", flat=True))
        super().save_formset(request, form, formset, change)
        renew_staff_status(before | set(members.values_list("user_id", flat=True)))
