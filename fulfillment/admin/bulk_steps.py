"""What the page of an action on many says at each step, and what its buttons do (D5, S1)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from fulfillment.acting import NotPossible
from fulfillment.admin.words import reason_name, state_chip
from fulfillment.bulk import confirm, preview
from fulfillment.bulk_approval import approve, count_approvers, may_approve, refuse, withdraw
from fulfillment.bulk_course import cancel, pause, resume
from fulfillment.models import BulkOperation, Claim
from portal.models import User
from portal.organizations import active_organization, game_scope

WAITING = "admin/fulfillment/bulk_waiting.html"
PROGRESS = "admin/fulfillment/bulk_progress.html"
COURSE = "admin/fulfillment/bulk_course.html"
STEER = "admin/fulfillment/bulk_steer.html"
_SAMPLE = 10


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


@dataclass(frozen=True)
class Step:
    """One button: what it does, whether it asks for a reason, and what is said when it was done."""

    do: Callable[[BulkOperation, User, str, datetime], object]
    said: str | Promise = ""
    needs_reason: bool = False

    def take(self, request: HttpRequest, operation: BulkOperation, reason: str) -> None:
        """Do it, and tell in a message what came of it."""
        try:
            self.do(operation, request.user, reason, timezone.now())  # type: ignore[arg-type]
        except NotPossible as refusal:
            messages.error(request, str(refusal))
        else:
            if self.said:
                messages.success(request, str(self.said))


STEPS: Mapping[str, Step] = {
    "confirm": Step(lambda o, who, why, at: confirm(operation=o, reason=why, actor=who, now=at), needs_reason=True),
    "approve": Step(lambda o, who, _why, at: approve(operation=o, actor=who, now=at), _("Approved: it begins now.")),
    "refuse": Step(
        lambda o, who, why, at: refuse(operation=o, actor=who, reason=why, now=at),
        _("Refused. Nothing was changed, and who asked for it reads your reason here."),
        needs_reason=True,
    ),
    "withdraw": Step(
        lambda o, who, _why, at: withdraw(operation=o, actor=who, now=at), _("Taken back. Nothing was changed.")
    ),
    "pause": Step(
        lambda o, who, _why, at: pause(operation=o, actor=who, now=at),
        _("Paused. What was done stays done; the rest waits until somebody resumes it."),
    ),
    "resume": Step(lambda o, who, _why, at: resume(operation=o, actor=who, now=at), _("It goes on where it stopped.")),
    "cancel": Step(
        lambda o, who, why, at: cancel(operation=o, actor=who, reason=why, now=at),
        _("Cancelled. What was done stays done; the rest is left as it was."),
        needs_reason=True,
    ),
}
"""What a press may do, by the name that the button sends."""


def within_reach_of(request: HttpRequest) -> QuerySet[BulkOperation]:
    """Return the organization's operations that this person may see: a member of some games sees what they asked for.

    Without the long lists of ids, which only the counting before it begins needs.
    """
    mine = BulkOperation.objects.filter(organization=active_organization(request)).select_related("organization")
    mine = mine.defer("claim_ids")
    return mine if game_scope(request) is None else mine.filter(actor=request.user)  # type: ignore[misc]


def asking(request: HttpRequest, operation: BulkOperation) -> dict[str, Any]:
    """Return what is said before an operation is confirmed: the count first, and whether a second member is needed."""
    above = operation.organization.approval_above
    waits = operation.total > above
    return counts(operation) | {
        "text": _TEXTS[operation.action],
        "above": above,
        "waits": waits,
        "approvers": count_approvers(operation, besides=request.user) if waits else 0,  # type: ignore[arg-type]
        "style": "drops-button-danger" if operation.action == BulkOperation.Action.ABANDON else "drops-button-primary",
    }


def counts(operation: BulkOperation) -> dict[str, Any]:
    """Return how many of what was chosen can be changed at this moment, and why not the others."""
    counted = preview(operation)
    return {
        "possible": counted.possible,
        "refused": counted.refused.most_common(),
        "stuck": counted.stuck,
        "gone": operation.total - counted.possible - sum(counted.refused.values()),
    }


def waiting_for(request: HttpRequest, operation: BulkOperation) -> dict[str, Any]:
    """Return what a second member has to know to decide, and what this person may do about it."""
    mine = operation.actor_id == request.user.pk
    return counts(operation) | {
        "text": _TEXTS[operation.action],
        "mine": mine,
        "may_decide": not mine and may_approve(request.user, operation),  # type: ignore[arg-type]
        "sample": _sample(operation),
        "more": max(0, operation.total - _SAMPLE),
    }


def _sample(operation: BulkOperation) -> list[dict[str, Any]]:
    if operation.action == BulkOperation.Action.REPLAY:
        return []
    claims = Claim.objects.filter(pk__in=operation.claim_ids[:_SAMPLE], organization=operation.organization_id)
    rows = claims.select_related("reward", "campaign").defer("raw").order_by("pk")
    return [
        {"claim": claim, "chip": state_chip(claim.state), "why": reason_name(claim.state, claim.reason)}
        for claim in rows
    ]


def progress(operation: BulkOperation) -> dict[str, Any]:
    """Return how far an operation is, as it is this moment."""
    return {
        "status": operation.get_status_display(),
        "untouched": operation.total - operation.position,
        "is_event": operation.action == BulkOperation.Action.REPLAY,
        "by_itself": operation.status == BulkOperation.Status.PAUSED and not operation.halted_by,
    }
