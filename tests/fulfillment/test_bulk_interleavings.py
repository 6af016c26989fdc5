"""Any order of deliveries, failures and what members do about an action: nothing delivered is sent again, and all adds up (D5, D6)."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime, timedelta

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from fulfillment import bulk
from fulfillment.acting import NotPossible
from fulfillment.bulk_approval import approve, refuse, withdraw
from fulfillment.bulk_course import cancel, pause, resume
from fulfillment.ledger import Move, lock_claims, move_claims
from fulfillment.models import BulkOperation, Claim, ClaimEvent
from fulfillment.rules.codes import Code
from fulfillment.rules.states import DONE, State
from tests.factories import NOW
from tests.fulfillment.bulk_story import Crew

pytestmark = pytest.mark.django_db

CLAIMS, CHUNK = 5, 2
MEMBERS = {
    "approve": lambda crew, one, at: approve(operation=one, actor=crew.second, now=at),
    "approve own": lambda crew, one, at: approve(operation=one, actor=crew.asker, now=at),
    "refuse": lambda crew, one, at: refuse(operation=one, actor=crew.second, reason="no", now=at),
    "withdraw": lambda crew, one, at: withdraw(operation=one, actor=crew.asker, now=at),
    "pause": lambda crew, one, at: pause(operation=one, actor=crew.second, now=at),
    "resume": lambda crew, one, at: resume(operation=one, actor=crew.asker, now=at),
    "cancel": lambda crew, one, at: cancel(operation=one, actor=crew.second, reason="enough", now=at),
    "confirm": lambda crew, one, at: bulk.confirm(operation=one, reason="twice", actor=crew.second, now=at),
}
STEPS = st.one_of(
    st.sampled_from(sorted(MEMBERS)),
    st.just("chunk"),
    st.just("chunk"),
    st.just("week"),
    st.tuples(st.sampled_from(["deliver", "fail"]), st.integers(0, CLAIMS - 1)),
)


def _attempt(claim_id: str, to: State, code: Code, at: datetime) -> None:
    """Have the delivery of a claim, if it is due, come to what it comes to; of a failed one a game may report success (D3)."""
    for claim in lock_claims([claim_id]):
        if claim.state == State.READY:
            move_claims([Move(claim, State.DELIVERING, Code.SENDING)], now=at)
            move_claims([Move(claim, to, code)], now=at)
        elif claim.state == State.FAILED and to is State.DELIVERED:
            move_claims([Move(claim, to, code)], now=at)


def _play(crew: Crew, operation: BulkOperation, steps: list[str | tuple[str, int]]) -> None:
    claims, at = operation.claim_ids, NOW
    for step in steps:
        at += timedelta(days=7) if step == "week" else timedelta(minutes=1)
        if isinstance(step, tuple):
            what, number = step
            state, code = (State.DELIVERED, Code.DELIVERED) if what == "deliver" else (State.FAILED, Code.REJECTED)
            _attempt(claims[number], state, code, at)
        elif step == "chunk":
            bulk.do_chunk(operation.pk, now=at)
        elif step == "week":
            bulk.take_up_due(now=at)
        else:
            with suppress(NotPossible):
                MEMBERS[step](crew, operation, at)
        _adds_up(crew, operation)


def _adds_up(crew: Crew, operation: BulkOperation) -> None:
    operation.refresh_from_db()
    status = BulkOperation.Status
    assert operation.position == operation.done + operation.skipped <= operation.total == CLAIMS
    assert (operation.position == operation.total) == (operation.status == status.FINISHED)
    if operation.position:
        assert operation.approver == crew.second, "nothing begins before the second member approved"
    events = ClaimEvent.objects.filter(claim__in=operation.claim_ids)
    again = events.filter(from_state__in=sorted(DONE)).exclude(to_state__in=sorted(DONE))
    assert not again.exists(), "what was delivered is never sent again"
    delivered = events.filter(to_state=State.DELIVERED).values_list("claim_id", flat=True)
    assert len(delivered) == len(set(delivered)), "nothing is delivered twice"
    now_delivered = Claim.objects.filter(pk__in=operation.claim_ids, state=State.DELIVERED)
    assert set(now_delivered.values_list("pk", flat=True)) == set(delivered)
    retried = events.filter(to_state=State.READY).exclude(from_state=State.READY).count()
    assert retried <= operation.done


_TO_THE_END = ["approve", "chunk", ("deliver", 0), ("deliver", 4), "pause", "chunk", "resume", "chunk", "chunk"]


@settings(max_examples=40, deadline=None)
@given(st.lists(STEPS, max_size=14))
@example(_TO_THE_END)
@example(["approve own", "chunk", "withdraw", "approve", "chunk"])
@example(["week", "approve", "chunk"])
@example(["approve", "chunk", "cancel", "resume", "chunk", "confirm", "chunk"])
def test_d5_in_any_order_nothing_delivered_is_sent_again_and_the_counts_add_up(
    steps: list[str | tuple[str, int]],
) -> None:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(bulk, "CHUNK", CHUNK)
        patched.setattr(bulk, "kick", lambda _key: None)
        crew = Crew(above=CLAIMS - 1)
        _play(crew, crew.asked(CLAIMS), steps)
