"""Which operations of staff fit a claim as it stands: asked before a button is shown and before many claims are counted.

The operations of :mod:`fulfillment.claims` decide for themselves, under a lock; a test holds both equal.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from fulfillment.rules.codes import RELEASABLE, Action, Code
from fulfillment.rules.states import UNSENT, State, permitted


@dataclass(frozen=True, slots=True)
class Standing:
    """What of a claim decides about it.

    ``attempted``: a delivery was tried. ``delivered``: it was delivered once, if only to be sent again. ``made_here``: the
    portal or a person made it for its reward. ``bound``: it has player, slot and game.
    """

    state: State
    reason: str = ""
    staff_hold: bool = False
    attempted: bool = False
    delivered: bool = False
    made_here: bool = False
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
        if claim.reason == Code.CODE_REVEALED:
            return _("the player has looked at its code, and finds it beside the reward")
        return None if claim.bound else _("it was fulfilled before the portal, so it has no player to be sent to")
    if action is Action.ASSIGN_REWARD:
        return remap_refusal(claim)
    if action is Action.ABANDON:
        fits = permitted(claim.state, State.ABANDONED)
        return None if fits else _("it is being sent at this moment, or is done with")
    if action is Action.REOPEN:
        return None if claim.state == State.ABANDONED else _("it was not closed")
    raise ValueError(f"{action} is no operation on a claim.")


def remap_refusal(claim: Standing) -> str | Promise | None:
    """Return why a claim cannot be given another reward, in words that go on from a claim; None if it can.

    What a game has seen stays what it was (L6); one that fetches its claims may be reading a ready one this moment.
    """
    if claim.made_here:
        return _("it was made here for this reward: close it, and grant the right one by hand")
    if claim.state not in UNSENT or claim.attempted or claim.delivered:
        return _("it was sent already, or is done with")
    if claim.reason == Code.WAITING_FOR_PULL:
        return _("the game may be fetching it at this moment: hold it first")
    return None
