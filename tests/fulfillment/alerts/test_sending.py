"""Messages about alerts on their way: together, once, again where they did not arrive, for a day; through servers on loopback."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection

from fulfillment.alerts import sending, tasks
from fulfillment.alerts.muting import channel_set_right, mute_alert
from fulfillment.alerts.posting import explain
from fulfillment.alerts.sending import LEASE, Sent, lease
from fulfillment.models import Alert, AlertChannel, AlertMessage
from portal.http.errors import SENTENCES
from portal.models import Organization
from tests.factories import NOW, make_organization, make_staff
from tests.fulfillment.alerts.rows import Chat, at, chatting, judged, lapsed, make_channel, send, told

pytestmark = pytest.mark.django_db
DAY = 24 * 60


@pytest.fixture
def studio() -> Organization:
    return make_organization(name="Northlight")


@pytest.fixture
def chat() -> Iterator[Chat]:
    with chatting() as double:
        yield double


def state(channel: AlertChannel) -> tuple[Any, ...]:
    channel.refresh_from_db()
    return channel.problem, channel.sent_at, channel.failed_at


def test_a_message_says_what_happened_since_when_what_it_means_what_to_do_and_where(
    studio: Organization, chat: Chat
) -> None:
    channel = make_channel(studio, address=chat.url)
    lapsed(studio)
    assert send() == Sent(sent=1)
    alert, [text] = Alert.objects.get(), chat.texts
    assert text == (
        "Northlight: Something is wrong: Reports can no longer be read\n\n"
        "The leave to read reports of Kick has lapsed.\nNoticed at 2026-11-20 12:00 UTC.\n"
        "No new figures of the platform are fetched. Claims and deliveries are not touched by it.\n"
        "Somebody with the right to see the platform's reports gives leave again, on the page of reports.\n"
        f"http://localhost:8000/admin/fulfillment/alert/{alert.pk}/change/\n\n"
        "http://localhost:8000/admin/fulfillment/alert/"
    )
    assert alert.told_at == NOW and state(channel) == ("", NOW, None)
    assert send(1) == Sent()


def test_what_came_up_together_is_one_message_for_each_channel(studio: Organization, chat: Chat) -> None:
    make_channel(studio, address=chat.url)
    make_channel(studio, address=chat.url, kind="discord")
    judged(studio, unknown=tuple(f"reward-{n}" for n in range(50)))
    assert send() == Sent(sent=2)
    assert len(chat.bodies) == 2
    assert all("50 alerts" in text and "more alert" in text for text in chat.texts)
    assert not AlertMessage.objects.filter(sent_at=None).exists()


def test_what_is_over_and_what_is_new_come_in_one_message(studio: Organization, chat: Chat) -> None:
    make_channel(studio, address=chat.url)
    lapsed(studio)
    send()
    lapsed(studio, 1, "twitch")
    send(1)
    lapsed(studio, 2, "twitch")
    judged(studio, 3, lapsed=("twitch",), unknown=("a",))
    send(3)
    assert "Northlight: 1 alert, 1 alert is over" in chat.texts[-1]
    assert "Over: Reports can no longer be read\nThe leave to read reports of Kick has lapsed." in chat.texts[-1]


def test_what_fails_is_tried_again_at_growing_intervals_for_a_day_and_then_given_up(
    studio: Organization, chat: Chat
) -> None:
    channel = make_channel(studio, address=chat.url)
    lapsed(studio)
    chat.status, minutes, waits = 500, 0.0, []
    for _attempt in range(30):
        assert send(minutes) == Sent(failed=1)
        waiting = AlertMessage.objects.get().due_at
        if waiting is None:
            break
        waits.append((waiting - at(minutes)) / timedelta(minutes=1))
        assert send(minutes + waits[-1] - 0.1) == Sent()
        minutes += waits[-1]
    assert waits == sorted(waits) and waits[0] == 1 and minutes >= DAY
    assert state(channel)[0] == "status:500"
    assert AlertMessage.objects.get().problem == "status:500"


def test_retry_after_is_honoured_also_by_what_is_new(studio: Organization, chat: Chat) -> None:
    make_channel(studio, address=chat.url)
    lapsed(studio)
    chat.status, chat.headers = 429, {"Retry_After": "1800"}
    send()
    lapsed(studio, 5, "kick", "twitch")
    assert send(29.9) == Sent()
    chat.status = 200
    assert send(30) == Sent(sent=1)
    assert "2 alerts" in chat.texts[-1]


@pytest.mark.parametrize("status", [404, 410])
def test_a_webhook_that_is_gone_is_shown_and_not_asked_again(studio: Organization, chat: Chat, status: int) -> None:
    channel = make_channel(studio, address=chat.url)
    lapsed(studio)
    chat.status = status
    assert send() == Sent(failed=1)
    assert send(DAY - 1) == Sent()
    assert state(channel) == (f"status:{status}", None, NOW)
    assert "Make a new webhook" in explain(channel.problem)[1]


def test_once_its_address_is_right_a_channel_is_told_what_is_still_open(studio: Organization, chat: Chat) -> None:
    channel = make_channel(studio, address=f"{chat.url}/gone")
    lapsed(studio, 0, "kick", "twitch")
    chat.status = 404
    send()
    for minutes in (1, 2, 3):
        lapsed(studio, minutes, "kick")
    channel_set_right(channel=channel)
    chat.status = 200
    lapsed(studio, 4, "kick")
    assert send(4) == Sent(sent=1) and state(channel) == ("", at(4), None)
    assert "Kick" in chat.texts[-1] and "Twitch" not in chat.texts[-1]


def test_one_channel_that_fails_keeps_no_other_back(studio: Organization, chat: Chat) -> None:
    broken = make_channel(studio, address="https://169.254.0.1/hook")
    AlertChannel.objects.filter(pk=make_channel(studio).pk).update(kind="slack", address="")
    fine = make_channel(studio, address=chat.url)
    lapsed(studio)
    assert send() == Sent(sent=1, failed=2)
    assert state(broken)[0] == "link_local" and state(fine)[0] == ""


def test_what_was_muted_or_is_over_before_it_went_is_not_sent(studio: Organization, chat: Chat) -> None:
    channel, owner = make_channel(studio, address=chat.url), make_staff(studio)
    lapsed(studio, 0, "kick", "twitch")
    mute_alert(alert=Alert.objects.get(subject="kick"), until=at(60), actor=owner, now=NOW)
    Alert.objects.filter(subject="twitch").update(closed_at=NOW, gone_at=NOW)
    assert send() == Sent()
    assert chat.bodies == [] and told(channel) == []
    lapsed(studio, 60)
    assert send(60) == Sent(sent=1)


def test_a_switched_off_channel_is_not_told_what_waited(studio: Organization, chat: Chat) -> None:
    channel = make_channel(studio, address=chat.url)
    lapsed(studio)
    AlertChannel.objects.filter(pk=channel.pk).update(enabled=False)
    assert send() == Sent() and told(channel) == []


def test_o4_killed_before_recording_it_goes_once_more_and_nobody_sends_meanwhile(
    studio: Organization, chat: Chat
) -> None:
    channel = make_channel(studio, address=chat.url)
    lapsed(studio)
    assert lease(channel.pk, now=NOW) is not None
    lapsed(studio, 1, "kick", "twitch")
    assert send(1) == Sent()
    after = LEASE / timedelta(minutes=1)
    assert send(after) == Sent(sent=1)
    assert "2 alerts" in chat.texts[-1]
    assert set(AlertMessage.objects.values_list("attempts", flat=True)) == {1, 2}


def test_o4_killed_before_recording_and_over_since_the_end_is_told(studio: Organization, chat: Chat) -> None:
    channel = make_channel(studio, address=chat.url)
    lapsed(studio)
    lease(channel.pk, now=NOW)
    for minutes in (1, 2, 3):
        judged(studio, minutes)
    send(3)
    assert told(channel) == ["opened", "closed"]
    [text] = chat.texts
    assert "Over: Reports" in text and "Over since 2026-11-20 12:01 UTC." in text and "What" not in text


def test_a_lease_that_ran_out_records_that_it_arrived_and_no_failure(studio: Organization) -> None:
    channel = make_channel(studio)
    lapsed(studio)
    first = lease(channel.pk, now=NOW)
    second = lease(channel.pk, now=NOW + LEASE)
    assert first and second
    sending.record(first, sending.Outcome("status:500"), now=at(4))
    assert AlertMessage.objects.get().problem == "unsure"
    sending.record(first, sending.Outcome(), now=at(4))
    assert AlertMessage.objects.get().sent_at == at(4)
    sending.record(second, sending.Outcome("status:500"), now=at(5))
    assert AlertMessage.objects.get().due_at is None


def test_a_run_that_is_out_of_time_leaves_the_rest(studio: Organization, chat: Chat) -> None:
    make_channel(studio, address=chat.url)
    lapsed(studio)
    assert send(seconds=0) == Sent(finished=False)
    assert send() == Sent(sent=1)


def test_the_jobs_judge_and_send_and_say_what_they_did(studio: Organization, chat: Chat) -> None:
    make_channel(studio, address=chat.url)
    lapsed(studio, -5)
    assert tasks.judge() == "judged 1, failed 0"
    assert tasks.send() == "sent 1, failed 0"
    assert tasks.send(continued=True) == "sent 0, failed 0"


def test_no_code_of_an_outcome_is_without_words() -> None:
    for problem in (*SENTENCES, "status:418", "mail_away", "unsure"):
        assert all(explain(problem))
    assert explain("") == ("", "")


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_o2_several_processes_send_each_message_once(chat: Chat) -> None:
    studio = make_organization()
    lapsed(studio)
    for _ in range(6):
        channel = make_channel(studio, address=chat.url)
        alert = Alert.objects.get()
        AlertMessage.objects.create(alert=alert, channel=channel, about="opened", created_at=NOW, due_at=NOW)

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
    assert len(chat.bodies) == 6
    assert set(AlertMessage.objects.values_list("sent_at", "attempts", "problem")) == {(NOW, 1, "")}
