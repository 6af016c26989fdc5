"""The second member who approves an action on very many claims: not the one who asked for it (S1).

What is approved is what was chosen: the claims, the action and the reason do not change once it was asked for.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from fulfillment.acting import NotPossible
from fulfillment.bulk import audit_bulk, kick
from fulfillment.models import BulkOperation
from portal.models import Membership, Organization, User
from portal.organizations import can, games_of
from portal.roles import Permission, Role, allows
from portal.sentences import Sentence


def waiting(organization: Organization) -> QuerySet[BulkOperation]:
    """Return what waits for a second member in an organization."""
    return BulkOperation.objects.filter(organization=organization, status=BulkOperation.Status.ASKED)


def may_approve(user: User, operation: BulkOperation) -> bool:
    """Tell whether this member may decide: allowed bulk actions, on all games, and not the one who asked."""
    organization = operation.organization
    return (
        user.pk != operation.actor_id
        and can(user, Permission.BULK, organization)
        and games_of(user, organization) is None
    )


def count_approvers(operation: BulkOperation, *, besides: User) -> int:
    """Return how many could approve, the portal's administrators among them, were ``besides`` the one who asks."""
    able = [role for role in Role if allows(role, Permission.BULK, producers_may_publish=False)]
    members = Membership.objects.filter(organization=operation.organization_id, role__in=able, all_games=True)
    people = User.objects.filter(Q(is_superuser=True) | Q(pk__in=members.values("user")), is_active=True)
    return people.exclude(pk=besides.pk).count()


def approve(*, operation: BulkOperation, actor: User, now: datetime) -> None:
    """Let an operation that waits begin.

    Raises:
        NotPossible: it does not wait any more, it waited too long, the member may not decide, or who asked for it may by
            now no longer do it.
    """
    with transaction.atomic():
        asked = _locked(operation)
        _demand(asked.expires_at is None or now < asked.expires_at, _EXPIRED)
        _demand(may_approve(_as_of_now(actor), asked), _NOT_YOURS)
        asker = asked.actor
        _demand(asker is not None and can(asker, Permission.BULK, asked.organization), _ASKER_GONE)
        _decide(asked, actor, now, status=BulkOperation.Status.RUNNING, due_at=now)
        audit_bulk(asked, "approved bulk", actor=actor, reason=asked.reason, now=now)
        transaction.on_commit(lambda: kick(asked.pk), robust=True)


def refuse(*, operation: BulkOperation, actor: User, reason: str, now: datetime) -> None:
    """Decide that an operation that waits does not begin.

    Raises:
        NotPossible: it does not wait any more, the member may not decide, or no reason was given.
    """
    reason = reason.strip()[:500]
    _demand(bool(reason), _("Give a reason: who asked for it reads it."))
    with transaction.atomic():
        asked = _locked(operation)
        _demand(may_approve(_as_of_now(actor), asked), _NOT_YOURS)
        _decide(asked, actor, now, status=BulkOperation.Status.REFUSED, finished_at=now, decision_reason=reason)
        audit_bulk(asked, "refused bulk", actor=actor, reason=reason, now=now)


def withdraw(*, operation: BulkOperation, actor: User, now: datetime) -> None:
    """Take back what one asked for and what nobody has approved yet.

    Raises:
        NotPossible: it does not wait any more, or somebody else asked for it.
    """
    with transaction.atomic():
        asked = _locked(operation)
        _demand(asked.actor_id == actor.pk, _("Only who asked for it takes it back. Refuse it instead."))
        BulkOperation.objects.filter(pk=asked.pk).update(status=BulkOperation.Status.WITHDRAWN, finished_at=now)
        audit_bulk(asked, "withdrew bulk", actor=actor, reason="", now=now)


_EXPIRED = _("Nobody approved it in time. Choose the claims anew: others may need it by now.")
_NOT_YOURS = _("Another member than who asked has to decide: a producer or owner who works on all games.")
_ASKER_GONE = _("Who asked for it may no longer do such a thing. Refuse it, and have somebody else choose anew.")


def _locked(operation: BulkOperation) -> BulkOperation:
    found = (
        BulkOperation.objects.select_for_update(of=("self",))
        .select_related("organization", "actor")
        .defer("claim_ids")
        .filter(pk=operation.pk, status=BulkOperation.Status.ASKED)
        .first()
    )
    if found is None:
        raise NotPossible(Sentence(_("It does not wait for approval any more: look at what became of it.")))
    return found


def _as_of_now(user: User) -> User:
    """Return the person as the database knows them at this moment, not as the request did when it began."""
    return User.objects.get(pk=user.pk)


def _decide(operation: BulkOperation, approver: User, now: datetime, **changes: Any) -> None:
    BulkOperation.objects.filter(pk=operation.pk).update(
        approver=approver, approver_label=str(approver)[:150], decided_at=now, **changes
    )


def _demand(holds: bool, why: Any) -> None:
    if not holds:
        raise NotPossible(Sentence(why))
