"""The audit trail: read, filtered, searched and taken away as a file (S5)."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache, reduce
from operator import or_
from typing import Any

from django.apps import apps
from django.contrib import admin, messages
from django.contrib.admin.options import IncorrectLookupParameters
from django.core.exceptions import PermissionDenied
from django.db import models
from django.db.models import Value
from django.db.models.functions import Concat
from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.urls import NoReverseMatch, URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from portal import audit
from portal.admin_base import ReadOnlyAdmin, display
from portal.admin_filters import DropdownFilter, RangeDateTimeFilter
from portal.exports import FORMATS, Column, Table, export_response, keyset_rows
from portal.members import former_members
from portal.models import AuditEntry, Organization
from portal.organizations import active_organization, may
from portal.roles import Permission

_PORTAL = "portal"
FOUND_AT_MOST = 1_000
"""So many entries, the newest, a search shows of those that have the id or the name in the same place."""

COLUMNS = (
    Column("at", _("When it was done.")),
    Column("who", _("Who did it; “portal” is the portal itself."), personal=True),
    Column("action", _("What was done.")),
    Column("object_type", _("To what kind of thing.")),
    Column("object_id", _("Its id in the portal."), personal=True),
    Column("object_label", _("What it was called then."), personal=True),
    Column("before", _("The values before, as far as they differ."), personal=True),
    Column("after", _("The values after, as far as they differ."), personal=True),
    Column("reason", _("The reason that was given."), personal=True),
    Column("request_id", _("The id of the request, which the logs have too.")),
)


class ActorFilter(DropdownFilter):
    """Who did it: a member, one who is no more, or the portal itself. Others are found by the search."""

    title = _("who")
    parameter_name = "who"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Return the members by name, and after them those who left."""
        organization = active_organization(request)
        if organization is None:
            return [(_PORTAL, _t("the portal itself"))]
        members = [one.user for one in organization.memberships.select_related("user")[:500]]
        gone = former_members(organization).exclude(pk__in=[user.pk for user in members])
        left = [(str(user.pk), _t("%(name)s, who left") % {"name": user}) for user in gone]
        return [
            (_PORTAL, _t("the portal itself")),
            *sorted(((str(user.pk), str(user)) for user in members), key=_by_name),
            *sorted(left, key=_by_name),
        ]

    def queryset(self, request: HttpRequest, queryset: models.QuerySet[Any]) -> models.QuerySet[Any]:
        """Keep what the chosen one did."""
        value = self.value()
        if value == _PORTAL:
            # The label as a value to compare: by its index the newest of very many would have to be sorted out.
            return queryset.alias(label=Concat("actor_label", Value(""))).filter(actor=None, label=_PORTAL)
        return queryset.filter(actor=int(value)) if value and value.isascii() and value.isdigit() else queryset


class KindFilter(DropdownFilter):
    """To what kind of thing it was done."""

    title = _("kind")
    parameter_name = "kind"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Return the kinds that have pages, by name."""
        return sorted(_kinds(), key=_by_name)

    def queryset(self, request: HttpRequest, queryset: models.QuerySet[Any]) -> models.QuerySet[Any]:
        """Keep what was done to the chosen kind."""
        value = self.value()
        return queryset.filter(object_type=value) if value else queryset


def _by_name(choice: tuple[str, str]) -> str:
    return choice[1].lower()


def _kinds() -> list[tuple[str, str]]:
    return [(model._meta.label_lower, str(model._meta.verbose_name)) for model in admin.site._registry]


@admin.register(AuditEntry)
class AuditEntryAdmin(ReadOnlyAdmin):
    """Who changed what in the organization. Owners, producers and support read it; it holds people's names."""

    menu_icon = "history"
    menu_order = 40
    menu_title = _("Audit trail")
    view_permission = Permission.SEE_PEOPLE
    list_display = ("when", "actor_label", "action", "kind", "what", "reason")
    list_display_links = ("when",)
    list_filter = (("at", RangeDateTimeFilter), ActorFilter, KindFilter)
    search_fields = ("object_id__exact", "object_label__exact", "actor_label__exact", "request_id__exact")
    search_help_text = _("An id, the whole name of a thing or of a person, or a request id.")
    ordering = ("-at", "-pk")
    sortable_by = ()
    list_before_template = "admin/trail_export.html"
    fields = ("at", "actor_label", "action", "kind", "object_id", "what", "changes", "reason", "request_id")

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        """Name every field, and those that are shown in another form."""
        return [*super().get_readonly_fields(request, obj), "kind", "what", "changes"]

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> Any:
        """Search for all that was written as one: names have spaces, and are looked up whole.

        A page shows the newest that each index finds; a file has all of them.
        """
        whole = search_term.strip().strip("\"'")
        if not whole:
            return queryset, False
        ways = [models.Q(**{name: whole}) for name in self.search_fields]
        if getattr(request, "takes_whole_trail", False):
            return queryset.filter(reduce(or_, ways)), False
        found = [
            list(queryset.filter(way).order_by("-pk").values_list("pk", flat=True)[:FOUND_AT_MOST]) for way in ways
        ]
        if any(len(keys) == FOUND_AT_MOST for keys in found):
            text = _t("Very many entries fit. The newest %(count)s are shown; narrow the list by time, person or kind.")
            messages.info(request, text % {"count": f"{FOUND_AT_MOST:,}"})
        # By the primary key alone: what belongs to whom was decided above, and no other index is to be gone through.
        return AuditEntry.objects.filter(pk__in=set().union(*found)).order_by(*self.ordering), False

    @display(description=_("time"))
    def when(self, entry: AuditEntry) -> SafeString:
        """The time in UTC, to the second."""
        return format_html('<time datetime="{}">{} UTC</time>', entry.at.isoformat(), f"{entry.at:%Y-%m-%d %H:%M:%S}")

    @display(description=_("kind"))
    def kind(self, entry: AuditEntry) -> str:
        """What was changed, by the name that its own page has."""
        try:
            return str(apps.get_model(entry.object_type)._meta.verbose_name)
        except LookupError:
            return entry.object_type

    @display(description=_("what"))
    def what(self, entry: AuditEntry) -> SafeString | str:
        """What it was called, with the way to its page where it has one."""
        page = _page_of(entry.object_type)
        if not page or not entry.object_id:
            return entry.object_label or "–"
        address = reverse(page, args=[entry.object_id])
        return format_html('<a class="drops-link" href="{}">{}</a>', address, entry.object_label or entry.object_id)

    @display(description=_("changes"))
    def changes(self, entry: AuditEntry) -> SafeString | str:
        """From what to what, value by value."""
        names = list(dict.fromkeys([*entry.before, *entry.after]))
        if not names:
            return "–"
        lines = ((name, _shown(entry.before, name), _shown(entry.after, name)) for name in names)
        rows = format_html_join("", '<tr><th scope="row">{}</th><td>{}</td><td>{}</td></tr>', lines)
        return format_html(
            '<div class="drops-scroll" tabindex="0" role="region" aria-label="{}"><table class="drops-table"><thead><tr>'
            '<th scope="col">{}</th><th scope="col">{}</th><th scope="col">{}</th></tr></thead><tbody>{}</tbody></table></div>',
            _t("Changes"),
            _t("value"),
            _t("before"),
            _t("after"),
            rows,
        )

    # Taking it away.

    def get_urls(self) -> list[URLPattern]:
        """Add the downloads."""
        view = self.admin_site.admin_view(require_safe(self.export_view))
        return [path("export/<str:format_name>/", view, name="portal_auditentry_export"), *super().get_urls()]

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        """Show the list, with the downloads for whom may take them."""
        query = request.GET.urlencode()
        downloads = [
            (name.upper(), f"{reverse('admin:portal_auditentry_export', args=[name])}{'?' if query else ''}{query}")
            for name in (FORMATS if may(request, Permission.BULK) else ())
        ]
        return super().changelist_view(request, {"downloads": downloads, **(extra_context or {})})

    def export_view(self, request: HttpRequest, format_name: str) -> HttpResponseBase:
        """Send what the list shows, all of it, newest first. It names people, so it needs what exporting them needs (S1)."""
        organization = active_organization(request)
        if organization is None or not (self.has_view_permission(request) and may(request, Permission.BULK)):
            raise PermissionDenied
        if format_name not in FORMATS:
            raise Http404
        request.takes_whole_trail = True  # type: ignore[attr-defined]
        try:
            entries: models.QuerySet[AuditEntry] = self.get_changelist_instance(request).queryset
        except IncorrectLookupParameters:  # a filter that the list itself would leave out, with a word about it
            raise Http404 from None
        now = timezone.now()
        audit.record(
            actor=request.user,  # type: ignore[arg-type]
            action="exported the audit trail",
            obj=organization,
            organization=organization,
            after={"format": format_name, "filter": request.GET.urlencode()[:500]},
            now=now,
        )
        return export_response(_table(organization, entries.filter(at__lt=now)), format_name)


def _table(organization: Organization, entries: models.QuerySet[AuditEntry]) -> Table:
    return Table(
        organization=organization,
        kind="audit-trail",
        columns=COLUMNS,
        rows=_rows(entries),
        zone_name="UTC",
        now=timezone.now(),
    )


def _rows(entries: models.QuerySet[AuditEntry]) -> Iterator[list[Any]]:
    for entry in keyset_rows(entries, by="at", newest_first=True):
        yield [
            entry.at,
            entry.actor_label,
            entry.action,
            entry.object_type,
            entry.object_id,
            entry.object_label,
            entry.before,
            entry.after,
            entry.reason,
            entry.request_id,
        ]


@lru_cache(maxsize=256)
def _page_of(object_type: str) -> str:
    """Return the name of the page that a kind's things have; empty where they have none."""
    name = f"admin:{object_type.replace('.', '_')}_change"
    try:
        reverse(name, args=["1"])
    except NoReverseMatch:
        return ""
    return name


def _shown(values: dict[str, Any], name: str) -> str:
    if name not in values:
        return ""
    return "–" if values[name] is None else str(values[name])
