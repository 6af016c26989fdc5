"""The list of actions on many: those that wait for a second member, are under way, and are over (D5, S1)."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _

from fulfillment.admin.bulk_pages import many_address
from fulfillment.admin.bulk_steps import within_reach_of
from fulfillment.admin.words import chip, utc
from fulfillment.models import BulkOperation
from portal.admin_base import ReadOnlyAdmin, display
from portal.admin_filters import ChoicesDropdownFilter
from portal.roles import Permission

_CHIPS = {
    BulkOperation.Status.ASKED: ("how_to_vote", "drops-chip-attention"),
    BulkOperation.Status.RUNNING: ("pending", "drops-chip-attention"),
    BulkOperation.Status.PAUSED: ("pause", "drops-chip-attention"),
    BulkOperation.Status.FINISHED: ("check", "drops-chip-ok"),
}


@admin.register(BulkOperation)
class BulkOperationAdmin(ReadOnlyAdmin):
    """The actions on many claims or events that somebody asked for, newest first."""

    menu_icon = "checklist"
    menu_order = 20
    view_permission = Permission.BULK
    list_display = ("what", "how_many", "progress", "actor_label", "confirmed", "reason")
    list_filter = (("status", ChoicesDropdownFilter),)
    list_before_template = "admin/fulfillment/bulk_list_header.html"
    ordering = ("-id",)
    sortable_by = ()

    def get_queryset(self, request: HttpRequest) -> Any:
        """Return what was asked for, without the long lists of ids."""
        mine = super().get_queryset(request).filter(confirmed_at__isnull=False)
        return mine.filter(pk__in=within_reach_of(request).values("pk")).defer("claim_ids")

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Lead to the page with the progress."""
        operation = self.get_object(request, object_id)
        if operation is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)
        return HttpResponseRedirect(many_address(operation))

    @display(description=_("action"))
    def what(self, operation: BulkOperation) -> str:
        """What is done, and since when what it is done to was asked for."""
        if operation.since is None:
            return operation.get_action_display()
        told = {"action": operation.get_action_display(), "since": f"{operation.since:%Y-%m-%d %H:%M:%S}"}
        return _t("%(action)s, all since %(since)s UTC") % told

    @display(description=_("how many"))
    def how_many(self, operation: BulkOperation) -> str:
        """How many claims or events were chosen."""
        return f"{operation.total:,}"

    @display(description=_("progress"))
    def progress(self, operation: BulkOperation) -> Any:
        """Its status, and how far it is."""
        icon, style = _CHIPS.get(BulkOperation.Status(operation.status), ("block", ""))
        words = operation.get_status_display()
        if operation.status in (BulkOperation.Status.ASKED, BulkOperation.Status.FINISHED):
            return chip(words, icon, style)
        places = {"status": words, "position": f"{operation.position:,}", "total": f"{operation.total:,}"}
        return chip(_t("%(status)s, %(position)s of %(total)s dealt with") % places, icon, style)

    @display(description=_("asked for at"))
    def confirmed(self, operation: BulkOperation) -> Any:
        """When it was asked for."""
        return utc(operation.confirmed_at)
