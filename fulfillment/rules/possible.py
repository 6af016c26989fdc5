"""Which operations of staff fit a claim as it stands: asked before a button is shown and before many claims are counted.

The operations of :mod:`fulfillment.claims` decide for themselves, under a lock; a test holds both equal.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from fulfillment.rules.codes import RELEASABLE, Action
from fulfillment.rules.states import UNSENT, State, permitted


@dataclass(frozen=True, slots=True)
class Standing:
    """What of a claim decides about it. ``attempted``: a delivery was tried. ``bound``: it has player, slot and game."""

    state: State
    reason: str = ""
    staff_hold: bool = False
    attempted: bool = False
    bound: bool = True


_NEVER_HELD = frozenset({State.DELIVERED, State.CONFIRMED, State.ABANDONED})
_DONE = frozenset({State.DELIVERED, State.CONFIRMED})


def why_not(action: Action, claim: Standing) -> str | Promise | None:
    """Return why an operation does not fit, in words that go on from a claim; None if it does.

    Raises ValueError for an action that is no operation on a claim.
    """
    if action is Action.RETRY:
        fits = claim.state in UNSENT or claim.state == State.FAILED
        return None if fits else _("it is being sent at this moment, or is done with")
    if action is Action.HOLD:
        if claim.staff_hold:
            return _("staff are holding it already")
        return _("it is done with") if claim.state in _NEVER_HELD else None
    if action is Action.RELEASE:
        if claim.state != State.HELD:
            return _("it is not held")
        fits = claim.staff_hold or claim.reason in RELEASABLE
        return None if fits else _("the deliveries of its campaign are paused: resume them there")
    if action is Action.RESEND:
        if claim.state not in _DONE:
            return _("it was not delivered yet")
        return None if claim.bound else _("it was fulfilled before the portal, so it has no player to be sent to")
    if action is Action.ASSIGN_REWARD:
        fits = claim.state == State.QUARANTINED and not claim.attempted
        return None if fits else _("it is not in quarantine")
    if action is Action.ABANDON:
        fits = permitted(claim.state, State.ABANDONED)
        return None if fits else _("it is being sent at this moment, or is done with")
    if action is Action.REOPEN:
        return None if claim.state == State.ABANDONED else _("it was not closed")
    raise ValueError(f"{action} is no operation on a claim.")
