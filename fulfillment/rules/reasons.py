"""Why a claim is where it is (F4): for each reason what staff and viewer read, whose turn it is, what can be done.

The codes stand in ``Claim.reason`` and in the claim's history. One table; pages, APIs and operations look here.
"""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.translation import gettext_lazy as _

from fulfillment.rules.codes import PERMISSIONS, RELEASABLE, Action, Code, Reason, Turn, reason_row
from fulfillment.rules.reasons_of_stock import STOCK_REASONS
from fulfillment.rules.states import State

__all__ = ["DEFAULT_OF_STATE", "PERMISSIONS", "REASONS", "RELEASABLE", "Action", "Code", "Reason", "Turn", "reason_of"]

_NO_ACTION = _("You do not need to do anything.")
_STUDIO_LOOKS = _("The people behind %(game)s have to look at this. You do not need to do anything.")
_UNREADY = _("Your reward from %(platform)s was claimed, but it could not be matched yet.")
_REVIEWED = _("Your claim is being looked at.")
_ON_ITS_WAY = _("Your reward is on its way to %(game)s.")
_DELAYED = _("Your reward is on its way to %(game)s, but this takes longer than usual.")
_TRIED_AGAIN = _("It is tried again by itself. You do not need to do anything.")

_MAPPING = (Action.MAP, Action.ASSIGN_REWARD, Action.RETRY, Action.ABANDON)
_HOLD = (Action.RELEASE, Action.HOLD, Action.ABANDON)
_SENDING = (Action.RETRY, Action.HOLD, Action.ABANDON)


REASONS: Mapping[Code, Reason] = {
    Code.RECEIVED: reason_row(
        State.RECEIVED,
        _("The claim has arrived and is about to be worked out. This takes seconds while the worker runs."),
        _("You claimed this reward on %(platform)s, and your claim has arrived."),
        _("It is looked at in a moment. You do not need to do anything."),
        Turn.PORTAL,
        Action.RETRY,
        Action.HOLD,
    ),
    Code.REOPENED: reason_row(
        State.RECEIVED,
        _("A member of staff has reopened the claim. It is worked out again in a moment."),
        _("Your claim is looked at again."),
        _NO_ACTION,
        Turn.PORTAL,
        Action.RETRY,
        Action.HOLD,
    ),
    Code.NOT_LINKED: reason_row(
        State.WAITING,
        _("The viewer has not linked a game account. The claim goes out by itself once they do; it does not expire."),
        _("You claimed this reward on %(platform)s, but no game account is linked to it."),
        _("Link your game account for %(game)s. The reward is then sent by itself."),
        Turn.VIEWER,
        Action.RETRY,
        Action.HOLD,
        Action.ABANDON,
    ),
    Code.PLAYER_UNKNOWN: reason_row(
        State.WAITING,
        _("No game account with this player id has signed in here yet. The claim goes out by itself once it has."),
        _("You claimed this reward, but your game account has not signed in here yet."),
        _("Sign in with your game account for %(game)s. The reward is then sent by itself."),
        Turn.VIEWER,
        Action.RETRY,
        Action.HOLD,
        Action.ABANDON,
    ),
    Code.REWARD_UNKNOWN: reason_row(
        State.QUARANTINED,
        _(
            "No reward has this id on the platform or this external id. Map it with all claims like it, or assign a reward."
        ),
        _UNREADY,
        _STUDIO_LOOKS,
        Turn.STUDIO,
        *_MAPPING,
    ),
    Code.REWARD_AMBIGUOUS: reason_row(
        State.QUARANTINED,
        _("Rewards of several games have this external id. Map it with all claims like it, or assign a reward."),
        _UNREADY,
        _STUDIO_LOOKS,
        Turn.STUDIO,
        *_MAPPING,
    ),
    Code.CAMPAIGN_UNKNOWN: reason_row(
        State.QUARANTINED,
        _("No campaign has this id there, or none with this reward runs there. Map it with all claims like it."),
        _UNREADY,
        _STUDIO_LOOKS,
        Turn.STUDIO,
        Action.EDIT_CAMPAIGN,
        *_MAPPING,
    ),
    Code.CAMPAIGN_AMBIGUOUS: reason_row(
        State.QUARANTINED,
        _("The message names no campaign, and several campaigns with this reward ran at that time. Assign one."),
        _UNREADY,
        _STUDIO_LOOKS,
        Turn.STUDIO,
        *_MAPPING,
    ),
    Code.REWARD_NOT_IN_CAMPAIGN: reason_row(
        State.QUARANTINED,
        _("The campaign does not have this reward. Check the ids at the reward and the campaign, or assign a reward."),
        _UNREADY,
        _STUDIO_LOOKS,
        Turn.STUDIO,
        Action.EDIT_CAMPAIGN,
        *_MAPPING,
    ),
    Code.RESOLVE_ERROR: reason_row(
        State.QUARANTINED,
        _("Working this claim out failed in the portal itself. It is tried again every 15 minutes; the log has more."),
        _UNREADY,
        _TRIED_AGAIN,
        Turn.PORTAL,
        Action.RETRY,
        Action.ABANDON,
    ),
    Code.BEFORE_TAKE_OVER: reason_row(
        State.HELD,
        _("The platform granted this before the portal took the game over. Release it if it was never delivered."),
        _("This reward is from before %(game)s moved to this page."),
        _("If you never got it, contact the game's support."),
        Turn.STUDIO,
        *_HOLD,
    ),
    Code.TEST: reason_row(
        State.HELD,
        _("The campaign is in test mode and this viewer is not one of its testers."),
        _("This campaign is only a test so far."),
        _STUDIO_LOOKS,
        Turn.STUDIO,
        Action.EDIT_CAMPAIGN,
        *_HOLD,
    ),
    Code.EARLY: reason_row(
        State.HELD,
        _("The platform granted this before the campaign's start. Check the dates on both sides, or release it."),
        _REVIEWED,
        _STUDIO_LOOKS,
        Turn.STUDIO,
        *_HOLD,
    ),
    Code.LATE: reason_row(
        State.HELD,
        _("The platform granted this when the campaign had already closed. Release it to deliver all the same."),
        _("You claimed this reward after the campaign had closed."),
        _("The people behind %(game)s decide whether you still get it. If you think this is wrong, contact them."),
        Turn.STUDIO,
        *_HOLD,
    ),
    Code.GRANTED_AFTER_CANCELLATION: reason_row(
        State.HELD,
        _("The platform granted this when the campaign had been cancelled. Release it to deliver all the same."),
        _("The campaign was cancelled before you claimed this reward."),
        _("The people behind %(game)s decide whether you still get it. If you think this is wrong, contact them."),
        Turn.STUDIO,
        *_HOLD,
    ),
    Code.CAMPAIGN_NOT_PUBLISHED: reason_row(
        State.HELD,
        _("The campaign is not published on the portal, yet the platform already grants its rewards. Publish it."),
        _REVIEWED,
        _STUDIO_LOOKS,
        Turn.STUDIO,
        Action.PUBLISH_CAMPAIGN,
        *_HOLD,
    ),
    Code.HELD_BY_STAFF: reason_row(
        State.HELD,
        _("A member of staff is holding this claim. Its history says who and why."),
        _REVIEWED,
        _STUDIO_LOOKS,
        Turn.STUDIO,
        Action.RELEASE,
        Action.ABANDON,
    ),
    Code.DELIVERIES_PAUSED: reason_row(
        State.HELD,
        _("Deliveries of this campaign are paused. The claim goes out by itself once they are resumed."),
        _("Rewards of this campaign are not being sent at the moment."),
        _("Yours is kept and sent as soon as it goes on. You do not need to do anything."),
        Turn.STUDIO,
        Action.RESUME_DELIVERIES,
        Action.HOLD,
        Action.ABANDON,
    ),
    Code.SLOT_TAKEN: reason_row(
        State.DUPLICATE,
        _("This player or viewer already has this reward of the campaign as often as it may be had."),
        _("You already have this reward, or it is on its way: it was claimed more than once."),
        _NO_ACTION,
        Turn.NOBODY,
        Action.EDIT_CAMPAIGN,
        Action.RETRY,
        Action.ABANDON,
    ),
    Code.DUE: reason_row(
        State.READY,
        _("To be sent to the game backend now. This takes seconds while the worker runs."),
        _ON_ITS_WAY,
        "%(where)s",
        Turn.PORTAL,
        *_SENDING,
    ),
    Code.RESENT: reason_row(
        State.READY,
        _("A member of staff has it sent again, with the same idempotency key as before."),
        _ON_ITS_WAY,
        "%(where)s",
        Turn.PORTAL,
        *_SENDING,
    ),
    Code.RETRYING: reason_row(
        State.READY,
        _("The game backend could not take it. It is sent again by itself, at the time shown at the delivery."),
        _DELAYED,
        _TRIED_AGAIN,
        Turn.PORTAL,
        Action.MEND_ENDPOINT,
        *_SENDING,
    ),
    Code.BACKEND_TIMEOUT: reason_row(
        State.READY,
        _("The game backend did not answer in time. It is sent again by itself, at the time shown at the delivery."),
        _DELAYED,
        _TRIED_AGAIN,
        Turn.PORTAL,
        Action.MEND_ENDPOINT,
        *_SENDING,
    ),
    Code.BACKEND_UNREACHABLE: reason_row(
        State.READY,
        _("No connection to the game backend. It is sent again by itself, at the time shown at the delivery."),
        _DELAYED,
        _TRIED_AGAIN,
        Turn.PORTAL,
        Action.MEND_ENDPOINT,
        *_SENDING,
    ),
    Code.BACKEND_ERROR: reason_row(
        State.READY,
        _("The game backend answered with an error of its own. It is sent again by itself, at the time shown."),
        _DELAYED,
        _TRIED_AGAIN,
        Turn.PORTAL,
        Action.MEND_ENDPOINT,
        *_SENDING,
    ),
    Code.BACKEND_BUSY: reason_row(
        State.READY,
        _("The game backend asked for a slower pace. It is sent again by itself, at the time shown at the delivery."),
        _DELAYED,
        _TRIED_AGAIN,
        Turn.PORTAL,
        *_SENDING,
    ),
    Code.ENDPOINT_PAUSED: reason_row(
        State.READY,
        _(
            "The game's endpoint keeps failing and is paused. All its claims go out by themselves once it answers again."
        ),
        _DELAYED,
        _TRIED_AGAIN,
        Turn.STUDIO,
        Action.MEND_ENDPOINT,
        *_SENDING,
    ),
    Code.NO_ENDPOINT: reason_row(
        State.READY,
        _("The game has no enabled endpoint. Set one up: the claim then goes out by itself."),
        _("Your reward is ready, but it cannot be sent to %(game)s yet."),
        _STUDIO_LOOKS,
        Turn.STUDIO,
        Action.MEND_ENDPOINT,
        Action.HOLD,
        Action.ABANDON,
    ),
    Code.WAITING_FOR_PULL: reason_row(
        State.READY,
        _("The game backend fetches its claims itself and has not marked this one as fulfilled yet."),
        _("Your reward is ready and waits for %(game)s to fetch it."),
        "%(where)s",
        Turn.STUDIO,
        Action.HOLD,
        Action.ABANDON,
    ),
    Code.SENDING: reason_row(
        State.DELIVERING,
        _("Being sent to the game backend right now. A hold takes effect if this attempt fails."),
        _ON_ITS_WAY,
        "%(where)s",
        Turn.PORTAL,
        Action.HOLD,
    ),
    Code.DELIVERED: reason_row(
        State.DELIVERED,
        _("The game backend has accepted it."),
        _("Your reward was delivered to %(game)s."),
        "%(where)s",
        Turn.NOBODY,
        Action.RESEND,
    ),
    Code.CONFIRMED: reason_row(
        State.CONFIRMED,
        _("The game backend has accepted it, and the platform knows."),
        _("Your reward was delivered to %(game)s."),
        "%(where)s",
        Turn.NOBODY,
        Action.RESEND,
    ),
    Code.FULFILLED_ELSEWHERE: reason_row(
        State.CONFIRMED,
        _("The platform said that this was already fulfilled, so it was not delivered by the portal."),
        _("Your reward was delivered to %(game)s before it moved to this page."),
        "%(where)s",
        Turn.NOBODY,
        Action.RESEND,
    ),
    Code.REJECTED: reason_row(
        State.FAILED,
        _("The game backend refused it for good. The attempts show its answer. Mend the cause, then retry."),
        _("Your reward could not be delivered to %(game)s."),
        _STUDIO_LOOKS,
        Turn.STUDIO,
        Action.RETRY,
        Action.HOLD,
        Action.ABANDON,
    ),
    Code.ATTEMPTS_EXHAUSTED: reason_row(
        State.FAILED,
        _("All attempts failed. The attempts show why. Mend the endpoint, then retry."),
        _("Your reward could not be delivered to %(game)s."),
        _STUDIO_LOOKS,
        Turn.STUDIO,
        Action.MEND_ENDPOINT,
        Action.RETRY,
        Action.HOLD,
        Action.ABANDON,
    ),
    Code.ABANDONED_BY_STAFF: reason_row(
        State.ABANDONED,
        _("A member of staff has decided that this claim is not delivered. Its history says who and why."),
        _("This claim was closed without a delivery."),
        _("If you think this is wrong, contact the support of %(game)s."),
        Turn.NOBODY,
        Action.REOPEN,
    ),
    Code.ERASED: reason_row(
        State.ABANDONED,
        _("The person's data was erased on request, so there is nobody to deliver to. Reopened, it waits for a link."),
        _("This claim was closed because the data of its account was erased on request."),
        _("If you think this is wrong, contact the support of %(game)s."),
        Turn.NOBODY,
        Action.REOPEN,
    ),
    **STOCK_REASONS,
}

DEFAULT_OF_STATE: Mapping[State, Code] = {
    State.RECEIVED: Code.RECEIVED,
    State.WAITING: Code.NOT_LINKED,
    State.QUARANTINED: Code.REWARD_UNKNOWN,
    State.HELD: Code.HELD_BY_STAFF,
    State.READY: Code.DUE,
    State.DELIVERING: Code.SENDING,
    State.DELIVERED: Code.DELIVERED,
    State.CONFIRMED: Code.CONFIRMED,
    State.FAILED: Code.ATTEMPTS_EXHAUSTED,
    State.DUPLICATE: Code.SLOT_TAKEN,
    State.ABANDONED: Code.ABANDONED_BY_STAFF,
}
"""What is shown of a claim whose reason is empty or no longer known."""


def reason_of(state: State | str, code: str) -> Reason:
    """Return the reason of a claim in ``state``; for a code that is empty, unknown or of another state its default."""
    state = State(state)
    try:
        found = REASONS[Code(code)]
    except ValueError:
        return REASONS[DEFAULT_OF_STATE[state]]
    return found if state in found.states else REASONS[DEFAULT_OF_STATE[state]]
