"""Bulk actions on claims and events: chosen, counted, confirmed, then worked off in chunks that survive any crash (D5).

Above a number that the organization sets, one begins only when a second member has approved it: that is
:mod:`fulfillment.bulk_approval`. Pausing, resuming and cancelling, at the border of a chunk, is :mod:`fulfillment.bulk_course`.
No action sends again what was delivered: each claim is looked at under its lock when its turn comes.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import BooleanField, Count, ExpressionWrapper, F, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django_q.tasks import async_task

from campaigns.models import Campaign, Reward
from fulfillment.claims import OPERATIONS, NotPossible, assign_claims
from fulfillment.events.replay import replay
from fulfillment.models import BulkOperation, Claim, EventDelivery
from fulfillment.models.bulk import APPROVAL_DAYS, MAX_CLAIMS
from fulfillment.rules.codes import Action
from fulfillment.rules.possible import Standing, why_not
from fulfillment.rules.states import State
from portal import audit
from portal.models import Organization, User
from portal.organizations import can, games_of
from portal.reach import in_games
from portal.roles import Permission
from portal.sentences import Sentence

CHUNK = 500
LEASE = timedelta(seconds=60)
BUDGET_SECONDS = 15.0
"""So long one task works at most: a background task is ended after 30 seconds."""

UNCONFIRMED_KEPT = timedelta(days=1)
_COUNTED_AT_ONCE = 20_000  # SQLite takes 32,766 parameters in a statement


class TooMany(Exception):
    """More claims or events were chosen than one action takes."""


@dataclass(slots=True)
class Preview:
    """How many of what was chosen an action fits, and why not the others.

    ``stuck`` of the possible ones are events for a subscription that is switched off or paused: they wait for it.
    """

    possible: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    stuck: int = 0


def choose_claims(
    *,
    organization: Organization,
    action: str,
    claims: QuerySet[Claim],
    since: datetime | None = None,
    actor: User,
    now: datetime,
) -> BulkOperation:
    """Keep which claims are meant, as they are now; nothing is done before :func:`confirm`.

    ``since`` is for people to read: the time that narrowed ``claims``, if one did.

    Raises:
        TooMany: they are more than ``MAX_CLAIMS``.
    """
    return _choose(organization, BulkOperation.Action(action), claims, since=since, actor=actor, now=now)


def choose_event_deliveries(
    *,
    organization: Organization,
    deliveries: QuerySet[EventDelivery],
    since: datetime | None = None,
    actor: User,
    now: datetime,
) -> BulkOperation:
    """Keep which events are to be sent again, and to whom; nothing is done before :func:`confirm`.

    ``since`` is for people to read: the time that narrowed ``deliveries``, if one did.

    Raises:
        TooMany: they are more than ``MAX_CLAIMS``.
    """
    return _choose(organization, BulkOperation.Action.REPLAY, deliveries, since=since, actor=actor, now=now)


def choose_assignment(
    *,
    organization: Organization,
    claims: QuerySet[Claim],
    reward: Reward | None = None,
    campaign: Campaign | None = None,
    actor: User,
    now: datetime,
) -> BulkOperation:
    """Keep which claims a reward or a campaign is to be assigned to; nothing is done before :func:`confirm`.

    Of more than ``MAX_CLAIMS`` so many are taken, whichever the database finds first; the others are for another time.
    """
    ids = sorted(claims.order_by().values_list("pk", flat=True)[:MAX_CLAIMS])
    return _kept(organization, BulkOperation.Action.ASSIGN, ids, reward=reward, campaign=campaign, actor=actor, now=now)


def _choose(
    organization: Organization,
    action: BulkOperation.Action,
    rows: QuerySet[Any],
    *,
    since: datetime | None,
    actor: User,
    now: datetime,
) -> BulkOperation:
    ids = list(rows.order_by("pk").values_list("pk", flat=True)[: MAX_CLAIMS + 1])
    if len(ids) > MAX_CLAIMS:
        raise TooMany
    return _kept(organization, action, ids, since=since, actor=actor, now=now)


def _kept(
    organization: Organization,
    action: BulkOperation.Action,
    ids: list[Any],
    *,
    actor: User,
    now: datetime,
    **told: Any,
) -> BulkOperation:
    return BulkOperation.objects.create(
        organization=organization,
        action=action,
        actor=actor,
        actor_label=str(actor)[:150],
        claim_ids=ids,
        total=len(ids),
        created_at=now,
        **told,
    )


def preview(operation: BulkOperation) -> Preview:
    """Count how many of the chosen claims or events the action fits at this moment."""
    counted = Preview()
    count = _count_events if operation.action == BulkOperation.Action.REPLAY else _count_claims
    for ids in _parts(operation.claim_ids, _COUNTED_AT_ONCE):
        count(operation, ids, counted)
    return counted


def _count_claims(operation: BulkOperation, ids: list[Any], counted: Preview) -> None:
    mine = Claim.objects.filter(pk__in=ids, organization=operation.organization_id).order_by()
    for group in mine.values("state", "reason", "staff_hold").annotate(count=Count("pk")):
        standing = Standing(State(group["state"]), group["reason"], group["staff_hold"])
        problem = why_not(Action(operation.action), standing)
        if problem is None:
            counted.possible += group["count"]
        else:
            counted.refused[str(problem)] += group["count"]


def _count_events(operation: BulkOperation, ids: list[Any], counted: Preview) -> None:
    mine = EventDelivery.objects.filter(pk__in=ids, subscription__organization=operation.organization_id).order_by()
    erased = ExpressionWrapper(Q(event__body=""), output_field=BooleanField())
    works = ExpressionWrapper(Q(subscription__enabled=True, subscription__opened_at=None), output_field=BooleanField())
    groups = mine.annotate(erased=erased, works=works).values("erased", "leased", "works")
    for group in groups.annotate(count=Count("pk")):
        if group["erased"]:
            counted.refused[str(_("whom it told of was erased"))] += group["count"]
        elif group["leased"]:
            counted.refused[str(_("it is being sent at this moment"))] += group["count"]
        else:
            counted.possible += group["count"]
            counted.stuck += 0 if group["works"] else group["count"]


def confirm(*, operation: BulkOperation, reason: str, actor: User, now: datetime) -> bool:
    """Set a chosen operation going, or, above the organization's number, have it wait for a second member.

    Pressing twice does it once. Whether it has to wait is decided here and now by what was chosen: the number may change
    afterwards, and changes nothing about it. Returns whether this call did it.

    Raises:
        NotPossible: no reason was given.
    """
    if not reason.strip():
        raise NotPossible(Sentence(_("Give a reason: it is kept in the history.")))
    with transaction.atomic():
        above = Organization.objects.values_list("approval_above", flat=True).get(pk=operation.organization_id)
        waits = operation.total > above
        changes: dict[str, Any] = {
            "status": BulkOperation.Status.ASKED if waits else BulkOperation.Status.RUNNING,
            "confirmed_at": now,
            "due_at": None if waits else now,
            "approval_above": above if waits else None,
            "expires_at": now + timedelta(days=APPROVAL_DAYS) if waits else None,
            "reason": reason.strip()[:500],
            "actor": actor,
            "actor_label": str(actor)[:150],
            "responsible": actor,
        }
        if not BulkOperation.objects.filter(pk=operation.pk, status=BulkOperation.Status.CHOSEN).update(**changes):
            return False
        operation.refresh_from_db(fields=list(changes))
        audit_bulk(operation, "asked for bulk" if waits else "bulk", actor=actor, reason=operation.reason, now=now)
        if not waits:
            transaction.on_commit(lambda: kick(operation.pk), robust=True)
    return True


def audit_bulk(operation: BulkOperation, what: str, *, actor: User, reason: str, now: datetime) -> None:
    """Write into the audit trail what somebody did about an operation."""
    counted = "events" if operation.action == BulkOperation.Action.REPLAY else "claims"
    audit.record(
        actor=actor,
        action=f"{what} {operation.action}",
        obj=operation,
        organization=operation.organization,
        after={counted: operation.total, "dealt with": operation.position},
        reason=reason,
        now=now,
    )


def kick(operation_id: str) -> None:
    """Have a background process take an operation up. Should this be lost, the schedule finds the operation."""
    async_task("fulfillment.bulk.work_off", operation_id)


def work_off(
    operation_id: str, *, clock: Callable[[], datetime] = timezone.now, seconds: float = BUDGET_SECONDS
) -> bool:
    """Work on an operation for a while. Returns whether nothing is left to do just now; if not, another task goes on."""
    until = time.monotonic() + seconds
    while do_chunk(operation_id, now=clock()):
        if time.monotonic() >= until:
            BulkOperation.objects.filter(pk=operation_id, status=BulkOperation.Status.RUNNING).update(due_at=clock())
            kick(operation_id)
            return False
    return True


def do_chunk(operation_id: str, *, now: datetime) -> bool:
    """Do the next claims or events and move the checkpoint, in one transaction. Returns whether anything is left to do.

    Nothing is done, and nothing is left to do, while it is not under way. It pauses by itself where nobody answers for it
    any more: who asked, or resumed it last, is no longer a member who may.
    """
    with transaction.atomic():
        operation = (
            BulkOperation.objects.select_for_update(of=("self",))
            .select_related("actor", "responsible", "organization")
            .filter(pk=operation_id, status=BulkOperation.Status.RUNNING)
            .first()
        )
        if operation is None:
            return False
        mine = BulkOperation.objects.filter(pk=operation_id)
        if operation.responsible is None or not can(operation.responsible, Permission.BULK, operation.organization):
            mine.update(status=BulkOperation.Status.PAUSED, due_at=None, halted_at=now, halted_by="", halt_reason="")
            return False
        chunk = operation.claim_ids[operation.position : operation.position + CHUNK]
        done = _do(operation, chunk, now=now) if chunk else 0
        position = operation.position + len(chunk)
        left = position < operation.total
        mine.update(
            position=position,
            done=F("done") + done,
            skipped=F("skipped") + len(chunk) - done,
            due_at=now + LEASE if left else None,
            finished_at=None if left else now,
            status=BulkOperation.Status.RUNNING if left else BulkOperation.Status.FINISHED,
        )
    return left


def take_up_due(*, now: datetime | None = None) -> int:
    """Kick the operations that nobody works on; end those nobody approved, and remove choices that were never confirmed.

    Returns how many were kicked.
    """
    now = now or timezone.now()
    due = list(BulkOperation.objects.filter(due_at__lte=now).values_list("pk", flat=True))
    for operation_id in due:
        kick(operation_id)
    BulkOperation.objects.filter(status=BulkOperation.Status.ASKED, expires_at__lte=now).update(
        status=BulkOperation.Status.EXPIRED, finished_at=now
    )
    BulkOperation.objects.filter(confirmed_at=None, created_at__lt=now - UNCONFIRMED_KEPT).delete()
    return len(due)


def _do(operation: BulkOperation, chunk: Iterable[Any], *, now: datetime) -> int:
    if operation.action == BulkOperation.Action.REPLAY:
        deliveries = EventDelivery.objects.filter(
            pk__in=list(chunk), subscription__organization=operation.organization_id
        )
        return replay(delivery_ids=list(deliveries.values_list("pk", flat=True)), actor=operation.actor, now=now)
    mine = Claim.objects.filter(pk__in=list(chunk), organization=operation.organization_id)
    if operation.responsible is not None:
        # Who works on some games only by now reaches the claims of these (S1); the others are left as they were.
        mine = in_games(mine, games_of(operation.responsible, operation.organization))
    given: dict[str, Any] = {"actor": operation.actor, "now": now, "reason": operation.reason}
    call = OPERATIONS[Action(operation.action)].call
    if operation.action == BulkOperation.Action.ASSIGN:
        call, given = assign_claims, {**given, "reward": operation.reward, "campaign": operation.campaign}
    outcome = call(claim_ids=list(mine.values_list("pk", flat=True)), **given)
    return len(outcome.done)


def _parts(ids: list[Any], size: int) -> Iterator[list[Any]]:
    for start in range(0, len(ids), size):
        yield ids[start : start + size]
