"""What Twitch's webhook tells of subscriptions: challenges, revocations, and that they are heard from (P3)."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django_q.models import OrmQ

from fulfillment.subscribing.watching import forget_noted
from fulfillment.webhooks.receivers import forget_receivers
from tests.fulfillment.subscribing.studio import GRANT, State, Studio
from tests.signers import twitch as signer

# Webhooks are taken outside any transaction, as in the product: what is done on commit is done at once.
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _at_the_time(standing_clock: None) -> None:
    forget_receivers()


def post(studio: Studio, message: dict[str, Any], *, age: timedelta = timedelta()) -> int:
    body = json.dumps(message).encode()
    stamp = (studio.clock() - age).strftime("%Y-%m-%dT%H:%M:%S.000000Z")
    headers = signer.headers(studio.credential.webhook_secret, body, timestamp=stamp)
    headers.pop("Content-Type")
    path = f"/webhooks/twitch/{studio.credential.url_token}"
    with time_machine.travel(studio.clock(), tick=False):
        return Client().post(path, body, content_type="application/json", headers=headers).status_code


def subscription(studio: Studio, key: str = "", *, status: str = "enabled") -> dict[str, Any]:
    return {"id": key or studio.only().id, "type": GRANT, "status": status, "version": "1", "condition": {}}


def test_p3_a_revocation_of_grants_too_marks_the_row_and_starts_the_job(studio: Studio) -> None:
    studio.settle()
    OrmQ.objects.all().delete()
    there = studio.only()
    studio.api.revoke(there)
    assert post(studio, {"subscription": subscription(studio, status="authorization_revoked")}) == 204
    row = studio.row()
    assert (row.state, row.detail, row.due_at) == (State.ENDED, "authorization_revoked", studio.clock())
    assert OrmQ.objects.count() == 1
    studio.run(minutes=1)
    assert studio.only().id != there.id


def test_p3_a_stale_revocation_changes_nothing(studio: Studio) -> None:
    studio.settle()
    message = {"subscription": subscription(studio, status="authorization_revoked")}
    assert post(studio, message, age=timedelta(minutes=11)) == 204
    assert studio.row().state == State.ENABLED


def test_a_challenge_has_the_subscription_looked_at_again_at_once(studio: Studio) -> None:
    studio.api.verifies = False
    studio.run()
    OrmQ.objects.all().delete()
    assert studio.row().due_at != studio.clock()
    challenge = {"challenge": "x", "subscription": subscription(studio)}
    assert post(studio, challenge) == 200
    assert (studio.row().state, studio.row().due_at) == (State.PENDING, studio.clock())
    assert OrmQ.objects.count() == 1
    studio.api.verify()
    studio.run()
    assert studio.row().state == State.ENABLED
    assert post(studio, challenge) == 200
    assert OrmQ.objects.count() == 1


def test_a_challenge_that_comes_before_the_creation_is_answered_is_not_lost(studio: Studio) -> None:
    def challenge(method: str) -> None:
        if method == "POST":
            one = studio.api.there[-1]
            post(studio, {"challenge": "x", "subscription": subscription(studio, one.id)})
            connection.close()  # called by the server's thread

    studio.api.before_answer = challenge
    studio.run()
    assert set(studio.states().values()) == {State.ENABLED}
    assert set(studio.api.made.values()) == {1}


def test_it_is_noted_that_grants_came(studio: Studio) -> None:
    studio.settle()
    forget_noted()
    assert post(studio, {"subscription": subscription(studio), "events": []}) == 204
    assert studio.row().event_at == studio.clock()
    assert post(studio, {"subscription": subscription(studio, "unknown"), "events": []}) == 204
