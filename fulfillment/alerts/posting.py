"""Sending one message to one channel, over the network: what came of it, as a code and in words."""

from __future__ import annotations

import logging
import smtplib
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.core.mail import get_connection
from django.utils import translation
from django.utils.functional import Promise
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _

from fulfillment.alerts.chat import discord_body, slack_body
from fulfillment.alerts.letters import email_of
from fulfillment.alerts.wording import Letter
from fulfillment.models import AlertChannel
from portal.http import OutboundError, retry_after, send
from portal.http.errors import SENTENCES

logger = logging.getLogger(__name__)

TIME_LIMIT_SECONDS = 5.0
GONE = frozenset({404, 410})
"""A chat answers so where the webhook was removed: it will not come back."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one attempt. ``problem`` is a code, empty where it arrived; ``lasting``: trying again is of no use."""

    problem: str = ""
    lasting: bool = False
    wait: timedelta | None = None
    """For how long the other side asks to be left alone."""


ARRIVED = Outcome()


def post(channel: AlertChannel, letter: Letter, *, name: str, now: datetime) -> Outcome:
    """Send ``letter`` to ``channel``. Never inside a transaction. ``name`` is the same for what may be the same again."""
    with translation.override(settings.LANGUAGE_CODE):
        if channel.kind == AlertChannel.Kind.EMAIL:
            return _mail(channel, letter, name=name)
        body = discord_body(letter) if channel.kind == AlertChannel.Kind.DISCORD else slack_body(letter)
        return _call(channel, body, now=now)


def _call(channel: AlertChannel, body: dict[str, object], *, now: datetime) -> Outcome:
    try:
        answer = send("POST", channel.address, json=body, timeout=TIME_LIMIT_SECONDS)
    except OutboundError as error:
        return Outcome(error.reason, lasting=error.permanent)
    if answer.ok:
        return ARRIVED
    wait = retry_after(answer.headers, now=now)
    return Outcome(f"status:{answer.status}", lasting=answer.status in GONE, wait=wait)


def _mail(channel: AlertChannel, letter: Letter, *, name: str) -> Outcome:
    server = get_connection()
    try:
        message = email_of(letter, channel=channel, name=name)
        message.connection = server
        server.open()
        message.send()
    except smtplib.SMTPRecipientsRefused as error:
        return _refused([code for code, _text in error.recipients.values()])
    except smtplib.SMTPResponseException as error:
        # Of the sign-in and the sender, too: those may be set right, so that only the message itself is refused for good.
        return _refused([error.smtp_code]) if isinstance(error, smtplib.SMTPDataError) else Outcome("mail_away")
    except (smtplib.SMTPServerDisconnected, TimeoutError):
        return Outcome("mail_unsure")
    except (smtplib.SMTPException, OSError):
        return Outcome("mail_away")
    except Exception as error:  # noqa: BLE001 - an address no mail can go to, or a fault of ours: it must not keep the others back
        logger.error("The e-mail to alert channel %s could not be made (%s).", channel.pk, type(error).__name__)
        return Outcome("mail_fault", lasting=True)
    finally:
        server.close()
    return ARRIVED


def _refused(codes: Collection[int]) -> Outcome:
    lasting = bool(codes) and all(code >= 500 for code in codes)
    return Outcome("mail_refused" if lasting else "mail_not_now", lasting=lasting)


BY_ITSELF = _("It is tried again by itself, for a day.")
_ENTER_AGAIN = _("Make a new webhook in the chat and enter its address at the channel.")

_WORDS: dict[str, tuple[str | Promise, str | Promise]] = {
    "mail_refused": (
        _("The mail server refused the e-mail for good."),
        _("Check the address: most likely there is no such mailbox."),
    ),
    "mail_not_now": (_("The mail server did not take the e-mail now."), BY_ITSELF),
    "mail_away": (
        _("The mail server could not be used."),
        _("If it lasts, the portal's administrator checks the mail settings. The portal goes on trying for a day."),
    ),
    "mail_unsure": (_("The mail server broke off; the e-mail may have arrived."), BY_ITSELF),
    "mail_fault": (_("The e-mail could not be made."), _("Check the address for mistakes.")),
    "internal": (_("The portal failed at this."), _("The portal's administrator finds the fault in the log.")),
    "unsure": (_("It is being sent, or the process that sent it ended: it may have arrived."), BY_ITSELF),
    "status:400": (_("The chat did not understand the message."), _("Check that the kind of the channel is right.")),
    "status:401": (_("The chat refused the webhook."), _ENTER_AGAIN),
    "status:403": (_("The chat refused the webhook."), _ENTER_AGAIN),
    "status:404": (_("The webhook does not exist any more."), _ENTER_AGAIN),
    "status:410": (_("The webhook or its room does not exist any more."), _ENTER_AGAIN),
    "status:429": (_("The chat asked for a pause."), BY_ITSELF),
}


def explain(problem: str) -> tuple[str, str]:
    """Return what happened and what to do, for the code of an outcome; both empty where it arrived."""
    if not problem:
        return "", ""
    if problem in _WORDS:
        happened, advice = _WORDS[problem]
    elif problem in SENTENCES:
        happened, advice = SENTENCES[problem], BY_ITSELF
    else:
        status = problem.removeprefix("status:")
        happened, advice = _t("The chat answered with status %(status)s.") % {"status": status}, BY_ITSELF
    return str(happened), str(advice)
