"""The reasons of codes and limits (D8): part of the table in :mod:`fulfillment.rules.reasons`."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.translation import gettext_lazy as _

from fulfillment.rules.codes import Action, Code, Reason, Turn, reason_row
from fulfillment.rules.states import DONE, State

STOCK_REASONS: Mapping[Code, Reason] = {
    Code.LIMIT_REACHED: reason_row(
        State.HELD,
        _(
            "As many of this reward as its limit allows in the campaign were given out. Raise the limit, and the oldest go on "
            "by themselves; or release this one to give one more."
        ),
        _("You claimed this reward, but all of it that there was has been given out."),
        _("Your claim is kept. The people behind %(game)s decide whether there are more."),
        Turn.STUDIO,
        Action.EDIT_CAMPAIGN,
        Action.RELEASE,
        Action.HOLD,
        Action.ABANDON,
    ),
    Code.DAILY_LIMIT_REACHED: reason_row(
        State.HELD,
        _(
            "As many of this reward as its limit allows in one day were given out today. The oldest go on by themselves "
            "tomorrow, in the campaign's time zone; or release this one to give one more today."
        ),
        _("You claimed this reward, but all of it that there was for today has been given out."),
        _("Yours is kept and goes on by itself on one of the next days. You do not need to do anything."),
        Turn.PORTAL,
        Action.EDIT_CAMPAIGN,
        Action.RELEASE,
        Action.HOLD,
        Action.ABANDON,
    ),
    Code.POOL_EMPTY: reason_row(
        State.HELD,
        _("The reward's pool has no free code. Import codes: the oldest claims go on by themselves at once."),
        _("You have earned a code, but there is none left at the moment."),
        _("Yours is kept, and you get a code as soon as there are new ones. You do not need to do anything."),
        Turn.STUDIO,
        Action.IMPORT_CODES,
        Action.HOLD,
        Action.ABANDON,
    ),
    Code.CODE_RESERVED: reason_row(
        State.READY,
        _("A code is set aside for this claim and given to it in a moment."),
        _("A code is being made ready for you."),
        _("You find it here in a moment. You do not need to do anything."),
        Turn.PORTAL,
        Action.RETRY,
        Action.HOLD,
        Action.ABANDON,
    ),
    Code.CODE_ASSIGNED: reason_row(
        DONE,
        _("The player has a code and has not looked at it yet. They see it on the page of their rewards."),
        _("Your code is ready."),
        _("Reveal it whenever you want to use it. It is kept for you here."),
        Turn.NOBODY,
        Action.RESEND,
    ),
    Code.CODE_REVEALED: reason_row(
        DONE,
        _("The player has looked at the code. They can see it again on the page of their rewards."),
        _("You have revealed your code."),
        _("You can look at it again here whenever you need it."),
        Turn.NOBODY,
    ),
}
