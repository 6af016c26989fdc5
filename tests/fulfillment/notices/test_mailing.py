"""Notices by e-mail: to whom, once, together, again where it did not go; through a mail server on loopback."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
from allauth.account.models import EmailAddress
from django.core import mail
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from fulfillment.models import Notice, NoticePreference
from fulfillment.notices import tasks
from fulfillment.notices.letters import MOST
from fulfillment.notices.mailing import LEASE, Mailed, lease_mails, send_due
from fulfillment.notices.reading import mark_read
from fulfillment.rules.notices import Group
from portal.models import User
from tests.doubles.smtp_server import SMTPServer
from tests.factories import NOW, make_user
from tests.fulfillment.notices.people import Person, by_mail, settle

pytestmark = pytest.mark.django_db
DUE = NOW + timedelta(minutes=10)


@pytest.fixture
def server(settings: Any) -> Iterator[SMTPServer]:
    double = SMTPServer()
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_USE_TLS = "127.0.0.1", double.port, False
    settings.EMAIL_TIMEOUT = 5
    yield double
    double.stop()


def due(user: User, count: int = 1, *, at: datetime = NOW, kind: str = "linked", **fields: Any) -> list[Notice]:
    first = Notice.objects.count()
    return [
        Notice.objects.create(
            user=user, **{"kind": kind, "key": f"{kind}:{first + n}", "created_at": NOW, "email_due_at": at, **fields}
        )
        for n in range(count)
    ]


def reader(*groups: Group, **options: Any) -> User:
    user = make_user()
    by_mail(user, *groups, **options)
    return user


def send(now: datetime = NOW, seconds: float = 30) -> Mailed:
    return send_due(clock=lambda: now, seconds=seconds)


def test_a_person_gets_what_was_told_in_both_forms_with_the_headers_that_stop_it(server: SMTPServer) -> None:
    person = Person(display_name="Mira")
    by_mail(person.user)
    person.link()
    person.claim()
    settle()
    assert send(DUE).sent == 1
    [message] = server.mails
    assert server.to == [message["To"]] == [person.user.email]
    text, html = (message.get_body((kind,)).get_content() for kind in ("plain", "html"))
    for body in (text, html):
        assert "Hello Mira," in body and "Comet banner is on its way" in body and "Your accounts are linked" in body
        assert "http://localhost:8000/notices/preferences/" in body
    assert "<img" not in html and "http://localhost:8000/inventory/" in text
    assert "2 notices about your rewards" in message["Subject"]
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["Message-ID"].endswith(".notices@localhost>")
    address = message["List-Unsubscribe"].strip()
    assert address.startswith("<http://localhost:8000/notices/unsubscribe/") and address[1:-1] in text
    assert Client().post(urlsplit(address[1:-1]).path).status_code == 200
    assert not NoticePreference.objects.get().links


def test_one_notice_is_its_mails_subject_without_line_breaks(server: SMTPServer) -> None:
    person = Person()
    by_mail(person.user)
    person.rewards[0].name = "Cape\r\nBcc: everybody@example.org " + "x" * 80
    person.rewards[0].save()
    due(person.user, kind="earned", game=person.game, campaign=person.campaign, campaign_reward=person.place())
    assert send().sent == 1
    [message] = server.mails
    assert message["Subject"].startswith("Drops Portal: You earned Cape Bcc: everybody@example.org xxx")
    assert server.to == [person.user.email] and message["Bcc"] is None


def test_the_campaigns_dates_come_in_its_zone_and_in_utc(server: SMTPServer) -> None:
    person = Person()
    by_mail(person.user)
    person.campaign.time_zone = "Europe/Berlin"
    person.campaign.save()
    due(person.user, kind="earned", game=person.game, campaign=person.campaign, campaign_reward=person.place())
    send()
    text = server.mails[0].get_body(("plain",)).get_content()
    assert "Claim until: 11 Dec 2026, 13:00 CET (11 Dec, 12:00 UTC)" in text


def test_nothing_is_due_for_who_did_not_ask_and_nothing_goes_to_an_address_that_is_not_theirs_for_sure(
    server: SMTPServer,
) -> None:
    barred = reader()
    User.objects.filter(pk=barred.pk).update(is_active=False)
    never_asked, asked_for_others = make_user(), reader(Group.DELIVERIES)
    for user in [reader(verified=False), reader(verified=None), barred, never_asked, asked_for_others]:
        due(user)
    assert send() == Mailed(sent=0, failed=0, finished=True)
    assert server.mails == [] and server.connections == 0
    assert not Notice.objects.filter(email_due_at__isnull=False).exists()


def test_mail_goes_to_the_primary_of_the_verified_addresses(server: SMTPServer) -> None:
    user = reader(verified=None)
    for address, verified, primary in (
        ("a@example.org", True, False),
        ("b@example.org", True, True),
        ("c@example.org", False, False),
        ("d@example.org", True, False),
    ):
        EmailAddress.objects.create(user=user, email=address, verified=verified, primary=primary)
    due(user)
    send()
    EmailAddress.objects.filter(primary=True).delete()
    due(user)
    send()
    assert server.to == ["b@example.org", "a@example.org"]


def test_each_goes_once_and_what_is_due_together_in_one_mail(server: SMTPServer) -> None:
    one, other = reader(), reader()
    due(one, 3)
    due(other)
    due(one, at=DUE)
    assert send().sent == 2
    assert send().sent == 0
    assert sorted(server.to) == sorted([one.email, other.email])
    assert Notice.objects.filter(emailed_at=NOW).count() == 4
    assert send(DUE).sent == 1


def test_many_are_counted_and_read_on_the_site(server: SMTPServer) -> None:
    due(reader(), MOST + 3)
    send()
    text = server.mails[0].get_body(("plain",)).get_content()
    assert "3 more notices are on the site." in text and text.count("Your accounts are linked") == MOST
    assert not Notice.objects.filter(emailed_at=None).exists()


def test_what_was_read_or_switched_off_meanwhile_is_not_sent(server: SMTPServer) -> None:
    user, other = reader(), reader()
    [first, second] = due(user, 2)
    due(other)
    mark_read(user, up_to=first.pk, now=NOW)
    NoticePreference.objects.filter(user=other).update(links=False)
    assert send().sent == 1
    assert server.to == [user.email]
    second.refresh_from_db()
    assert second.emailed_at == NOW


def test_o4_a_process_that_died_before_recording_leaves_the_same_mail_to_the_next(server: SMTPServer) -> None:
    user = reader()
    due(user, 2)
    [lost] = lease_mails(now=NOW)
    due(user)  # comes later, and into a mail of its own
    assert send().sent == 1
    assert send(NOW + LEASE - timedelta(seconds=1)).sent == 0
    assert send(NOW + LEASE).sent == 1
    assert server.ids()[1] == f"<{lost.mail_id.lower()}.notices@localhost>"
    assert len(set(server.ids())) == 2


def test_o4_an_answer_that_never_came_has_the_same_mail_sent_again_under_the_same_id(server: SMTPServer) -> None:
    due(reader())
    server.data = None
    assert send() == Mailed(sent=0, failed=1, finished=True)
    server.data = "250 taken"
    assert send(NOW + timedelta(minutes=1)).sent == 1
    assert len(server.mails) == 2 and len(set(server.ids())) == 1


def test_a_mail_server_that_is_away_is_asked_again_after_growing_waits_and_then_no_more(
    server: SMTPServer, caplog: pytest.LogCaptureFixture
) -> None:
    users = [reader() for _ in range(3)]
    for user in users:
        due(user)
    server.stop()
    now, waits = NOW, []
    while Notice.objects.filter(email_due_at__isnull=False).exists():
        assert send(now).failed == 3
        [following] = set(Notice.objects.values_list("email_due_at", flat=True))
        if following:
            waits.append(following - now)
            now = following
    assert waits == sorted(waits) and len(waits) == 6 and waits[-1] == timedelta(hours=24)
    assert "given up after 7 attempts" in caplog.text
    assert not [user for user in users if user.email in caplog.text]


def test_an_address_that_is_refused_for_good_is_not_tried_again_and_keeps_no_other_back(
    server: SMTPServer, caplog: pytest.LogCaptureFixture
) -> None:
    user = reader()
    due(user)
    server.recipient = "550 no such user"
    assert send() == Mailed(sent=0, failed=1, finished=True)
    assert not Notice.objects.filter(email_due_at__isnull=False).exists()
    assert "refused" in caplog.text and user.email not in caplog.text


@pytest.mark.parametrize(("recipient", "data"), [("450 mailbox busy", "250 x"), ("250 fine", "451 later")])
def test_what_the_server_cannot_take_now_comes_later_together_with_what_is_due_then(
    server: SMTPServer, recipient: str, data: str
) -> None:
    user = reader()
    due(user)
    server.recipient, server.data = recipient, data
    assert send().failed == 1
    server.recipient, server.data = "250 fine", "250 taken"
    due(user)
    server.mails.clear()
    assert send(NOW + timedelta(minutes=1)).sent == 1
    assert "2 notices" in server.mails[0]["Subject"]


def test_a_mail_that_cannot_be_made_keeps_no_other_back(server: SMTPServer, caplog: pytest.LogCaptureFixture) -> None:
    broken, fine = reader(verified=None), reader()
    EmailAddress.objects.create(user=broken, email="two@example.org\nBcc: x@example.org", verified=True)
    due(broken, at=NOW - timedelta(minutes=1))
    due(fine)
    assert send() == Mailed(sent=1, failed=1, finished=True)
    assert server.to == [fine.email] and "Bcc" not in caplog.text


def test_a_run_that_is_out_of_time_gives_back_what_it_did_not_send(server: SMTPServer) -> None:
    due(reader())
    assert send(seconds=0) == Mailed(sent=0, failed=0, finished=False)
    assert server.connections == 0
    assert send().sent == 1


def test_the_language_is_the_one_in_which_it_was_asked_for(server: SMTPServer, settings: Any) -> None:
    settings.LANGUAGES = [("en", "English"), ("ar", "Arabic")]
    due(reader(language="ar"))
    due(reader(language="xx"))
    send()
    assert sorted(mail["Content-Language"] for mail in server.mails) == ["ar", "en"]
    [arabic] = [mail for mail in server.mails if mail["Content-Language"] == "ar"]
    assert 'lang="ar" dir="rtl"' in arabic.get_body(("html",)).get_content()


def test_a_link_made_is_sent_at_once_and_the_rest_by_the_schedule(
    django_capture_on_commit_callbacks: Any, settings: Any
) -> None:
    settings.PORTAL_SITE_NAME = "Northlight Drops"
    person = Person()
    by_mail(person.user)
    now = timezone.now()
    with django_capture_on_commit_callbacks(execute=True):
        person.link(now=now)
        person.claim()
        settle(now)
    assert [message.subject for message in mail.outbox] == ["Northlight Drops: Your accounts are linked"]
    assert tasks.send_mail().startswith("sent ")


def test_fifty_people_cost_no_query_more_to_lease_than_ten() -> None:
    counts = []
    for people in (10, 40):
        for _ in range(people):
            due(reader())
        with CaptureQueriesContext(connection) as queries:
            assert len(lease_mails(now=NOW)) == people
        counts.append(len(queries))
    assert counts[0] == counts[1]


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_o2_several_processes_send_each_notice_once(server: SMTPServer) -> None:
    for _ in range(20):
        due(reader(), 2)

    def work() -> None:
        try:
            send()
        finally:
            connection.close()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len(server.mails) == 20 == len(set(server.to))
