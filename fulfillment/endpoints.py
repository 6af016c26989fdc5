"""What owners do about a game's endpoint: secrets, probing and resuming it, and trying it with a sample (D2, D5, S2)."""

from __future__ import annotations

import base64
import binascii
import json
import random
from collections.abc import Callable
from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

from campaigns.models import Campaign, Game, Reward, Viewer
from fulfillment.delivery import Leased, Result, send
from fulfillment.delivery.recording import bring_forward
from fulfillment.marks import on_claims_may_resolve
from fulfillment.message import SECRET_PREFIX, delivery_body, new_signing_secret
from fulfillment.models import Claim, Endpoint
from fulfillment.wake import announce_work
from linking.models import Player
from portal import audit
from portal.ids import new_ulid
from portal.models import User

SAMPLE_LEASE = timedelta(seconds=60)
_SECRET_BYTES = range(24, 65)  # Standard Webhooks, Signature scheme: 24 to 64 bytes


def is_signing_secret(text: str) -> bool:
    """Say whether this is a secret in the form of Standard Webhooks: ``whsec_`` and 24 to 64 bytes as base64."""
    if not text.startswith(SECRET_PREFIX):
        return False
    try:
        return len(base64.b64decode(text.removeprefix(SECRET_PREFIX), validate=True)) in _SECRET_BYTES
    except (binascii.Error, ValueError):
        return False


def endpoint_changed(*, endpoint: Endpoint) -> None:
    """Have the game's unsent claims looked at again: how they are delivered may be another now (D2)."""
    on_claims_may_resolve(organization_id=endpoint.game.organization_id, game_id=endpoint.game_id)


def rotate_secret(*, endpoint: Endpoint, actor: User, now: datetime) -> str:
    """Give the endpoint a new signing secret and return it. The one before signs too, until it is forgotten."""
    secret = new_signing_secret()
    with transaction.atomic():
        row = Endpoint.objects.select_for_update(of=("self",)).get(pk=endpoint.pk)
        row.previous_secret, row.secret = row.secret, secret
        row.save(update_fields=["secret", "previous_secret"])
        _note(endpoint, "replaced signing secret", actor=actor, now=now)
    return secret


def forget_previous_secret(*, endpoint: Endpoint, actor: User, now: datetime) -> None:
    """Sign with the present secret alone from now on."""
    with transaction.atomic():
        Endpoint.objects.filter(pk=endpoint.pk).update(previous_secret="")
        _note(endpoint, "forgot previous signing secret", actor=actor, now=now)


def probe_now(*, endpoint: Endpoint, actor: User, now: datetime) -> bool:
    """Have a paused endpoint tried at once with one delivery. Returns whether it was paused."""
    with transaction.atomic():
        paused = Endpoint.objects.filter(pk=endpoint.pk, opened_at__isnull=False).update(probe_at=now)
        if paused:
            announce_work()
            _note(endpoint, "asked for a probe", actor=actor, now=now)
    return bool(paused)


def resume_endpoint(*, endpoint: Endpoint, actor: User, now: datetime) -> bool:
    """Let a paused endpoint work again without a probe; what waits for it goes out within seconds. Returns whether it was."""
    with transaction.atomic():
        paused = Endpoint.objects.filter(pk=endpoint.pk, opened_at__isnull=False).update(
            failures=0, opened_at=None, probe_at=None, probes=0
        )
        if paused:
            bring_forward(game_id=endpoint.game_id, now=now, random=random.random)
            announce_work()
            _note(endpoint, "resumed", actor=actor, now=now)
    return bool(paused)


def send_sample(
    *, endpoint: Endpoint, actor: User, now: datetime, clock: Callable[[], datetime] = timezone.now
) -> Result:
    """Send a signed delivery of made-up things, with ``"test": true``, the way real ones go. Touches no claim.

    A call over the network: never inside a transaction.
    """
    sample_id = new_ulid()
    secrets = tuple(filter(None, (endpoint.secret, endpoint.previous_secret)))
    result = send(
        Leased(
            claim_id=sample_id,
            game_id=endpoint.game_id,
            endpoint_id=endpoint.pk,
            url=endpoint.url,
            concurrency=1,
            secrets=secrets or ("",),
            body=sample_body(game=endpoint.game, claim_id=sample_id, now=now),
            attempt=1,
            probe=False,
            lease_ends_at=now + SAMPLE_LEASE,
        ),
        clock=clock,
    )
    _note(endpoint, f"sent a test delivery: {result.status or 'no answer'}", actor=actor, now=now)
    return result


def sample_body(*, game: Game, claim_id: str, now: datetime) -> str:
    """Return the body of a test delivery: that of a real one, for a player who does not exist, with ``"test": true``."""
    reward = Reward.objects.filter(game=game).order_by("pk").first()
    claim = Claim(
        pk=claim_id,
        platform="portal",
        platform_claim_id=f"test-{claim_id}",
        platform_user_id="test-viewer",
        platform_user_name="Test viewer",
        granted_at=now,
        received_at=now,
        game=game,
        player=Player(game=game, player_id="test-player", name="Test player"),
        reward=reward or Reward(game=game, name="Test reward", external_id="test-reward"),
        campaign=Campaign(name="Test campaign", game=game),
        viewer=Viewer(platform="portal", platform_user_id="test-viewer", name="Test viewer"),
    )
    body = json.loads(delivery_body(claim, now=now))
    return json.dumps({"type": body["type"], "test": True, **body}, separators=(",", ":"), ensure_ascii=False)


def _note(endpoint: Endpoint, action: str, *, actor: User, now: datetime) -> None:
    audit.record(actor=actor, action=action, obj=endpoint, organization=endpoint.game.organization, now=now)
