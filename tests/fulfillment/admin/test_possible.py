"""What the pages offer is what the operations do: the table of possible deeds held against the operations themselves."""

from __future__ import annotations

import itertools

import pytest
from django.db import transaction

from fulfillment.admin.claim_deeds import standing_of
from fulfillment.claims import OPERATIONS, NotPossible, Outcome
from fulfillment.models import Claim
from fulfillment.rules.codes import Action
from fulfillment.rules.possible import why_not
from fulfillment.rules.states import State
from tests.factories import NOW
from tests.fulfillment.admin.story import Studio

pytestmark = pytest.mark.django_db


class _Undo(Exception):
    pass


def _does(action: Action, claim: Claim, studio: Studio) -> bool:
    call = OPERATIONS[action].call
    values = {"actor": None, "now": NOW, "reason": "x"}
    try:
        with transaction.atomic():
            if action is Action.RESEND:
                call(claim_id=claim.pk, **values)
            elif action is Action.ASSIGN_REWARD:
                call(claim_id=claim.pk, reward=studio.reward, **values)
            else:
                outcome: Outcome = call(claim_ids=[claim.pk], **values)
                if not outcome.done:
                    return False
            raise _Undo
    except _Undo:
        return True
    except NotPossible:
        return False


@pytest.mark.parametrize("state", list(State))
def test_f4_what_is_offered_is_what_can_be_done(studio: Studio, state: State) -> None:
    reasons = ("late", "deliveries_paused", "held_by_staff") if state == State.HELD else ("",)
    for reason, hold in itertools.product(reasons, (False, True)):
        claim = studio.claim(state, reason, staff_hold=hold)
        for action in OPERATIONS:
            offered = why_not(action, standing_of(claim)) is None
            assert offered == _does(action, claim, studio), (action, state, reason, hold)
