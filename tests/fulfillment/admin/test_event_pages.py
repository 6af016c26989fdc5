"""The pages of subscriptions to outgoing events: owners only, secrets written and shown once, the breaker, a test (S1, S2, D5)."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from standardwebhooks.webhooks import Webhook

from fulfillment.endpoints import is_signing_secret
from fulfillment.message import new_signing_secret
from fulfillment.models import EventDelivery, EventSubscription, Progress
from fulfillment.rules.events import CLAIM_DELIVERED, EVENT_TYPES, LINK_ENDED
from portal.models import AuditEntry
from portal.roles import Role
from tests.admin_pages import errors_of, form_of, sign_in, url
from tests.factories import NOW
from tests.fulfillment.admin.event_rows import subscribe, tell
from tests.fulfillment.admin.story import Studio
from tests.loopback import serving

pytestmark = pytest.mark.django_db

PAGE = "fulfillment.eventsubscription"
DEEDS = ("test", "probe", "resume", "rotate", "forget")
NEW = {"name": "Ledger", "url": "https://ledger.example.org/hook", "types": [CLAIM_DELIVERED], "secret": ""}


def add(client: Any, **values: Any) -> Any:
    return client.post(url(PAGE, "add"), form_of(client, url(PAGE, "add"), "eventsubscription_form") | NEW | values)


@pytest.mark.parametrize("role", list(Role))
def test_s1_subscriptions_are_the_owners(studio: Studio, role: Role) -> None:
    subscription = subscribe(studio.organization)
    client = sign_in(studio.members[role])
    expected = 200 if role is Role.OWNER else 403
    for page in (url(PAGE, "changelist"), url(PAGE, "add"), url(PAGE, "change", subscription.pk)):
        assert client.get(page).status_code == expected, page
    for deed in (*DEEDS, "secret"):
        assert client.get(url(PAGE, deed, subscription.pk)).status_code == expected, deed
        if role is not Role.OWNER and deed != "secret":
            assert client.post(url(PAGE, deed, subscription.pk)).status_code == 403, deed


def test_s1_another_organizations_subscription_does_not_exist(studio: Studio, elsewhere: Studio) -> None:
    foreign = subscribe(elsewhere.organization, name="Not yours")
    client = sign_in(studio.members[Role.OWNER])
    for page in ("change", "delete", "secret", *DEEDS):
        assert client.get(url(PAGE, page, foreign.pk)).status_code == 404, page
        assert client.post(url(PAGE, page, foreign.pk)).status_code == 404, page
    assert "Not yours" not in client.get(url(PAGE, "changelist")).content.decode()
    assert EventSubscription.objects.get(pk=foreign.pk).secret == foreign.secret


def test_s2_a_secret_is_made_shown_once_and_never_again(studio: Studio) -> None:
    client = sign_in(studio.members[Role.OWNER])
    made = add(client)
    subscription = EventSubscription.objects.get()
    assert (made.status_code, made.headers["Location"]) == (302, url(PAGE, "secret", subscription.pk))
    answer = client.get(made.headers["Location"])
    assert (subscription.organization, subscription.types) == (studio.organization, [CLAIM_DELIVERED])
    assert is_signing_secret(subscription.secret)
    assert subscription.secret in answer.content.decode()
    assert "no-store" in answer.headers["Cache-Control"]
    for page in (made.headers["Location"], url(PAGE, "change", subscription.pk), url(PAGE, "changelist")):
        assert subscription.secret not in client.get(page).content.decode()
    assert subscription.secret not in json.dumps(list(AuditEntry.objects.values("before", "after")))


def test_s2_a_secret_of_ones_own_is_taken_and_not_shown(studio: Studio) -> None:
    secret = new_signing_secret()
    answer = add(sign_in(studio.members[Role.OWNER]), secret=secret)
    assert answer.status_code == 302
    assert EventSubscription.objects.get().secret == secret


def test_s2_a_new_secret_keeps_the_one_before_until_it_is_forgotten(studio: Studio) -> None:
    subscription = subscribe(studio.organization)
    client = sign_in(studio.members[Role.OWNER])
    answer = client.post(url(PAGE, "rotate", subscription.pk), follow=True)
    fresh = EventSubscription.objects.get()
    assert fresh.secret in answer.content.decode()
    assert fresh.previous_secret == subscription.secret != fresh.secret
    assert "Forget the previous secret" in client.get(url(PAGE, "change", subscription.pk)).content.decode()
    client.post(url(PAGE, "forget", subscription.pk))
    assert EventSubscription.objects.get().previous_secret == ""


def test_s2_a_secret_that_is_entered_later_leaves_the_one_before_signing(studio: Studio) -> None:
    subscription = subscribe(studio.organization)
    client = sign_in(studio.members[Role.OWNER])
    page, secret = url(PAGE, "change", subscription.pk), new_signing_secret()
    values = form_of(client, page, "eventsubscription_form") | {"types": list(EVENT_TYPES)}
    assert client.post(page, values | {"secret": secret}).status_code == 302
    fresh = EventSubscription.objects.get()
    assert (fresh.secret, fresh.previous_secret) == (secret, subscription.secret)
    client.post(page, values | {"name": "Renamed", "secret": ""})
    fresh.refresh_from_db()
    assert (fresh.name, fresh.secret) == ("Renamed", secret), "an empty field keeps what is stored"


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"types": []}, "Choose at least one event"),
        ({"types": ["claim.stolen"]}, "claim.stolen"),
        ({"url": "http://ledger.example.org/hook"}, "https"),
        ({"url": "https://10.0.0.7/hook"}, "private"),
        ({"secret": "whsec_short"}, "Standard Webhooks"),
        ({"concurrency": "0"}, ""),
        ({"concurrency": "33"}, ""),
        ({"name": ""}, ""),
    ],
)
def test_what_cannot_be_is_refused_with_a_reason(studio: Studio, wrong: dict[str, Any], says: str) -> None:
    errors = errors_of(add(sign_in(studio.members[Role.OWNER]), **wrong))
    assert errors
    assert says in " ".join(errors)
    assert not EventSubscription.objects.exists()


def test_every_event_is_offered_with_a_sentence(studio: Studio) -> None:
    page = sign_in(studio.members[Role.OWNER]).get(url(PAGE, "add")).content.decode()
    for kind in EVENT_TYPES:
        assert f'value="{kind}"' in page
    assert "A link was ended, by the viewer, by the platform or by a member of staff." in page


def test_the_list_says_what_it_is_for_while_it_is_empty(studio: Studio) -> None:
    client = sign_in(studio.members[Role.OWNER])
    assert "Nobody is told of anything yet" in client.get(url(PAGE, "changelist")).content.decode()
    subscribe(studio.organization)
    assert "Nobody is told of anything yet" not in client.get(url(PAGE, "changelist")).content.decode()


def test_the_list_shows_state_events_and_counts(studio: Studio) -> None:
    busy = subscribe(studio.organization, name="Busy", types=[CLAIM_DELIVERED, LINK_ENDED], last_success_at=NOW)
    subscribe(studio.organization, name="Broken", opened_at=NOW, probe_at=NOW, failures=7)
    subscribe(studio.organization, name="Silent", enabled=False)
    for _ in range(3):
        tell(busy, progress=Progress.WAITING)
    for _ in range(2):
        tell(busy, progress=Progress.FAILED)
    tell(busy, progress=Progress.DELIVERED)
    page = sign_in(studio.members[Role.OWNER]).get(url(PAGE, "changelist"))
    rows = {row.name: row for row in page.context["cl"].result_list}
    assert (rows["Busy"].waits, rows["Busy"].failures_kept) == (3, 2)
    assert (rows["Silent"].waits, rows["Silent"].failures_kept) == (0, 0)
    shown = page.content.decode()
    assert "a claim was delivered, a link has ended" in shown
    assert "all events" in shown
    for state in ("at work", "paused", "switched off"):
        assert state in shown
    assert f"subscription__id__exact={busy.pk}&amp;progress=failed" in shown


def test_the_list_takes_as_many_queries_for_twenty_as_for_one(studio: Studio) -> None:
    client = sign_in(studio.members[Role.OWNER])

    def queries() -> int:
        with CaptureQueriesContext(connection) as seen:
            assert client.get(url(PAGE, "changelist")).status_code == 200
        return len(seen)

    tell(subscribe(studio.organization))
    queries()
    one = queries()
    for _ in range(19):
        tell(subscribe(studio.organization), progress=Progress.WAITING)
    assert queries() == one


def test_f8_only_what_was_never_told_anything_can_be_deleted(studio: Studio) -> None:
    unused, used = subscribe(studio.organization), subscribe(studio.organization)
    tell(used, progress=Progress.DELIVERED)
    client = sign_in(studio.members[Role.OWNER])
    assert url(PAGE, "delete", unused.pk) in client.get(url(PAGE, "change", unused.pk)).content.decode()
    kept = client.get(url(PAGE, "change", used.pk)).content.decode()
    assert url(PAGE, "delete", used.pk) not in kept
    assert "switch it off" in kept
    assert client.post(url(PAGE, "delete", used.pk), {"post": "yes"}).status_code == 403
    assert client.post(url(PAGE, "delete", unused.pk), {"post": "yes"}).status_code == 302
    assert list(EventSubscription.objects.all()) == [used]
    assert AuditEntry.objects.filter(action="deleted", object_id=unused.pk).count() == 1


def test_d5_probe_and_resume(studio: Studio) -> None:
    subscription = subscribe(
        studio.organization,
        failures=9,
        opened_at=NOW,
        probe_at=NOW + timedelta(days=30),
        probes=3,
        last_error="The subscriber answered 500.",
    )
    waiting = tell(subscription, progress=Progress.WAITING, due_at=NOW + timedelta(days=30))
    client = sign_in(studio.members[Role.OWNER])
    with time_machine.travel(NOW + timedelta(minutes=1), tick=False):
        page = client.get(url(PAGE, "change", subscription.pk)).content.decode()
        assert "Paused since 2026-11-20 12:00 UTC" in page
        assert "The subscriber answered 500." in page
        client.post(url(PAGE, "probe", subscription.pk))
        subscription.refresh_from_db()
        assert subscription.probe_at == NOW + timedelta(minutes=1)
        client.post(url(PAGE, "resume", subscription.pk))
        subscription.refresh_from_db()
    assert (subscription.opened_at, subscription.failures) == (None, 0)
    assert EventDelivery.objects.get(pk=waiting.pk).due_at < NOW + timedelta(days=1)  # type: ignore[operator]


def test_d5_what_is_not_paused_is_not_resumed(studio: Studio) -> None:
    subscription = subscribe(studio.organization)
    client = sign_in(studio.members[Role.OWNER])
    answer = client.post(url(PAGE, "resume", subscription.pk), follow=True)
    assert "It was not paused." in answer.content.decode()


def test_a_failing_subscription_says_so_before_it_is_paused(studio: Studio) -> None:
    subscription = subscribe(studio.organization, failures=3)
    page = sign_in(studio.members[Role.OWNER]).get(url(PAGE, "change", subscription.pk)).content.decode()
    assert "the last 3 calls failed. After 5 in a row it is paused." in page


@pytest.mark.parametrize("kind", EVENT_TYPES)
def test_a_test_event_goes_the_way_of_real_ones_and_shows_status_and_answer(studio: Studio, kind: str) -> None:
    with serving(lambda connection, request: connection.reply(422, b"<b>not this one</b>")) as server:
        subscription = subscribe(studio.organization, url=f"{server.url}/events")
        client = sign_in(studio.members[Role.OWNER])
        assert client.get(url(PAGE, "test", subscription.pk)).status_code == 200
        assert not server.requests, "it asks first"
        page = client.post(url(PAGE, "test", subscription.pk), {"type": kind}).content.decode()
        sent = server.requests[0]
    assert "422" in page
    assert "&lt;b&gt;not this one" in page
    body = json.loads(sent.body)
    assert (body["type"], body["test"]) == (kind, True)
    Webhook(subscription.secret).verify(sent.body, sent.headers)
    assert not EventDelivery.objects.exists(), "the log has real events only"


def test_a_test_of_no_event_is_refused(studio: Studio) -> None:
    with serving(lambda connection, request: connection.reply(200)) as server:
        subscription = subscribe(studio.organization, url=server.url)
        answer = sign_in(studio.members[Role.OWNER]).post(url(PAGE, "test", subscription.pk), {"type": "claim.stolen"})
        assert answer.status_code == 200
        assert not server.requests
    assert "claim.stolen" in answer.content.decode()


def test_d5_a_paused_or_failing_subscription_is_on_the_card_of_deliveries(studio: Studio) -> None:
    client = sign_in(studio.members[Role.PRODUCER])
    assert "subscriptions paused or failing" not in client.get("/admin/in-detail/deliveries/").content.decode(), (
        "who has none needs no word"
    )
    subscribe(studio.organization)
    assert "0 / 1" in _line(client)
    subscribe(studio.organization, opened_at=NOW, probe_at=NOW)
    subscribe(studio.organization, failures=2)
    subscribe(studio.organization, opened_at=NOW, probe_at=NOW, enabled=False)
    line = _line(client)
    assert "2 / 4" in line
    assert "/admin/fulfillment/eventsubscription/" not in line, "a producer may not open it"
    assert "/admin/fulfillment/eventsubscription/" in _line(sign_in(studio.members[Role.OWNER]))


def _line(client: Any) -> str:
    page = client.get("/admin/in-detail/deliveries/").content.decode()
    return str(page.split("Event subscriptions paused or failing")[1].split("</div>")[0])
