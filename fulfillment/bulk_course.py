"""Pausing, resuming and cancelling an action on many claims while it is under way (D5).

Each is a compare-and-set on the status. A chunk is done under the lock of the operation's row, so that a pause waits for the
chunk that is being done and stands before the next; what was done stays done.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from fulfillment.acting import NotPossible
from fulfillment.bulk import audit_bulk, kick
from fulfillment.models import BulkOperation
from portal.models import User
from portal.sentences import Sentence

Status = BulkOperation.Status


def pause(*, operation: BulkOperation, actor: User, now: datetime) -> None:
    """Stop an operation until somebody resumes it.

    Raises:
        NotPossible: it is not under way.
    """
    values = {"status": Status.PAUSED, "due_at": None, **_halted(actor, "", now)}
    _move(operation, {Status.RUNNING}, values, what="paused bulk", actor=actor, now=now)


def resume(*, operation: BulkOperation, actor: User, now: datetime) -> None:
    """Let a paused operation go on where it stopped; who resumes it answers for it from now on.

    Raises:
        NotPossible: it is not paused.
    """
    values = {"status": Status.RUNNING, "due_at": now, "responsible": actor, **_NOT_HALTED}
    with transaction.atomic():
        _move(operation, {Status.PAUSED}, values, what="resumed bulk", actor=actor, now=now)
        transaction.on_commit(lambda: kick(operation.pk), robust=True)


def cancel(*, operation: BulkOperation, actor: User, reason: str, now: datetime) -> None:
    """End an operation where it is: what it has not reached stays as it was.

    Raises:
        NotPossible: it is neither under way nor paused, or no reason was given.
    """
    reason = reason.strip()[:500]
    if not reason:
        raise NotPossible(Sentence(_("Give a reason: it is kept in the history.")))
    values = {"status": Status.CANCELLED, "due_at": None, "finished_at": now, **_halted(actor, reason, now)}
    _move(
        operation, {Status.RUNNING, Status.PAUSED}, values, what="cancelled bulk", actor=actor, now=now, reason=reason
    )


_NOT_HALTED = {"halted_at": None, "halted_by": "", "halt_reason": ""}


def _halted(actor: User, reason: str, now: datetime) -> dict[str, Any]:
    return {"halted_at": now, "halted_by": str(actor)[:150], "halt_reason": reason}


def _move(
    operation: BulkOperation,
    before: set[Status],
    values: dict[str, Any],
    *,
    what: str,
    actor: User,
    now: datetime,
    reason: str = "",
) -> None:
    with transaction.atomic():
        if not BulkOperation.objects.filter(pk=operation.pk, status__in=before).update(**values):
            raise NotPossible(Sentence(_("It is not under way any more: look at what became of it.")))
        operation.refresh_from_db(fields=[*values, "position", "done", "skipped"])
        audit_bulk(operation, what, actor=actor, reason=reason, now=now)
