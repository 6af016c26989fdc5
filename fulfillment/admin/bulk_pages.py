"""Actions on many claims or events: choose in the list, see the count, give a reason, watch the progress (D5)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _

from fulfillment.admin.deed_form import ReasonForm
from fulfillment.admin.words import chip, utc
from fulfillment.bulk import TooMany, confirm, preview
from fulfillment.models import BulkOperation
from fulfillment.models.bulk import MAX_CLAIMS
from portal.admin_base import OrganizationAdmin, ReadOnlyAdmin, display
from portal.organizations import active_organization, may
from portal.roles import Permission

ACTION_NAMES: Mapping[str, Any] = {
    BulkOperation.Action.RETRY: _("Retry the chosen claims"),
    BulkOperation.Action.HOLD: _("Hold the chosen claims"),
    BulkOperation.Action.RELEASE: _("Release the chosen claims"),
    BulkOperation.Action.ABANDON: _("Close the chosen claims without delivery"),
    BulkOperation.Action.ASSIGN: _("Assign claims in quarantine"),
    BulkOperation.Action.REPLAY: _("Send the chosen events again"),
}

_TEXTS: Mapping[str, str | Promise] = {
    BulkOperation.Action.RETRY: _("They are worked out again, or sent again, with the idempotency keys they had."),
    BulkOperation.Action.HOLD: _("They are not sent until somebody releases them."),
    BulkOperation.Action.RELEASE: _(
        "They go on in spite of why they are held, and are delivered if nothing else is in the way."
    ),
    BulkOperation.Action.ABANDON: _("Their rewards are not delivered. Each can be reopened later."),
    BulkOperation.Action.ASSIGN: _("They are worked out again, as claims for what is assigned to them."),
    BulkOperation.Action.REPLAY: _(
        "Each goes out with the message id it had, so that a receiver which took it before knows it. All attempts begin anew."
    ),
}


class BulkPages(OrganizationAdmin):
    """What a list needs for actions on many of its rows."""

    bulk_actions: frozenset[str] = frozenset()
    """The actions whose rows are this list's."""

    back_to_list: str | Promise = ""
    bulk_confirm_template = "admin/fulfillment/bulk_confirm.html"

    def bulk_urls(self) -> list[URLPattern]:
        """Return the address of the page that asks and then shows the progress."""
        name = f"{self.opts.app_label}_{self.opts.model_name}_many"
        return [path("many/<str:operation_id>/", self.admin_site.admin_view(self.many_view), name=name)]

    def chosen(self, request: HttpRequest, choose: Callable[..., BulkOperation]) -> HttpResponse | None:
        """Remember with ``choose`` which rows are meant and ask; None, with a message, if they are too many."""
        organization = active_organization(request)
        if organization is None or not may(request, Permission.BULK):
            raise PermissionDenied
        try:
            operation = choose(organization=organization, actor=request.user, now=timezone.now())
        except TooMany:
            messages.error(
                request,
                _t("These are more than %(count)s. Narrow the choice first.") % {"count": f"{MAX_CLAIMS:,}"},
            )
            return None
        return HttpResponseRedirect(many_address(operation))

    def many_view(self, request: HttpRequest, operation_id: str) -> HttpResponse:
        """Ask with the count first; once confirmed, show how far it is."""
        mine = BulkOperation.objects.filter(organization=active_organization(request), action__in=self.bulk_actions)
        operation = mine.filter(pk=operation_id).first()
        if operation is None:
            raise Http404
        if not may(request, Permission.BULK):
            raise PermissionDenied
        form = ReasonForm(request.POST if request.method == "POST" else None)
        if operation.confirmed_at is None and request.method == "POST" and form.is_valid():
            confirm(
                operation=operation,
                reason=form.cleaned_data["reason"],
                actor=request.user,  # type: ignore[arg-type]
                now=timezone.now(),
            )
            return HttpResponseRedirect(request.path)
        context: dict[str, Any] = {
            **self.admin_site.each_context(request),
            "title": ACTION_NAMES[operation.action],
            "operation": operation,
            "back": reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_changelist"),
            "back_label": self.back_to_list,
            "opts": self.opts,
        }
        if operation.confirmed_at is None:
            return self._ask(request, operation, {**context, "form": form})
        response = TemplateResponse(request, "admin/fulfillment/bulk_progress.html", context)
        if operation.finished_at is None:
            response.headers["Refresh"] = "2"  # works without scripts; nothing is lost by looking away
        return response

    def _ask(self, request: HttpRequest, operation: BulkOperation, context: dict[str, Any]) -> HttpResponse:
        counted = preview(operation)
        context |= {
            "text": _TEXTS[operation.action],
            "possible": counted.possible,
            "refused": counted.refused.most_common(),
            "stuck": counted.stuck,
            "gone": operation.total - counted.possible - sum(counted.refused.values()),
            "style": "drops-button-danger"
            if operation.action == BulkOperation.Action.ABANDON
            else "drops-button-primary",
        }
        return TemplateResponse(request, self.bulk_confirm_template, context)


def many_address(operation: BulkOperation) -> str:
    """Return the address of the page that asks about an action and shows its progress."""
    model = "eventdelivery" if operation.action == BulkOperation.Action.REPLAY else "claim"
    return reverse(f"admin:fulfillment_{model}_many", args=[operation.pk])


@admin.register(BulkOperation)
class BulkOperationAdmin(ReadOnlyAdmin):
    """The actions on many claims or events that were confirmed, newest first."""

    menu_icon = "checklist"
    menu_order = 20
    view_permission = Permission.BULK
    list_display = ("what", "how_many", "progress", "actor_label", "confirmed", "reason")
    ordering = ("-id",)
    sortable_by = ()

    def get_queryset(self, request: HttpRequest) -> Any:
        """Return what was confirmed, without the long lists of ids."""
        return super().get_queryset(request).filter(confirmed_at__isnull=False).defer("claim_ids")

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
        """What is done."""
        return operation.get_action_display()

    @display(description=_("how many"))
    def how_many(self, operation: BulkOperation) -> str:
        """How many claims or events were chosen."""
        return f"{operation.total:,}"

    @display(description=_("progress"))
    def progress(self, operation: BulkOperation) -> Any:
        """How far it is."""
        if operation.finished_at:
            return chip(_t("finished"), "check", "drops-chip-ok")
        return chip(f"{operation.position:,} / {operation.total:,}", "pending", "drops-chip-attention")

    @display(description=_("confirmed at"))
    def confirmed(self, operation: BulkOperation) -> Any:
        """When it was confirmed."""
        return utc(operation.confirmed_at)
