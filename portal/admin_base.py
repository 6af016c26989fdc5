"""The base of every admin page: one organization at a time, roles instead of global permissions, an audit trail.

The only module that names Unfold's classes; admin modules import them from here, so that the theme can be replaced.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cache, wraps
from typing import TYPE_CHECKING, Any, TypeVar

from django.contrib import admin
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.core.paginator import Paginator
from django.db import IntegrityError, models
from django.forms import BaseModelForm, ModelChoiceField
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.template.response import TemplateResponse
from django.urls import URLPattern
from django.utils.functional import Promise, cached_property
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from unfold.admin import ModelAdmin, StackedInline, TabularInline, checkbox
from unfold.decorators import action, display
from unfold.views import ChangeList

from portal import audit
from portal.admin_mistakes import OpensAtMistake
from portal.models import AuditEntry, Organization
from portal.next_page import LeadsBack
from portal.organizations import active_organization, game_scope, may
from portal.reach import game_path, in_games, knows_games, path_to
from portal.roles import Permission

__all__ = [
    "CappedPaginator",
    "ChangeList",
    "OrganizationAdmin",
    "PortalStackedInline",
    "PortalTabularInline",
    "ReadOnlyAdmin",
    "action",
    "display",
    "in_organization",
    "in_reach",
    "organization_of",
]

M = TypeVar("M", bound=models.Model)

if TYPE_CHECKING:
    _Paginator = Paginator[Any]
else:
    _Paginator = Paginator


class CappedPaginator(_Paginator):
    """Counts at most 10,000 rows, so that a list over millions stays quick; who needs more narrows by filter."""

    cap = 10_000
    template_name = "admin/list_pages.html"
    """What the theme shows below the list: the pages and the count, which says where it stopped counting."""

    @cached_property
    def count(self) -> int:
        """Return the number of rows, or the cap."""
        rows: Any = self.object_list
        return int(rows.order_by()[: self.cap].count())

    @property
    def there_are_more(self) -> bool:
        """Whether there are, or may be, more rows than were counted."""
        return self.count >= self.cap


def organization_path(model: type[models.Model]) -> str | None:
    """Return the look-up that leads from a model to its organization; None where rows belong to none.

    ``Organization`` itself gives ``pk``. Found from the model's own foreign keys, at most three steps away.
    """
    return path_to(model, Organization)


def in_reach(queryset: models.QuerySet[M], request: HttpRequest) -> models.QuerySet[M]:
    """Return the active organization's rows, of a member's own games where the member has only some.

    The one place that scopes lists, choices and objects (I5, S1).
    """
    return in_games(in_organization(queryset, active_organization(request)), game_scope(request))


def in_organization(queryset: models.QuerySet[M], organization: Organization | None) -> models.QuerySet[M]:
    """Return the rows that belong to an organization, of whatever game: :func:`in_reach` is what pages use."""
    path = organization_path(queryset.model)
    if path is None:
        return queryset
    return queryset.filter(**{path: organization.pk}) if organization else queryset.none()


def organization_of(obj: models.Model) -> Organization | None:
    """Return the organization a row belongs to."""
    path = organization_path(type(obj))
    if path is None:
        return None
    current: Any = obj
    for part in () if path == "pk" else path.split("__"):
        current = getattr(current, part)
    return current if isinstance(current, Organization) else None


def _games_within_reach(games: models.QuerySet[Any], request: HttpRequest) -> list[Any]:
    """Return the games of a person's reach, read once a request: a page may have many fields that offer them."""
    known: list[Any] | None = getattr(request, "_games_within_reach", None)
    if known is None:
        known = list(games)
        request._games_within_reach = known  # type: ignore[attr-defined]
    return known


class _ScopedChoices:
    """Choices of related rows come from the active organization only (I5)."""

    def formfield_for_foreignkey(
        self, db_field: models.ForeignKey[Any, Any], request: HttpRequest, **kwargs: Any
    ) -> ModelChoiceField[Any] | None:
        """Offer only rows of the active organization."""
        if "queryset" in kwargs:
            return super().formfield_for_foreignkey(db_field, request, **kwargs)  # type: ignore[misc]
        target: type[models.Model] = db_field.remote_field.model
        kwargs["queryset"] = in_reach(target._default_manager.all(), request)
        if db_field.name != "game":
            return super().formfield_for_foreignkey(db_field, request, **kwargs)  # type: ignore[misc]
        games = _games_within_reach(kwargs["queryset"], request)
        if len(games) == 1:  # most studios have one game: nobody should have to choose it
            kwargs.setdefault("initial", games[0].pk)
        field: ModelChoiceField[Any] | None = super().formfield_for_foreignkey(db_field, request, **kwargs)  # type: ignore[misc]
        if field is not None:
            blank = [("", field.empty_label)] if field.empty_label is not None else []
            field.choices = [*blank, *((game.pk, field.label_from_instance(game)) for game in games)]
        return field


class _RolePermissions:
    """Reading and writing by the role table (S1), never by Django's global permissions.

    A member of only some games sees what belongs to games, as far as these are theirs, and no page of anything else, unless
    the page says by ``beyond_games`` that it is every member's. Only members of all games add and remove games.
    """

    view_permission: Permission = Permission.SEE_CAMPAIGNS
    edit_permission: Permission | None = Permission.EDIT_CAMPAIGNS
    beyond_games = False
    """Whether the rows are every member's though they belong to no game."""

    model: type[models.Model]

    def _may(self, request: HttpRequest, permission: Permission | None) -> bool:
        return permission is not None and may(request, permission) and self._is_reached(request)

    def _is_reached(self, request: HttpRequest) -> bool:
        return self.beyond_games or knows_games(self.model) or game_scope(request) is None

    def _may_found(self, request: HttpRequest) -> bool:
        """Say whether rows may be added or removed, where the rows are what reach is counted by."""
        return game_path(self.model) != "pk" or game_scope(request) is None

    def has_module_permission(self, request: HttpRequest) -> bool:
        """Show the app where one of its pages may be seen."""
        return self._may(request, self.view_permission)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Allow reading by role."""
        return self._may(request, self.view_permission)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Allow adding by role."""
        return self._may(request, self.edit_permission) and self._may_found(request)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Allow changing by role."""
        return self._may(request, self.edit_permission)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Allow deleting by role; foreign keys protect what has a history (F8)."""
        return self._may(request, self.edit_permission) and self._may_found(request)


class _ScopedForms:
    """Keeps inline rows to the member's reach, and tells inline forms which organization they are in, so that they can check what is unique in it."""

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Any]:
        """Return the rows within the member's reach; the parent's organization is decided before."""
        return in_games(super().get_queryset(request), game_scope(request))  # type: ignore[misc]

    def get_formset(self, request: HttpRequest, obj: Any = None, **kwargs: Any) -> Any:
        """Return the formset class, its form knowing the active organization."""
        formset = super().get_formset(request, obj, **kwargs)  # type: ignore[misc]
        formset.form.organization = active_organization(request)
        return formset


class PortalTabularInline(_ScopedForms, _ScopedChoices, _RolePermissions, TabularInline):
    """A table of rows inside their parent's page."""

    extra = 0
    hide_title = True  # a row's columns say what it is


class PortalStackedInline(_ScopedForms, _ScopedChoices, _RolePermissions, StackedInline):
    """Rows inside their parent's page, one below the other."""

    extra = 0


@cache
def _checkbox(language: str | None) -> str:
    """Return the theme's box in a language, with a place for the key."""
    return str(checkbox.render(ACTION_CHECKBOX_NAME, "{}"))


class OrganizationAdmin(OpensAtMistake, LeadsBack, _ScopedChoices, _RolePermissions, ModelAdmin):
    """A list and its objects, within the active organization.

    ``menu_icon`` (a Material Symbols name) and ``menu_order`` place the page in the menu; an order of None hides it. The
    menu calls it ``menu_title``, or as its rows are called.
    Pages with the same ``menu_group`` stand under that heading, those without one under their app's name.
    """

    menu_icon = "list"
    menu_order: int | None = 100
    menu_title: str | Promise = ""
    menu_group: str | Promise = ""
    paginator = CappedPaginator
    show_full_result_count = False
    list_per_page = 25
    list_filter_submit = True
    warn_unsaved_form = True
    compressed_fields = False
    actions = None

    @property
    def urls(self) -> list[URLPattern]:
        """Return the addresses of all pages, which do not exist for members whose games these rows do not belong to."""
        found = self.get_urls()
        for pattern in found:
            pattern.callback = self._within_reach(pattern.callback)
        return found

    def _within_reach(self, page: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
        @wraps(page)
        def view(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if self.admin_site.has_permission(request) and not self._is_reached(request):
                raise Http404
            return page(request, *args, **kwargs)

        return view

    @display(description=ModelAdmin.action_checkbox.short_description)
    def action_checkbox(self, obj: models.Model) -> SafeString:
        """The box by which a row is chosen, drawn once for all rows but for what it stands for."""
        return format_html(_checkbox(get_language()), obj.pk)

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Any]:
        """Return the active organization's rows, within the member's reach."""
        return in_reach(super().get_queryset(request), request)

    def get_exclude(self, request: HttpRequest, obj: Any = None) -> Iterable[str] | None:
        """Leave the organization out of forms: it is the active one."""
        return [*(super().get_exclude(request, obj) or []), "organization"]

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        """Return the form class; it knows the active organization (see :mod:`portal.admin_forms`)."""
        form = super().get_form(request, obj, change=change, **kwargs)
        form.organization = active_organization(request)
        return form

    def _get_obj_does_not_exist_redirect(self, request: HttpRequest, opts: Any, object_id: str) -> HttpResponse:
        raise Http404  # S1: what another organization owns does not exist

    def save_model(self, request: HttpRequest, obj: Any, form: BaseModelForm[Any], change: bool) -> None:
        """Store the object in the active organization, with an entry in the audit trail (S5)."""
        if not change and hasattr(type(obj), "organization") and obj.organization_id is None:
            obj.organization = active_organization(request)
        before = audit.snapshot(type(obj)._default_manager.get(pk=obj.pk)) if change else {}
        super().save_model(request, obj, form, change)
        self._record(request, "changed" if change else "added", obj, obj, before, audit.snapshot(obj))

    def save_formset(self, request: HttpRequest, form: Any, formset: Any, change: bool) -> None:
        """Store the rows inside the object, each with an entry in the object's trail (S5)."""
        model = formset.model
        stored = {
            row.pk: audit.snapshot(row)
            for row in model._default_manager.filter(pk__in=[f.instance.pk for f in formset.forms if f.instance.pk])
        }
        super().save_formset(request, form, formset, change)
        name = model._meta.verbose_name
        for row in getattr(formset, "new_objects", []):
            self._record(request, f"added {name}", form.instance, row, {}, audit.snapshot(row))
        for row, _fields in getattr(formset, "changed_objects", []):
            self._record(request, f"changed {name}", form.instance, row, stored.get(row.pk, {}), audit.snapshot(row))
        for row in getattr(formset, "deleted_objects", []):
            gone = next((s for s in stored.values() if str(row) and s), {})
            self._record(request, f"removed {name}", form.instance, row, stored.get(row.pk, gone), {})

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> Any:
        """Show and save. What another organization owns does not exist, whatever one may do here (S1)."""
        if object_id and not self.has_change_permission(request) and self.get_object(request, object_id) is None:
            raise Http404
        try:
            return super().changeform_view(request, object_id, form_url, extra_context)
        except IntegrityError:
            # Somebody stored the same at this moment, after the form was checked. Checked again, it says so.
            for _name, files in request.FILES.lists():
                for file in files:
                    file.seek(0)
            return super().changeform_view(request, object_id, form_url, extra_context)

    def delete_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Ask and delete. What another organization owns does not exist, whatever one may do here (S1)."""
        if self.get_object(request, object_id) is None:
            raise Http404
        return super().delete_view(request, object_id, extra_context)

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        """Delete the object, with an entry in the audit trail (S5)."""
        before = audit.snapshot(obj)
        self._record(request, "deleted", obj, obj, before, {})
        super().delete_model(request, obj)

    def _record(self, request: HttpRequest, verb: str, parent: models.Model, row: Any, before: Any, after: Any) -> None:
        before, after = audit.differing(before, after)
        if before or after or verb == "deleted":
            label = "" if row is parent else str(row)
            audit.record(
                actor=request.user,  # type: ignore[arg-type]
                action=f"{verb} {label}".strip(),
                obj=parent,
                organization=organization_of(parent),
                before=before,
                after=after,
            )

    # The portal's trail replaces Django's log entries, which cannot say from what to what.
    def log_addition(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        """Do nothing: the audit trail has it."""

    def log_change(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        """Do nothing: the audit trail has it."""

    def log_deletions(self, request: HttpRequest, queryset: Any) -> Any:
        """Do nothing: the audit trail has it."""

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Show who changed this object, when, from what to what, and why (S5)."""
        obj = self.get_object(request, object_id)
        if obj is None or not self.has_view_permission(request, obj):
            raise Http404
        entries = AuditEntry.objects.filter(object_type=obj._meta.label_lower, object_id=str(obj.pk))
        context = {
            **self.admin_site.each_context(request),
            "title": _("History: %(name)s") % {"name": obj},
            "entries": entries.order_by("-at", "-pk")[:500],
            "object": obj,
            "opts": self.opts,
            **(extra_context or {}),
        }
        return TemplateResponse(request, "admin/audit_history.html", context)


class ReadOnlyAdmin(OrganizationAdmin):
    """A list that people read and act on, but do not edit."""

    edit_permission = None

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        """Name every field: none is edited."""
        return [field.name for field in self.model._meta.fields]


admin.site.empty_value_display = "–"
