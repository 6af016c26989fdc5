"""A viewer takes back the authorization on Twitch: the link ends, the claims wait (L8, P3)."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from fulfillment.models import Claim
from fulfillment.resolve import resolve_due
from fulfillment.rules.states import State
from linking.models import Link
from tests.factories import (
    make_campaign,
    make_claim,
    make_credential,
    make_endpoint,
    make_game,
    make_link,
    make_reward,
    make_viewer,
)
from tests.signers.twitch import sign

pytestmark = pytest.mark.django_db
SECRET = "webhook-secret-0123456789"


def revoke(credential, user_id: str, client_id: str, *, sent_at=None) -> int:
    body = json.dumps(
        {
            "subscription": {"id": "s", "status": "enabled", "type": "user.authorization.revoke", "version": "1"},
            "event": {"client_id": client_id, "user_id": user_id, "user_login": None, "user_name": None},
        }
    ).encode()
    timestamp = (sent_at or timezone.now()).isoformat().replace("+00:00", "Z")
    headers = {
        "Twitch-Eventsub-Message-Id": "m1",
        "Twitch-Eventsub-Message-Timestamp": timestamp,
        "Twitch-Eventsub-Message-Type": "notification",
        "Twitch-Eventsub-Message-Signature": sign(SECRET, message_id="m1", timestamp=timestamp, body=body),
    }
    answer = Client().post(
        f"/webhooks/twitch/{credential.url_token}", body, content_type="application/json", headers=headers
    )
    return answer.status_code


def test_l8_a_revocation_ends_the_link_and_the_undelivered_claim_waits() -> None:
    game = make_game()
    credential = make_credential(game.organization, "twitch")
    reward = make_reward(game, platform_ids={"twitch": "benefit"})
    now = timezone.now()
    make_campaign(game, rewards=[reward], platform_ids={"twitch": "there"}, now=now)
    make_endpoint(game, enabled=False)
    viewer = make_viewer(game.organization, "twitch")
    link = make_link(game, viewer=viewer, started_at=now - timedelta(days=1))
    claim = make_claim(
        game.organization,
        "twitch",
        platform_user_id=viewer.platform_user_id,
        platform_campaign_id="there",
        platform_reward_id="benefit",
        granted_at=now,
        resolve_at=now,
    )
    resolve_due(now=timezone.now())
    assert Claim.objects.get(pk=claim.pk).state == State.READY

    assert revoke(credential, viewer.platform_user_id, credential.client_id) == 204
    assert revoke(credential, viewer.platform_user_id, credential.client_id) == 204

    link.refresh_from_db()
    assert (link.end_reason, link.ended_at is None) == (Link.EndReason.REVOKED, False)
    resolve_due(now=timezone.now())
    assert Claim.objects.get(pk=claim.pk).state == State.WAITING


def test_p3_a_stale_revocation_and_one_for_another_app_change_nothing() -> None:
    game = make_game()
    credential = make_credential(game.organization, "twitch")
    viewer = make_viewer(game.organization, "twitch")
    link = make_link(game, viewer=viewer)

    stale = timezone.now() - timedelta(minutes=11)
    assert revoke(credential, viewer.platform_user_id, credential.client_id, sent_at=stale) == 204
    assert revoke(credential, viewer.platform_user_id, "somebody-elses-app") == 204

    link.refresh_from_db()
    assert link.ended_at is None
