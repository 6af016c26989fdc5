"""The audit trail, to be read and searched (S5)."""

from __future__ import annotations

import json
from typing import Any

from django.apps import apps
from django.contrib import admin
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import FieldTextFilter, RangeDateTimeFilter

from portal.admin_base import ReadOnlyAdmin, display
from portal.models import AuditEntry
from portal.roles import Permission


@admin.register(AuditEntry)
class AuditEntryAdmin(ReadOnlyAdmin):
    """Who changed what in the organization. Owners, producers and support read it; it holds people's names."""

    menu_icon = "history"
    menu_order = 40
    view_permission = Permission.SEE_PEOPLE
    list_display = ("at", "actor_label", "action", "kind", "object_label", "reason")
    list_filter = (("at", RangeDateTimeFilter), ("object_type", FieldTextFilter), ("actor_label", FieldTextFilter))
    search_fields = ("object_id__exact", "object_label", "actor_label", "action")
    ordering = ("-at", "-pk")
    fields = ("at", "actor_label", "action", "kind", "object_id", "object_label", "was", "became", "reason")

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        """Name every field, and those that are shown in another form."""
        return [*super().get_readonly_fields(request, obj), "kind", "was", "became"]

    @display(description=_("kind"))
    def kind(self, entry: AuditEntry) -> str:
        """What was changed, by the name that its own page has."""
        try:
            return str(apps.get_model(entry.object_type)._meta.verbose_name)
        except LookupError:
            return entry.object_type

    @display(description=_("before"))
    def was(self, entry: AuditEntry) -> SafeString:
        """The values before."""
        return _values(entry.before)

    @display(description=_("after"))
    def became(self, entry: AuditEntry) -> SafeString:
        """The values after."""
        return _values(entry.after)


def _values(values: dict[str, Any]) -> SafeString:
    text = json.dumps(values, indent=2, ensure_ascii=False) if values else "–"
    return format_html('<pre class="drops-pre">{}</pre>', text)
