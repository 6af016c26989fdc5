"""Actions on many claims or events: choose in the list, see the count, give a reason, watch the progress (D5)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _t

from fulfillment.admin.bulk_steps import (
    ACTION_NAMES,
    COURSE,
    PROGRESS,
    STEER,
    STEPS,
    WAITING,
    asking,
    progress,
    waiting_for,
    within_reach_of,
)
from fulfillment.admin.deed_form import ReasonForm
from fulfillment.bulk import TooMany
from fulfillment.models import BulkOperation
from fulfillment.models.bulk import MAX_CLAIMS
from portal.admin_base import OrganizationAdmin
from portal.live import live_address, live_part, wants_live_part
from portal.organizations import active_organization, may
from portal.roles import Permission

__all__ = ["ACTION_NAMES", "BulkPages", "many_address"]


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
        """Ask with the count first, then for a second member where one is needed; then show how far it is."""
        operation = self._operation(request, operation_id)
        if not may(request, Permission.BULK):
            raise PermissionDenied
        posted = request.POST if request.method == "POST" else None
        step = STEPS.get(posted.get("do", "confirm")) if posted is not None else None
        form = ReasonForm(posted if step is not None and step.needs_reason else None)
        if step is not None and (form.is_valid() or not step.needs_reason):
            step.take(request, operation, form.cleaned_data["reason"] if step.needs_reason else "")
            return HttpResponseRedirect(request.path)
        context: dict[str, Any] = {
            **self.admin_site.each_context(request),
            "title": ACTION_NAMES[operation.action],
            "operation": operation,
            "form": form,
            "back": reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_changelist"),
            "back_label": self.back_to_list,
            "opts": self.opts,
        }
        if operation.status == BulkOperation.Status.CHOSEN:
            return TemplateResponse(request, self.bulk_confirm_template, context | asking(request, operation))
        if operation.status == BulkOperation.Status.ASKED:
            return TemplateResponse(request, WAITING, context | waiting_for(request, operation))
        context |= progress(operation)
        if wants_live_part(request):
            return live_part(request, COURSE, context)
        if (step is not None or "steer" in request.GET) and operation.finished_at is None:
            return TemplateResponse(request, STEER, context)
        context["live_from"] = live_address(request) if operation.status == BulkOperation.Status.RUNNING else ""
        return TemplateResponse(request, PROGRESS, context)

    def _operation(self, request: HttpRequest, operation_id: str) -> BulkOperation:
        """Return the operation; one of another organization, list or reach does not exist (S1)."""
        found = within_reach_of(request).filter(action__in=self.bulk_actions, pk=operation_id).first()
        if found is None:
            raise Http404
        return found


def many_address(operation: BulkOperation) -> str:
    """Return the address of the page that asks about an action and shows its progress."""
    model = "eventdelivery" if operation.action == BulkOperation.Action.REPLAY else "claim"
    return reverse(f"admin:fulfillment_{model}_many", args=[operation.pk])
