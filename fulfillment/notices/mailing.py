"""Sending notices by e-mail: leased, sent, recorded, each person's due notices in one mail (O4).

A mail has its id before it is sent, and the id is its Message-ID. A process that dies between handing it to the mail server
and recording that leaves a lease that runs out; the same notices then go out once more under the same Message-ID, by which
mail servers and programs drop the second. More than that SMTP does not offer: nobody can ask it what it took.
"""

from __future__ import annotations

import logging
import smtplib
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby

from django.core.mail import get_connection
from django.core.mail.backends.base import BaseEmailBackend
from django.db import transaction
from django.db.models import Q

from fulfillment.models import Notice, NoticePreference
from fulfillment.notices.letters import letter
from fulfillment.notices.preferences import verified_addresses
from fulfillment.notices.reading import with_all
from fulfillment.notices.writing import groups_of
from fulfillment.rules.notices import GROUP_OF, Kind, mail_retry_after
from portal.ids import new_ulid

logger = logging.getLogger(__name__)

PEOPLE_AT_ONCE = 50
LEASE = timedelta(minutes=3)
"""Longer than a background job may take, so that nobody sends what another still has in hand."""


@dataclass(slots=True)
class Mailed:
    """What one run did: mails sent, mails that did not go, and whether nothing more is due."""

    sent: int = 0
    failed: int = 0
    finished: bool = True


@dataclass(frozen=True, slots=True)
class _Mail:
    """The notices of one person that go into one mail."""

    mail_id: str
    user_id: int
    notices: tuple[Notice, ...]


class _ServerAway(Exception):
    """The mail server cannot be reached or takes nothing: no use in trying the next mail. It may have taken this one."""


def send_due(*, clock: Callable[[], datetime], seconds: float) -> Mailed:
    """Send what is due, for at most so many ``seconds``. Any number of processes may do this at once."""
    until = time.monotonic() + seconds
    total = Mailed()
    while leased := lease_mails(now=clock()):
        if not _send_all(leased, total, clock=clock, until=until):
            break
        if time.monotonic() >= until:
            total.finished = False
            break
    return total


def lease_mails(*, now: datetime) -> list[_Mail]:
    """Take what is due for some people, as mails. Notices of a mail that was never recorded stay together in it."""
    people = Notice.objects.filter(email_due_at__lte=now).order_by("email_due_at").values_list("user_id", flat=True)
    chosen = list(dict.fromkeys(people[: PEOPLE_AT_ONCE * 4]))[:PEOPLE_AT_ONCE]
    if not chosen:
        return []
    with transaction.atomic():
        rows = list(
            Notice.objects.select_for_update(skip_locked=True)
            .filter(user__in=chosen, email_due_at__lte=now)
            .order_by("user", "mail_id", "pk")
        )
        for (_user, mail_id), group in groupby(rows, key=lambda row: (row.user_id, row.mail_id)):
            name = mail_id or new_ulid()
            for row in group:
                row.mail_id = name
        Notice.objects.bulk_update(rows, ["mail_id"], batch_size=200)
        Notice.objects.filter(pk__in=[row.pk for row in rows]).update(email_due_at=now + LEASE)
    found = with_all(Notice.objects.filter(pk__in=[row.pk for row in rows])).order_by("user", "mail_id", "-pk")
    grouped = groupby(found, key=lambda row: (row.mail_id, row.user_id))
    return [_Mail(mail_id, user_id, tuple(notices)) for (mail_id, user_id), notices in grouped]


def _send_all(mails: Sequence[_Mail], total: Mailed, *, clock: Callable[[], datetime], until: float) -> bool:
    """Send leased mails one after the other and record each at once. False where the mail server is away."""
    users = [mail.user_id for mail in mails]
    addresses = verified_addresses(users)
    preferences = {row.user_id: row for row in NoticePreference.objects.filter(user__in=users).select_related("user")}
    server: BaseEmailBackend = get_connection()
    waiting = list(mails)
    try:
        while waiting and time.monotonic() < until:
            mail = waiting[0]
            preference, address = preferences.get(mail.user_id), addresses.get(mail.user_id, "")
            wanted = _still_wanted(mail, preference) if address else []
            # Asked for once more just before it goes: between lease and turn a person may have read or switched off.
            if preference is None or not wanted:
                _forget(mail)
            elif _send(server, mail, wanted, preference, address, now=clock()):
                total.sent += 1
            else:
                total.failed += 1
            del waiting[0]
    except _ServerAway:
        total.failed += len(waiting)
        for mail in waiting:
            # What was under way may have been taken: it goes again as the same mail, and not with later notices.
            _put_off(mail, now=clock(), same=mail is waiting[0])
        return False
    finally:
        server.close()
    _give_back(waiting, now=clock())
    return True


def _still_wanted(mail: _Mail, preference: NoticePreference | None) -> list[Notice]:
    """Return the notices of a mail that are unread, not recalled, and of groups that their reader has switched on."""
    if preference is None:
        return []
    due = Notice.objects.filter(mail_id=mail.mail_id, user=mail.user_id, email_due_at__isnull=False, emailed_at=None)
    open_ones = set(due.values_list("pk", flat=True))
    groups = groups_of(preference)
    return [row for row in mail.notices if row.pk in open_ones and GROUP_OF.get(Kind(row.kind)) in groups]


def _send(
    server: BaseEmailBackend,
    mail: _Mail,
    notices: Sequence[Notice],
    preference: NoticePreference,
    address: str,
    *,
    now: datetime,
) -> bool:
    """Send one mail and record it. True: it went. Raises ``_ServerAway``."""
    try:
        message = letter(mail_id=mail.mail_id, notices=notices, preference=preference, address=address)
        message.connection = server
        server.open()
        message.send()
    except smtplib.SMTPRecipientsRefused as error:
        codes = [code for code, _text in error.recipients.values()]
        _refused(mail, codes, now=now)
        return False
    except smtplib.SMTPDataError as error:
        _refused(mail, [error.smtp_code], now=now)
        return False
    except (smtplib.SMTPException, OSError) as error:
        # Neither the text nor the answer: an address may be in both.
        logger.warning("The mail server could not be used (%s). E-mails wait.", type(error).__name__)
        raise _ServerAway from None
    except Exception as error:  # noqa: BLE001 - a fault of ours, or an address no mail can go to: it must not keep the others back
        logger.error("The e-mail %s could not be made (%s).", mail.mail_id, type(error).__name__)
        _put_off(mail, now=now)
        return False
    due = Notice.objects.filter(mail_id=mail.mail_id, user=mail.user_id)
    due.filter(pk__in=[row.pk for row in notices]).update(email_due_at=None, emailed_at=now)
    due.update(email_due_at=None)
    return True


def _refused(mail: _Mail, codes: Iterable[int], *, now: datetime) -> None:
    """Try again what the mail server could not take now, and not what it will never take."""
    refused = sorted(set(codes))
    if refused and all(code >= 500 for code in refused):
        logger.warning("The mail server refused the e-mail %s for good (%s).", mail.mail_id, refused)
        _forget(mail)
    else:
        logger.warning("The mail server did not take the e-mail %s (%s).", mail.mail_id, refused)
        _put_off(mail, now=now)


def _forget(mail: _Mail) -> None:
    Notice.objects.filter(_leased(mail)).update(email_due_at=None)


def _put_off(mail: _Mail, *, now: datetime, same: bool = False) -> None:
    """Have the notices of a mail that did not go tried again later, after growing waits, with what is due then.

    ``same``: as the same mail, because it is not certain that it did not go.
    """
    attempts = max(row.email_attempts for row in mail.notices) + 1
    wait = mail_retry_after(attempts)
    if wait is None:
        logger.error("The e-mail %s was given up after %s attempts.", mail.mail_id, attempts)
    due_at = None if wait is None else now + wait
    mail_id = mail.mail_id if same else ""
    Notice.objects.filter(_leased(mail)).update(email_due_at=due_at, email_attempts=attempts, mail_id=mail_id)


def _give_back(mails: Sequence[_Mail], *, now: datetime) -> None:
    """Make due again what was leased and never tried."""
    for mail in mails:
        Notice.objects.filter(_leased(mail)).update(email_due_at=now, mail_id="")


def _leased(mail: _Mail) -> Q:
    return Q(mail_id=mail.mail_id, user=mail.user_id, emailed_at=None, email_due_at__isnull=False)
