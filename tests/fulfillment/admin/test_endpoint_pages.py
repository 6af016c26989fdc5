"""The endpoint's pages: owners only, secrets written and shown once, the breaker, a test delivery (D2, D5, S1, S2)."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from django.utils.html import escape
from standardwebhooks.webhooks import Webhook

from fulfillment.endpoints import is_signing_secret, sample_body
from fulfillment.message import new_signing_secret
from fulfillment.models import Delivery, Endpoint, KeptMessage, WebhookTally
from fulfillment.rules.states import State
from portal import platforms
from portal.models import AuditEntry
from portal.roles import Role
from tests.admin_pages import form_of, sign_in, url
from tests.factories import NOW, make_credential, make_game
from tests.fulfillment.admin.story import Studio
from tests.loopback import serving

pytestmark = pytest.mark.django_db

PAGE = "fulfillment.endpoint"
DEEDS = ("test", "probe", "resume", "rotate", "forget")


@pytest.mark.parametrize("role", list(Role))
def test_s1_endpoints_are_the_owners(studio: Studio, role: Role) -> None:
    client = sign_in(studio.members[role])
    expected = 200 if role is Role.OWNER else 403
    for page in (url(PAGE, "changelist"), url(PAGE, "add"), url(PAGE, "change", studio.endpoint.pk)):
        assert client.get(page).status_code == expected, page
    for deed in (*DEEDS, "secret"):
        assert client.get(url(PAGE, deed, studio.endpoint.pk)).status_code == expected, deed


def test_s1_another_organizations_endpoint_does_not_exist(studio: Studio, elsewhere: Studio) -> None:
    client = sign_in(studio.members[Role.OWNER])
    before = Endpoint.objects.get(pk=elsewhere.endpoint.pk).secret
    for page in ("change", "secret", *DEEDS):
        assert client.get(url(PAGE, page, elsewhere.endpoint.pk)).status_code == 404, page
        assert client.post(url(PAGE, page, elsewhere.endpoint.pk)).status_code == 404, page
    assert Endpoint.objects.get(pk=elsewhere.endpoint.pk).secret == before


def test_s2_a_secret_is_made_shown_once_and_never_again(studio: Studio) -> None:
    game = make_game(studio.organization)
    client = sign_in(studio.members[Role.OWNER])
    values = form_of(client, url(PAGE, "add"), "endpoint_form")
    values |= {"game": game.pk, "mode": "push", "url": "https://game.example.org/hook", "secret": ""}
    answer = client.post(url(PAGE, "add"), values, follow=True)
    endpoint = Endpoint.objects.get(game=game)
    assert answer.redirect_chain == [(url(PAGE, "secret", endpoint.pk), 302)]
    assert is_signing_secret(endpoint.secret)
    assert endpoint.secret in answer.content.decode()
    assert "no-store" in answer.headers["Cache-Control"]
    for page in ("secret", "change"):
        assert endpoint.secret not in client.get(url(PAGE, page, endpoint.pk)).content.decode()
    assert endpoint.secret not in json.dumps(list(AuditEntry.objects.values("before", "after")))


def test_s2_a_new_secret_keeps_the_one_before_until_it_is_forgotten(studio: Studio) -> None:
    client = sign_in(studio.members[Role.OWNER])
    old = studio.endpoint.secret
    answer = client.post(url(PAGE, "rotate", studio.endpoint.pk), follow=True)
    studio.endpoint.refresh_from_db()
    assert studio.endpoint.secret in answer.content.decode()
    assert studio.endpoint.previous_secret == old != studio.endpoint.secret
    again = client.get(url(PAGE, "secret", studio.endpoint.pk)).content.decode()
    assert "There is no secret to show." in again and url(PAGE, "rotate", studio.endpoint.pk) in again
    client.post(url(PAGE, "forget", studio.endpoint.pk))
    studio.endpoint.refresh_from_db()
    assert studio.endpoint.previous_secret == ""


@pytest.mark.parametrize("wrong", ["secret", "whsec_", "whsec_!!!", "whsec_c2hvcnQ="])
def test_a_secret_that_cannot_sign_is_refused(studio: Studio, wrong: str) -> None:
    client = sign_in(studio.members[Role.OWNER])
    page = url(PAGE, "change", studio.endpoint.pk)
    answer = client.post(page, form_of(client, page, "endpoint_form") | {"secret": wrong})
    assert answer.status_code == 200
    assert "Standard Webhooks" in answer.content.decode()
    assert is_signing_secret(new_signing_secret())


def test_d5_probe_and_resume(studio: Studio) -> None:
    claim = studio.claim(State.READY)
    Delivery.objects.filter(pk=claim.pk).update(due_at=NOW + timedelta(days=30))
    Endpoint.objects.filter(pk=studio.endpoint.pk).update(
        failures=9,
        opened_at=NOW,
        probe_at=NOW + timedelta(days=30),
        probes=3,
        last_error="The game backend answered 500.",
    )
    client = sign_in(studio.members[Role.OWNER])
    page = client.get(url(PAGE, "change", studio.endpoint.pk)).content.decode()
    assert "Paused since 2026-11-20 12:00 UTC" in page
    assert "The game backend answered 500." in page
    client.post(url(PAGE, "probe", studio.endpoint.pk))
    studio.endpoint.refresh_from_db()
    assert studio.endpoint.probe_at is not None
    assert studio.endpoint.probe_at < NOW + timedelta(days=29)
    client.post(url(PAGE, "resume", studio.endpoint.pk))
    studio.endpoint.refresh_from_db()
    assert (studio.endpoint.opened_at, studio.endpoint.failures) == (None, 0)
    assert Delivery.objects.get(pk=claim.pk).due_at < NOW + timedelta(days=29)  # type: ignore[operator]
    assert AuditEntry.objects.filter(action__in=["asked for a probe", "resumed"]).count() == 2


def test_a_test_delivery_says_that_it_is_one() -> None:
    game = make_game()
    body = json.loads(sample_body(game=game, claim_id="01TEST", now=NOW))
    assert body["test"] is True
    assert body["data"]["claim_id"] == "01TEST"
    assert body["data"]["player"]["id"] == "test-player"


def test_a_test_delivery_goes_the_way_of_real_ones_and_shows_status_and_answer(studio: Studio) -> None:
    with serving(lambda connection, request: connection.reply(422, b"<b>no such player</b>")) as server:
        Endpoint.objects.filter(pk=studio.endpoint.pk).update(url=f"http://127.0.0.1:{server.port}/deliveries")
        client = sign_in(studio.members[Role.OWNER])
        assert client.get(url(PAGE, "test", studio.endpoint.pk)).status_code == 200
        assert not server.requests, "it asks first"
        page = client.post(url(PAGE, "test", studio.endpoint.pk)).content.decode()
        sent = server.requests[0]
    assert "422" in page
    assert "&lt;b&gt;no such player" in page
    assert json.loads(sent.body)["test"] is True
    headers = {name.lower(): value for name, value in sent.headers.items()}
    Webhook(studio.endpoint.secret).verify(sent.body, headers)
    assert AuditEntry.objects.filter(action__startswith="sent a test delivery").count() == 1


def test_s1_unreadable_messages_are_shown_as_text_to_those_who_may_see_people(studio: Studio) -> None:
    message = KeptMessage.objects.create(
        credential=make_credential(studio.organization),
        received_at=NOW,
        message_id="m-1",
        problem="no JSON",
        body=b"<script>alert(1)</script>\xff",
    )
    page = url("fulfillment.keptmessage", "change", message.pk)
    seen = sign_in(studio.members[Role.SUPPORT]).get(page).content.decode()
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in seen
    assert sign_in(studio.members[Role.ANALYST]).get(page).status_code == 403


def test_webhook_counts_are_drawn_and_written(studio: Studio, elsewhere: Studio) -> None:
    import time_machine

    credential = make_credential(studio.organization)
    WebhookTally.objects.create(credential=credential, hour=NOW, outcome="accepted", count=1234)
    WebhookTally.objects.create(
        credential=make_credential(elsewhere.organization), hour=NOW, outcome="bad_signature", count=77
    )
    with time_machine.travel(NOW + timedelta(minutes=5), tick=False):
        for role in Role:
            page = sign_in(studio.members[role]).get(url("fulfillment.webhooktally", "changelist")).content.decode()
            assert "1,234" in page
            assert "<rect" in page
            assert escape(str(platforms.get(credential.platform).check_hints["webhook"])) in page
            assert "77" not in page.split("drops-bars")[0].split("<h1")[1]
            assert (credential.url_token in page) == (role is Role.OWNER)
