"""The decision over a claim, as a table (F2, F3, C8, C10, R4), and the table of reasons (F4)."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from fulfillment.claims import OPERATIONS
from fulfillment.rules.codes import PERMISSIONS, RELEASABLE, Action, Code, Turn
from fulfillment.rules.decision import CampaignFacts, EndpointKind, Facts, Found, decide
from fulfillment.rules.reasons import DEFAULT_OF_STATE, REASONS, reason_of
from fulfillment.rules.states import MOVES, State, permitted
from portal.roles import Permission
from tests.factories import NOW

SECOND = timedelta(seconds=1)
CAMPAIGN = CampaignFacts(
    starts_at=NOW - timedelta(days=1),
    closes_at=NOW + timedelta(days=20),
    published_at=NOW - timedelta(days=2),
    cancelled_at=None,
    deliveries_paused=False,
    test_mode=False,
)
GOOD = Facts(judged_at=NOW, campaign=CAMPAIGN, has_player=True)


def campaign(**changes: object) -> dict[str, object]:
    return {"campaign": replace(CAMPAIGN, **changes)}


TABLE: list[tuple[str, dict[str, object], State, Code]] = [
    ("all is well", {}, State.READY, Code.DUE),
    ("no endpoint", {"endpoint": EndpointKind.NONE}, State.READY, Code.NO_ENDPOINT),
    ("a paused endpoint", {"endpoint": EndpointKind.PUSH_PAUSED}, State.READY, Code.ENDPOINT_PAUSED),
    ("pull", {"endpoint": EndpointKind.PULL}, State.READY, Code.WAITING_FOR_PULL),
    ("fulfilled", {"fulfilled_elsewhere": True}, State.CONFIRMED, Code.FULFILLED_ELSEWHERE),
    (
        "fulfilled, unmapped",
        {"fulfilled_elsewhere": True, "reward_found": Found.NONE},
        State.CONFIRMED,
        Code.FULFILLED_ELSEWHERE,
    ),
    ("no reward", {"reward_found": Found.NONE}, State.QUARANTINED, Code.REWARD_UNKNOWN),
    ("two rewards", {"reward_found": Found.SEVERAL}, State.QUARANTINED, Code.REWARD_AMBIGUOUS),
    ("no campaign", {"campaign_found": Found.NONE, "campaign": None}, State.QUARANTINED, Code.CAMPAIGN_UNKNOWN),
    ("two campaigns", {"campaign_found": Found.SEVERAL, "campaign": None}, State.QUARANTINED, Code.CAMPAIGN_AMBIGUOUS),
    ("not in campaign", {"reward_in_campaign": False}, State.QUARANTINED, Code.REWARD_NOT_IN_CAMPAIGN),
    (
        "quarantine before holds",
        {"reward_in_campaign": False, "staff_hold": True},
        State.QUARANTINED,
        Code.REWARD_NOT_IN_CAMPAIGN,
    ),
    ("just before the take-over", {"taken_over_at": NOW + SECOND}, State.HELD, Code.BEFORE_TAKE_OVER),
    ("at the take-over", {"taken_over_at": NOW}, State.READY, Code.DUE),
    (
        "take-over before test",
        {"taken_over_at": NOW + SECOND, **campaign(test_mode=True)},
        State.HELD,
        Code.BEFORE_TAKE_OVER,
    ),
    ("test, no tester", campaign(test_mode=True), State.HELD, Code.TEST),
    ("test, tester", {"is_tester": True, **campaign(test_mode=True)}, State.READY, Code.DUE),
    ("a tester, no test", {"is_tester": True}, State.READY, Code.DUE),
    ("at the closing", campaign(closes_at=NOW), State.HELD, Code.LATE),
    ("just before the closing", campaign(closes_at=NOW + SECOND), State.READY, Code.DUE),
    ("just before the start", campaign(starts_at=NOW + SECOND), State.HELD, Code.EARLY),
    ("at the start", campaign(starts_at=NOW), State.READY, Code.DUE),
    ("at the cancellation", campaign(cancelled_at=NOW), State.HELD, Code.GRANTED_AFTER_CANCELLATION),
    ("just before the cancellation", campaign(cancelled_at=NOW + SECOND), State.READY, Code.DUE),
    ("a draft", campaign(published_at=None, starts_at=None, closes_at=None), State.HELD, Code.CAMPAIGN_NOT_PUBLISHED),
    ("held by staff", {"staff_hold": True}, State.HELD, Code.HELD_BY_STAFF),
    ("held by staff, unlinked", {"staff_hold": True, "has_player": False}, State.HELD, Code.HELD_BY_STAFF),
    ("late, unlinked", {"has_player": False, **campaign(closes_at=NOW)}, State.HELD, Code.LATE),
    ("unlinked", {"has_player": False}, State.WAITING, Code.NOT_LINKED),
    ("unlinked, paused", {"has_player": False, **campaign(deliveries_paused=True)}, State.WAITING, Code.NOT_LINKED),
    ("paused", campaign(deliveries_paused=True), State.HELD, Code.DELIVERIES_PAUSED),
    (
        "paused and no slot",
        {"slot_free": False, **campaign(deliveries_paused=True)},
        State.HELD,
        Code.DELIVERIES_PAUSED,
    ),
    ("no slot", {"slot_free": False}, State.DUPLICATE, Code.SLOT_TAKEN),
    ("late, released", {"waived": frozenset({"late"}), **campaign(closes_at=NOW)}, State.READY, Code.DUE),
    ("released for another reason", {"waived": frozenset({"test"}), **campaign(closes_at=NOW)}, State.HELD, Code.LATE),
    (
        "late and test, one released",
        {"waived": frozenset({"test"}), **campaign(closes_at=NOW, test_mode=True)},
        State.HELD,
        Code.LATE,
    ),
    ("attempted, now late", {"frozen": True, **campaign(closes_at=NOW)}, State.READY, Code.DUE),
    ("attempted, mapping gone", {"frozen": True, "reward_found": Found.NONE}, State.READY, Code.DUE),
    ("attempted, held", {"frozen": True, "staff_hold": True}, State.HELD, Code.HELD_BY_STAFF),
    ("attempted, paused", {"frozen": True, **campaign(deliveries_paused=True)}, State.HELD, Code.DELIVERIES_PAUSED),
]


@pytest.mark.parametrize(("changes", "state", "reason"), [row[1:] for row in TABLE], ids=[row[0] for row in TABLE])
def test_f3_a_claim_belongs_where_its_facts_put_it(changes: dict[str, object], state: State, reason: Code) -> None:
    decision = decide(replace(GOOD, **changes))
    assert (decision.state, decision.reason) == (state, reason)


BY_STOCK = {Code.LIMIT_REACHED, Code.DAILY_LIMIT_REACHED}
"""What facts of one claim do not tell: :mod:`fulfillment.stock` does, and its tests."""


@pytest.mark.parametrize("code", sorted(RELEASABLE - BY_STOCK - {Code.HELD_BY_STAFF}))
def test_f4_a_hold_that_staff_may_release_is_skipped_once_released(code: Code) -> None:
    facts = {row[3]: replace(GOOD, **row[1]) for row in reversed(TABLE) if not row[1].get("waived")}[code]
    assert decide(facts).reason is code
    assert decide(replace(facts, waived=frozenset({code.value}))).reason is not code


def test_f4_every_code_is_in_the_table_and_every_state_has_a_reason() -> None:
    assert set(REASONS) == set(Code)
    assert {state for reason in REASONS.values() for state in reason.states} == set(State)
    for state, code in DEFAULT_OF_STATE.items():
        assert state in REASONS[code].states
    assert set(DEFAULT_OF_STATE) == set(State)


@pytest.mark.parametrize("code", list(Code))
def test_f4_every_reason_tells_staff_and_viewer_what_it_means(code: Code) -> None:
    reason = REASONS[code]
    happened, follows = reason.for_viewer(platform="Kick", game="Starfall", where="Look into your mailbox.")
    for text in (str(reason.staff), str(happened), str(follows)):
        assert text.endswith("."), text
        assert "%(" not in text
        assert len(text) < 200


@pytest.mark.parametrize("code", [code for code in Code if code is not Code.CODE_REVEALED])
def test_f4_no_reason_is_a_dead_end_for_staff(code: Code) -> None:
    """But of a code that the player has seen nothing is left to do: staff look at it on its own page."""
    reason = REASONS[code]
    operations = [action for action in reason.actions if action in OPERATIONS]
    assert operations, "there is always an operation on the claim itself"
    assert all(PERMISSIONS[action] is Permission.MEND for action in operations)
    if reason.turn is not Turn.NOBODY:
        assert any(MOVES[state] for state in reason.states)


def test_f4_actions_fit_the_moves_of_their_states() -> None:
    leads_to = {
        Action.ABANDON: State.ABANDONED,
        Action.REOPEN: State.RECEIVED,
        Action.RESEND: State.READY,
    }
    for code, reason in REASONS.items():
        for action, target in leads_to.items():
            if action in reason.actions:
                assert all(permitted(state, target) for state in reason.states), (code, action)
        assert (Action.RELEASE in reason.actions) == (code in RELEASABLE)


def test_every_action_has_a_permission_and_every_operation_is_listed() -> None:
    assert set(PERMISSIONS) == set(Action)
    assert {operation.action for operation in OPERATIONS.values()} == set(OPERATIONS)
    assert OPERATIONS[Action.RETRY].permission is Permission.MEND


def test_f4_a_code_of_another_state_or_none_is_shown_as_the_state_s_default() -> None:
    assert reason_of("delivered", "") is REASONS[Code.DELIVERED]
    assert reason_of(State.DELIVERED, "nonsense") is REASONS[Code.DELIVERED]
    assert reason_of(State.DELIVERED, Code.LATE) is REASONS[Code.DELIVERED]
    assert reason_of(State.HELD, Code.LATE) is REASONS[Code.LATE]
