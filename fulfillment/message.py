"""What a game backend receives: the body of a delivery and its signature (D2). ``docs/integrating-a-game.md`` is its reference."""

from __future__ import annotations

import base64
import json
import secrets
from datetime import UTC, datetime
from typing import Any

from standardwebhooks.webhooks import EmptyWebhookSecretError, Webhook

from fulfillment.listing import FROM_PLATFORM
from fulfillment.models import Claim

MESSAGE_TYPE = "claim.delivery"
SECRET_PREFIX = "whsec_"
SECRET_BYTES = 32  # Standard Webhooks, Signature scheme: 24 to 64 bytes


class SecretInvalid(Exception):
    """An endpoint's signing secret is missing or is not base64."""


def new_signing_secret() -> str:
    """Return a new secret in the form of Standard Webhooks: ``whsec_`` and base64."""
    return SECRET_PREFIX + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()


def delivery_body(claim: Claim, *, now: datetime) -> str:
    """Return the JSON text that delivers ``claim``, its keys always in the same order.

    Built once, at the first attempt, and sent unchanged on every later one. Reads player, reward, game, campaign and
    viewer of the claim.
    """
    return json.dumps(
        {"type": MESSAGE_TYPE, "timestamp": iso(now), "data": claim_facts(claim)},
        separators=(",", ":"),
        ensure_ascii=False,
    )


def claim_facts(claim: Claim) -> dict[str, Any]:
    """Return what the portal's messages say of a claim. Reads player, reward, game, campaign and viewer of it."""
    player, reward, game, campaign, viewer = claim.player, claim.reward, claim.game, claim.campaign, claim.viewer
    return {
        "claim_id": claim.pk,
        "player": player and {"id": player.player_id, "name": player.name},
        "reward": reward and {"id": reward.pk, "external_id": reward.external_id, "name": reward.name},
        "game": game and {"id": game.pk, "name": game.name},
        "campaign": campaign and {"id": campaign.pk, "name": campaign.name},
        "platform": claim.platform,
        # What the portal counted, or staff granted, the platform has no claim of.
        "platform_claim_id": claim.platform_claim_id if claim.source in FROM_PLATFORM else None,
        "viewer": {
            "id": viewer.pk if viewer else None,
            "platform_user_id": claim.platform_user_id,
            "name": (viewer.name if viewer else "") or claim.platform_user_name,
        },
        "granted_at": iso(claim.granted_at) if claim.granted_at else None,
        "test": bool(campaign and campaign.test_mode),
    }


def signed_headers(*, message_id: str, body: str, secrets_: tuple[str, ...], now: datetime) -> dict[str, str]:
    """Return the headers of a message, as Standard Webhooks names them: id, time, and one signature for each secret.

    The id is the claim's or the event's, and the idempotency key: it is the same on every attempt. While a secret is being changed
    both sign, the newer first. Raises ``SecretInvalid``.
    """
    moment = now.astimezone(UTC).replace(microsecond=0)
    return {
        "Content-Type": "application/json",
        "webhook-id": message_id,
        "webhook-timestamp": str(int(moment.timestamp())),
        "webhook-signature": " ".join(_sign(secret, message_id, moment, body) for secret in secrets_),
    }


def _sign(secret: str, message_id: str, moment: datetime, body: str) -> str:
    try:
        return str(Webhook(secret).sign(message_id, moment, body))
    except (ValueError, EmptyWebhookSecretError):
        raise SecretInvalid from None


def iso(moment: datetime) -> str:
    """Return a time as the portal's messages have it: UTC, to the second."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
