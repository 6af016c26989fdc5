"""The log of outgoing events: who sees it, how it is found, what happens next, and sending again (D4, D5, S1)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext

from fulfillment import bulk
from fulfillment.admin import event_list
from fulfillment.models import BulkOperation, EventDelivery, EventSubscription, Progress
from fulfillment.rules.events import CHANNEL_LIVE, CLAIM_CREATED, LINK_ENDED
from fulfillment.rules.states import State
from portal.ids import new_ulid
from portal.models import AuditEntry
from portal.roles import Role
from tests.admin_pages import sign_in, url
from tests.factories import NOW, make_channel
from tests.fulfillment.admin.event_rows import attempted, subscribe, tell
from tests.fulfillment.admin.story import Studio

pytestmark = pytest.mark.django_db

LOG = "fulfillment.eventdelivery"
SEES = {Role.OWNER, Role.PRODUCER, Role.SUPPORT}
LATER = NOW + timedelta(minutes=10)


def listed(client: Any, query: str = "") -> list[int]:
    answer = client.get(url(LOG, "changelist") + query)
    assert answer.status_code == 200, answer.status_code
    return [row.pk for row in answer.context["cl"].result_list]


def pks(*deliveries: EventDelivery) -> list[int]:
    return [delivery.pk for delivery in deliveries]


# Who sees what.


@pytest.mark.parametrize("role", list(Role))
def test_s1_messages_name_people_so_analysts_do_not_see_them(studio: Studio, role: Role) -> None:
    delivery = tell(subscribe(studio.organization))
    client = sign_in(studio.members[role])
    expected = 200 if role in SEES else 403
    assert client.get(url(LOG, "changelist")).status_code == expected
    page = client.get(url(LOG, "change", delivery.pk))
    assert page.status_code == expected
    assert ("Mira" in page.content.decode()) == (role in SEES)


def test_s1_addresses_are_the_owners(studio: Studio) -> None:
    subscription = subscribe(studio.organization, url="https://partner.example.org/very-private")
    delivery = tell(subscription)
    for role in SEES:
        client = sign_in(studio.members[role])
        page = client.get(url(LOG, "change", delivery.pk)).content.decode()
        assert ("very-private" in page) == (role is Role.OWNER), role
        assert (url("fulfillment.eventsubscription", "change", subscription.pk) in page) == (role is Role.OWNER)
        assert subscription.name in page
        assert "very-private" not in client.get(url(LOG, "changelist")).content.decode()


def test_s1_another_organizations_events_do_not_exist(studio: Studio, elsewhere: Studio) -> None:
    foreign = tell(subscribe(elsewhere.organization), subject="01FOREIGNCLAIM")
    client = sign_in(studio.members[Role.OWNER])
    tell(subscribe(studio.organization))
    for page in (url(LOG, "change", foreign.pk), url(LOG, "again", foreign.pk)):
        assert client.get(page).status_code == 404, page
        assert client.post(page).status_code == 404, page
    assert foreign.pk not in listed(client)
    assert listed(client, f"?q={foreign.event_id}") == []
    assert listed(client, "?q=01FOREIGNCLAIM") == []
    assert listed(client, f"?subscription__id__exact={foreign.subscription_id}") == []
    foreign.refresh_from_db()
    assert foreign.progress == Progress.FAILED


@pytest.mark.parametrize("tampered", ["0", "-1", "1e3", "abc", "9" * 40, "１", "1 OR 1=1"])
def test_a_key_that_is_none_is_nobodys(studio: Studio, tampered: str) -> None:
    tell(subscribe(studio.organization))
    client = sign_in(studio.members[Role.OWNER])
    for page in ("change", "again"):
        assert client.get(url(LOG, page, tampered)).status_code == 404, page
        assert client.post(url(LOG, page, tampered)).status_code == 404, page


# The list.


def test_the_list_is_newest_first_across_subscriptions_and_pages(studio: Studio) -> None:
    first, second = subscribe(studio.organization), subscribe(studio.organization)
    subscribe(studio.organization)
    told = [tell(first if n % 3 else second) for n in range(120)]
    newest = [delivery.pk for delivery in reversed(told)]
    client = sign_in(studio.members[Role.SUPPORT])
    assert [listed(client, f"?p={page}") for page in (1, 2, 3, 4, 5)] == [newest[n : n + 25] for n in range(0, 120, 25)]
    assert listed(client, f"?subscription__id__exact={second.pk}") == pks(*reversed(told[::3]))[:25]
    assert listed(client, "?all=") == newest


def test_filters_keep_what_they_say(studio: Studio) -> None:
    first, second = subscribe(studio.organization), subscribe(studio.organization)
    waiting = tell(first, progress=Progress.WAITING, kind=CLAIM_CREATED)
    failed = tell(first, progress=Progress.FAILED, kind=LINK_ENDED)
    done = tell(second, progress=Progress.DELIVERED, kind=LINK_ENDED)
    client = sign_in(studio.members[Role.PRODUCER])
    assert listed(client) == pks(done, failed, waiting)
    assert listed(client, "?progress=waiting") == pks(waiting)
    assert listed(client, "?progress=failed") == pks(failed)
    assert listed(client, "?progress=delivered") == pks(done)
    assert listed(client, "?event=link.ended") == pks(done, failed)
    assert listed(client, f"?event=link.ended&progress=failed&subscription__id__exact={first.pk}") == pks(failed)
    assert listed(client, f"?subscription__id__exact={second.pk}&progress=failed") == []
    for nonsense in ("?progress=lost", "?event=claim.stolen", "?p=99999"):
        assert client.get(url(LOG, "changelist") + nonsense).status_code in (200, 302), nonsense


def test_a_kind_is_looked_for_among_the_newest_events_and_the_page_says_so(
    studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(event_list, "LOOKED_THROUGH", 3)
    subscription = subscribe(studio.organization)
    tell(subscription, kind=LINK_ENDED)
    told = [tell(subscription, kind=kind) for kind in (LINK_ENDED, CLAIM_CREATED, CLAIM_CREATED)]
    client = sign_in(studio.members[Role.PRODUCER])
    assert listed(client, "?event=link.ended") == pks(told[0])
    assert "events were looked through" in client.get(url(LOG, "changelist") + "?event=link.ended").content.decode()


def test_events_are_found_by_their_own_id_and_by_what_they_are_about(studio: Studio) -> None:
    subscription = subscribe(studio.organization)
    claim = studio.claim(State.DELIVERED)
    channel = make_channel(studio.organization)
    link_id = new_ulid()
    of_claim = tell(subscription, subject=claim.pk)
    of_link = tell(subscription, subject=link_id, kind=LINK_ENDED)
    of_channel = tell(subscription, subject=channel.pk, kind=CHANNEL_LIVE)
    client = sign_in(studio.members[Role.SUPPORT])
    for text, expected in (
        (claim.pk, of_claim),
        (claim.pk.lower(), of_claim),
        (claim.platform_claim_id, of_claim),
        (claim.platform_user_id, of_claim),
        (link_id, of_link),
        (channel.pk, of_channel),
        (of_link.event_id, of_link),
        (of_link.event_id[:22], of_link),
    ):
        found = listed(client, f"?q={text}")
        assert expected.pk in found, text
    assert listed(client, f"?q={new_ulid()}") == []
    page = client.get(url(LOG, "changelist")).content.decode()
    assert url("fulfillment.claim", "change", claim.pk) in page
    assert url("campaigns.channel", "change", channel.pk) in page


def test_the_list_takes_as_many_queries_for_twenty_of_many_as_for_one(studio: Studio) -> None:
    client = sign_in(studio.members[Role.OWNER])

    def queries(query: str) -> int:
        with CaptureQueriesContext(connection) as seen:
            assert client.get(url(LOG, "changelist") + query).status_code == 200
        return len(seen)

    subject = new_ulid()
    tell(subscribe(studio.organization), subject=subject)
    asked = ("", "?progress=failed", "?event=claim.delivered", f"?q={subject}")
    queries("")
    one = [queries(query) for query in asked]
    for _ in range(19):
        tell(subscribe(studio.organization), subject=subject)
    assert [queries(query) for query in asked] == one


# One event.


def test_d4_the_page_shows_message_attempts_and_answers_as_text(studio: Studio) -> None:
    delivery = tell(subscribe(studio.organization), subject="01CLAIM", attempt=2)
    attempted(delivery, number=1, status=None, error="The connection was refused.")
    attempted(delivery, number=2, status=503, answer="<script>alert(1)</script>", duration_ms=345)
    page = sign_in(studio.members[Role.SUPPORT]).get(url(LOG, "change", delivery.pk)).content.decode()
    assert "The connection was refused." in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "345 ms" in page
    assert "503" in page
    assert "    &quot;claim_id&quot;: &quot;01CLAIM&quot;" in page, "with line breaks"
    assert delivery.event_id in page


WORDS = [
    (
        {"progress": Progress.WAITING, "due_at": LATER + timedelta(minutes=5), "attempt": 3, "attempts_left": 5},
        {},
        ("Next attempt at 2026-11-20 12:15:00 UTC", "5 of 8 attempts are left"),
    ),
    ({"progress": Progress.WAITING, "due_at": NOW}, {}, ("It is sent within moments.",)),
    ({"progress": Progress.WAITING, "due_at": NOW, "leased": True}, {}, ("It is being sent at this moment.",)),
    ({"progress": Progress.WAITING}, {"enabled": False}, ("the subscription is switched off",)),
    ({"progress": Progress.WAITING}, {"opened_at": NOW, "probe_at": NOW}, ("the subscription is paused",)),
    ({"progress": Progress.DELIVERED}, {}, ("It was accepted at 2026-11-20 12:00:00 UTC",)),
    ({"progress": Progress.FAILED, "attempts_left": 0}, {}, ("Given up at 2026-11-20 12:00:00 UTC after 8 attempts",)),
    ({"progress": Progress.FAILED, "attempts_left": 7}, {}, ("the address refused it for good",)),
    ({"progress": Progress.FAILED, "body": ""}, {}, ("was erased",)),
]


@pytest.mark.parametrize(("fields", "of_subscription", "says"), WORDS)
def test_the_page_says_what_happens_next_and_when(
    studio: Studio, fields: dict[str, Any], of_subscription: dict[str, Any], says: tuple[str, ...]
) -> None:
    delivery = tell(subscribe(studio.organization, **of_subscription), **fields)
    with time_machine.travel(LATER, tick=False):
        page = sign_in(studio.members[Role.SUPPORT]).get(url(LOG, "change", delivery.pk)).content.decode()
    for words in says:
        assert words in page, words
    sendable = fields.get("body") != "" and not fields.get("leased")
    assert (">Send again<" in page) == sendable


@pytest.mark.parametrize("role", list(Role))
def test_d5_one_event_is_sent_again_by_those_who_may_mend(studio: Studio, role: Role) -> None:
    delivery = tell(subscribe(studio.organization), attempt=8, attempts_left=0)
    client = sign_in(studio.members[role])
    assert client.get(url(LOG, "again", delivery.pk)).status_code == (302 if role in SEES else 403)
    delivery.refresh_from_db()
    assert delivery.progress == Progress.FAILED, "looking changes nothing"
    answer = client.post(url(LOG, "again", delivery.pk), follow=True)
    delivery.refresh_from_db()
    if role in SEES:
        assert "It is sent again, with all attempts anew." in answer.content.decode()
        assert (delivery.progress, delivery.attempts_left) == (Progress.WAITING, 8)
        assert delivery.due_at is not None
    else:
        assert answer.status_code == 403
        assert delivery.progress == Progress.FAILED


@pytest.mark.parametrize("fields", [{"leased": True, "progress": Progress.WAITING}, {"body": ""}])
def test_d5_what_is_being_sent_or_was_erased_is_not_sent_again(studio: Studio, fields: dict[str, Any]) -> None:
    delivery = tell(subscribe(studio.organization), **fields)
    client = sign_in(studio.members[Role.OWNER])
    answer = client.post(url(LOG, "again", delivery.pk), follow=True)
    assert "It cannot be sent again" in answer.content.decode()


def test_a_claims_page_leads_to_what_was_told_of_it(studio: Studio) -> None:
    told, untold = studio.claim(State.DELIVERED), studio.claim(State.DELIVERED)
    tell(subscribe(studio.organization), subject=told.pk)
    client = sign_in(studio.members[Role.SUPPORT])
    link = f"{url(LOG, 'changelist')}?q={told.pk}"
    assert link in client.get(url("fulfillment.claim", "change", told.pk)).content.decode()
    assert (
        url(LOG, "changelist") + "?q=" not in client.get(url("fulfillment.claim", "change", untold.pk)).content.decode()
    )
    analyst = sign_in(studio.members[Role.ANALYST])
    assert link not in analyst.get(url("fulfillment.claim", "change", told.pk)).content.decode()


# Many.


def choose(client: Any, deliveries: list[EventDelivery], query: str = "") -> Any:
    chosen = {"_selected_action": pks(*deliveries), "select_across": "0" if len(deliveries) > 1 else "1"}
    return client.post(url(LOG, "changelist") + query, {"action": "replay_chosen", "index": "0", **chosen})


@pytest.mark.parametrize("role", list(Role))
def test_s1_only_owners_and_producers_send_many_again(studio: Studio, role: Role) -> None:
    subscription = subscribe(studio.organization)
    told = [tell(subscription) for _ in range(2)]
    client = sign_in(studio.members[role])
    allowed = role in (Role.OWNER, Role.PRODUCER)
    answer = choose(client, told)
    assert ("/many/" in answer.headers.get("Location", "")) == allowed
    assert BulkOperation.objects.exists() == allowed
    assert client.get(url(LOG, "since")).status_code == (200 if allowed else 403)
    assert client.post(url(LOG, "since"), {}).status_code == (200 if allowed else 403)


def test_d5_the_count_comes_first_then_all_that_the_filters_keep_is_sent_with_progress(studio: Studio) -> None:
    subscription, off = subscribe(studio.organization), subscribe(studio.organization, enabled=False)
    failed = [tell(subscription) for _ in range(60)]
    held_up = tell(off)
    tell(subscription, body="")
    tell(subscription, progress=Progress.DELIVERED)
    client = sign_in(studio.members[Role.PRODUCER])
    page = choose(client, [held_up], "?progress=failed").headers["Location"]
    asked = client.get(page)
    assert (asked.context["possible"], asked.context["stuck"]) == (61, 1)
    assert asked.context["refused"] == [("whom it told of was erased", 1)]
    assert "61 of the chosen events can be sent again" in asked.content.decode()
    assert EventDelivery.objects.filter(progress=Progress.WAITING).count() == 0, (
        "nothing is sent before it is confirmed"
    )
    assert client.post(page, {"reason": " "}).status_code == 200, "it asks for a reason"
    assert client.post(page, {"reason": "receiver was down"}).status_code == 302
    operation = BulkOperation.objects.get()
    assert "0 of 62 dealt with" in client.get(page).content.decode()
    assert 'data-live-every="2"' in client.get(page).content.decode(), "it keeps itself up to date"
    bulk.work_off(operation.pk)
    operation.refresh_from_db()
    assert (operation.done, operation.skipped, operation.total) == (61, 1, 62)
    assert EventDelivery.objects.filter(pk__in=pks(*failed), progress=Progress.WAITING).count() == 60
    shown = client.get(page)
    assert "Refresh" not in shown.headers
    assert "Finished" in shown.content.decode()
    assert AuditEntry.objects.filter(action="bulk replay", reason="receiver was down").count() == 1
    bulk_list = client.get(url("fulfillment.bulkoperation", "changelist")).content.decode()
    assert "send events again" in bulk_list
    assert client.get(url("fulfillment.bulkoperation", "change", operation.pk)).headers["Location"] == page


def test_o4_a_replay_that_was_interrupted_goes_on_where_it_was(studio: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulk, "CHUNK", 4)
    subscription = subscribe(studio.organization)
    for _ in range(10):
        tell(subscription)
    operation = bulk.choose_event_deliveries(
        organization=studio.organization,
        deliveries=EventDelivery.objects.all(),
        actor=studio.members[Role.OWNER],
        now=NOW,
    )
    bulk.confirm(operation=operation, reason="outage", actor=studio.members[Role.OWNER], now=NOW)
    assert bulk.do_chunk(operation.pk, now=NOW)
    assert EventDelivery.objects.filter(progress=Progress.WAITING).count() == 4
    assert bulk.take_up_due(now=NOW + bulk.LEASE + timedelta(seconds=1)) == 1
    operation.refresh_from_db()
    assert (operation.position, operation.done, operation.due_at) == (10, 10, None)
    assert EventDelivery.objects.filter(progress=Progress.WAITING).count() == 10


def test_s1_events_that_are_not_the_organizations_are_left_alone(studio: Studio, elsewhere: Studio) -> None:
    foreign = tell(subscribe(elsewhere.organization))
    mine = tell(subscribe(studio.organization))
    member = studio.members[Role.OWNER]
    operation = bulk.choose_event_deliveries(
        organization=studio.organization, deliveries=EventDelivery.objects.all(), actor=member, now=NOW
    )
    assert bulk.preview(operation).possible == 1
    bulk.confirm(operation=operation, reason="tampered", actor=member, now=NOW)
    bulk.work_off(operation.pk)
    for delivery, expected in ((foreign, Progress.FAILED), (mine, Progress.WAITING)):
        delivery.refresh_from_db()
        assert delivery.progress == expected
    theirs = bulk.choose_event_deliveries(
        organization=elsewhere.organization, deliveries=EventDelivery.objects.all(), actor=member, now=NOW
    )
    client = sign_in(member)
    assert client.get(url(LOG, "many", theirs.pk)).status_code == 404
    assert client.post(url(LOG, "many", theirs.pk), {"reason": "x"}).status_code == 404
    assert client.get(url("fulfillment.claim", "many", operation.pk)).status_code == 404, "claims are another list"


def test_more_events_than_one_action_takes_are_refused(studio: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulk, "MAX_CLAIMS", 2)
    subscription = subscribe(studio.organization)
    told = [tell(subscription) for _ in range(3)]
    client = sign_in(studio.members[Role.OWNER])
    assert "/many/" not in choose(client, told).headers.get("Location", "")
    answer = client.post(url(LOG, "since"), since(subscription, "2026-11-01T00:00"))
    assert "Narrow the choice first" in answer.content.decode()
    assert not BulkOperation.objects.exists()


# Since a time.


def since(subscription: EventSubscription, moment: str, which: str = "failed") -> dict[str, str]:
    return {"subscription": subscription.pk, "since": moment, "which": which}


@pytest.mark.parametrize(("which", "count"), [("failed", 2), ("all", 3)])
def test_d5_all_of_a_subscription_since_a_time_is_sent_again(studio: Studio, which: str, count: int) -> None:
    subscription, other = subscribe(studio.organization), subscribe(studio.organization)
    at = datetime(2026, 11, 20, 11, 30, tzinfo=UTC)
    tell(subscription, at=at - timedelta(seconds=1))
    on_time = tell(subscription, at=at)
    tell(subscription, at=at + timedelta(minutes=1), progress=Progress.WAITING, due_at=NOW + timedelta(days=1))
    tell(subscription, at=at + timedelta(minutes=2), progress=Progress.DELIVERED)
    tell(other, at=at + timedelta(minutes=3))
    client = sign_in(studio.members[Role.PRODUCER])
    with time_machine.travel(NOW, tick=False):
        answer = client.post(url(LOG, "since"), since(subscription, "2026-11-20T11:30", which))
        page = answer.headers["Location"]
        shown = client.get(page)
        assert (shown.context["possible"], shown.context["operation"].since) == (count, at)
        assert "since 2026-11-20 11:30:00 UTC" in shown.content.decode()
        client.post(page, {"reason": "outage"})
    operation = BulkOperation.objects.get()
    bulk.work_off(operation.pk)
    operation.refresh_from_db()
    assert (operation.done, operation.skipped) == (count, 0)
    on_time.refresh_from_db()
    assert on_time.progress == Progress.WAITING


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"since": "2026-11-21T00:00"}, "has not come yet"),
        ({"since": "yesterday"}, "This is not a time"),
        ({"since": "2026-02-30T10:00"}, "This is not a time"),
        ({"since": ""}, "required"),
        ({"since": "2026-11-20T12:00", "which": "failed"}, "There is nothing to send again"),
        ({"which": "some"}, "some is not one of the available choices"),
        ({"which": ""}, "required"),
        ({"subscription": ""}, "required"),
        ({"subscription": "01JZZZZZZZZZZZZZZZZZZZZZZZ"}, "not one of the available choices"),
        ({"subscription": "' OR 1=1 --"}, "not one of the available choices"),
    ],
)
def test_a_replay_that_makes_no_sense_is_refused_with_a_reason(
    studio: Studio, given: dict[str, str], says: str
) -> None:
    subscription = subscribe(studio.organization)
    tell(subscription, at=NOW - timedelta(hours=1))
    client = sign_in(studio.members[Role.OWNER])
    with time_machine.travel(NOW, tick=False):
        answer = client.post(url(LOG, "since"), since(subscription, "2026-11-20T10:00") | given)
    assert answer.status_code == 200
    assert says in answer.content.decode()
    assert not BulkOperation.objects.exists()


def test_s1_another_organizations_subscription_cannot_be_replayed(studio: Studio, elsewhere: Studio) -> None:
    foreign = subscribe(elsewhere.organization, name="Not yours")
    tell(foreign)
    client = sign_in(studio.members[Role.OWNER])
    answer = client.post(url(LOG, "since"), since(foreign, "2026-11-01T00:00", "all"))
    assert "not one of the available choices" in answer.content.decode()
    shown = client.get(f"{url(LOG, 'since')}?subscription={foreign.pk}").content.decode()
    assert "Not yours" not in shown
    assert not BulkOperation.objects.exists()
