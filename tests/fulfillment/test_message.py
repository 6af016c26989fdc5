from __future__ import annotations

import base64
import json
from datetime import datetime, timedelta, timezone

import pytest
from standardwebhooks import Webhook

from fulfillment.message import SecretInvalid, delivery_body, new_signing_secret, signed_headers
from tests.factories import NOW, make_claim, make_organization
from tests.fulfillment.deliveries import SECRET, World


def test_d2_a_new_secret_has_the_form_of_standard_webhooks() -> None:
    secret = new_signing_secret()
    assert secret.startswith("whsec_")
    assert len(base64.b64decode(secret.removeprefix("whsec_"), validate=True)) == 32
    assert secret != new_signing_secret()
    assert Webhook(secret).sign("a", NOW, "{}").startswith("v1,")


def test_d2_the_timestamp_is_utc_seconds_whatever_the_zone_of_the_clock() -> None:
    elsewhere: datetime = NOW.astimezone(timezone(timedelta(hours=9)))
    here = signed_headers(message_id="a", body="{}", secrets_=(SECRET,), now=NOW)
    assert signed_headers(message_id="a", body="{}", secrets_=(SECRET,), now=elsewhere) == here
    assert here["webhook-timestamp"] == str(int(NOW.timestamp()))


@pytest.mark.parametrize("secret", ["", "whsec_", "whsec_???", "not base64 \u00fc"])
def test_d2_a_secret_that_cannot_sign_says_so(secret: str) -> None:
    with pytest.raises(SecretInvalid):
        signed_headers(message_id="a", body="{}", secrets_=(secret,), now=NOW)


@pytest.mark.django_db
def test_d2_the_body_is_the_same_text_every_time_and_keeps_every_script() -> None:
    world = World("https://game.example.org/")
    (claim,) = world.ready()
    claim.player.name = "Zoë 龍 \U0001f409"
    assert delivery_body(claim, now=NOW) == delivery_body(claim, now=NOW)
    assert list(json.loads(delivery_body(claim, now=NOW))) == ["type", "timestamp", "data"]
    assert "Zoë 龍 \U0001f409" in delivery_body(claim, now=NOW)


@pytest.mark.django_db
def test_d2_what_is_not_known_is_null_and_no_reason_to_fail() -> None:
    claim = make_claim(make_organization(), granted_at=None)
    data = json.loads(delivery_body(claim, now=NOW))["data"]
    assert (data["player"], data["reward"], data["campaign"], data["granted_at"]) == (None, None, None, None)
    assert data["viewer"] == {"id": None, "platform_user_id": claim.platform_user_id, "name": ""}


@pytest.mark.django_db
def test_c8_a_test_campaigns_delivery_says_so() -> None:
    world = World("https://game.example.org/")
    world.campaign.test_mode = True
    world.campaign.save()
    (claim,) = world.ready()
    assert json.loads(delivery_body(claim, now=NOW))["data"]["test"] is True
