"""Messages about alerts by e-mail: both forms, escaped, and what the mail server's answers lead to."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from fulfillment.alerts.letters import MOST
from fulfillment.alerts.sending import Sent
from fulfillment.models import Alert, AlertChannel, AlertMessage
from portal.models import Organization
from tests.doubles.smtp_server import SMTPServer
from tests.factories import NOW, make_organization
from tests.fulfillment.alerts.rows import judged, lapsed, make_channel, send

pytestmark = pytest.mark.django_db


@pytest.fixture
def server(settings: Any) -> Iterator[SMTPServer]:
    double = SMTPServer()
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_USE_TLS = "127.0.0.1", double.port, False
    settings.EMAIL_TIMEOUT = 5
    yield double
    double.stop()


@pytest.fixture
def studio() -> Organization:
    return make_organization(name="Northlight\r\nBcc: all@example.org")


@pytest.fixture
def channel(studio: Organization) -> AlertChannel:
    return make_channel(studio, "email", name="<b>Ops</b>")


def problem(channel: AlertChannel) -> str:
    channel.refresh_from_db()
    return channel.problem


def test_the_mail_has_both_forms_and_says_all_of_it(
    server: SMTPServer, studio: Organization, channel: AlertChannel
) -> None:
    judged(studio, unknown=("<script>alert(1)</script>",))
    assert send() == Sent(sent=1)
    [mail] = server.mails
    assert server.to == ["ops@example.org"] and mail["Bcc"] is None
    assert mail["Subject"].startswith("Drops Portal: Northlight Bcc: all@example.org: Something is wrong: Claims for")
    assert mail["Auto-Submitted"] == "auto-generated" and mail["Message-ID"].endswith(".alerts@localhost>")
    text, html = (mail.get_body((kind,)).get_content() for kind in ("plain", "html"))
    for body in (text, html):
        assert "Noticed at 2026-11-20 12:00 UTC." in body and "What it means:" in body and "What to do:" in body
        assert f"http://localhost:8000/admin/fulfillment/alert/{Alert.objects.get().pk}/change/" in body
    assert "<script>" in text and "“<b>Ops</b>”" in text
    assert "<script>" not in html and "&lt;script&gt;" in html and "&lt;b&gt;Ops" in html and "<img" not in html


def test_many_are_counted_and_read_in_the_portal(
    server: SMTPServer, studio: Organization, channel: AlertChannel
) -> None:
    judged(studio, unknown=tuple(map(str, range(MOST + 3))))
    send()
    [mail] = server.mails
    text = mail.get_body(("plain",)).get_content()
    assert "23 alerts" in mail["Subject"] and "3 more alerts are in the portal." in text
    assert text.count("Something is wrong:") == MOST


@pytest.mark.parametrize(
    ("recipient", "data", "code", "again"),
    [
        ("550 no such user", "250 x", "mail_refused", False),
        ("450 busy", "250 x", "mail_not_now", True),
        ("250 fine", "554 spam", "mail_refused", False),
        ("250 fine", "451 later", "mail_not_now", True),
        ("250 fine", None, "mail_unsure", True),
    ],
)
def test_what_is_refused_for_good_is_given_up_and_the_rest_tried_again(
    server: SMTPServer,
    studio: Organization,
    channel: AlertChannel,
    recipient: str,
    data: str | None,
    code: str,
    again: bool,
) -> None:
    server.recipient, server.data = recipient, data
    lapsed(studio)
    assert send() == Sent(failed=1)
    assert problem(channel) == code
    assert AlertMessage.objects.filter(due_at=NOW + timedelta(minutes=1)).exists() is again


def test_the_same_mail_goes_again_under_the_same_id(
    server: SMTPServer, studio: Organization, channel: AlertChannel
) -> None:
    server.data = None
    lapsed(studio)
    send()
    server.data = "250 taken"
    assert send(1) == Sent(sent=1)
    assert len(server.ids()) == 2 and len(set(server.ids())) == 1


def test_a_mail_server_that_is_away_is_asked_again(
    server: SMTPServer, studio: Organization, channel: AlertChannel, caplog: Any
) -> None:
    server.stop()
    lapsed(studio)
    assert send() == Sent(failed=1)
    assert problem(channel) == "mail_away" and "ops@example.org" not in caplog.text


def test_an_address_that_no_mail_can_go_to_keeps_no_other_back(
    server: SMTPServer, studio: Organization, channel: AlertChannel, caplog: Any
) -> None:
    broken = make_channel(studio, "email", address="two@example.org\nBcc: x@example.org")
    lapsed(studio)
    assert send() == Sent(sent=1, failed=1)
    assert problem(broken) == "mail_fault" and "x@example.org" not in caplog.text
