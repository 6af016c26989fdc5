"""What owners do about a game's endpoint: secrets, probing and resuming it, and trying it with a sample (D2, D5, S2)."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime

from django.utils import timezone

from campaigns.models import Campaign, Game, Reward, Viewer
from fulfillment.delivery import Lane, Result
from fulfillment.marks import on_claims_may_resolve
from fulfillment.message import delivery_body
from fulfillment.models import Claim, Delivery, Endpoint
from fulfillment.receivers import (
    forget_previous_secret_of,
    is_signing_secret,
    note,
    probe,
    resume,
    rotate_secret_of,
    send_made_up,
)
from linking.models import Player
from portal.ids import new_ulid
from portal.models import Organization, User

__all__ = [
    "endpoint_changed",
    "forget_previous_secret",
    "is_signing_secret",
    "probe_now",
    "resume_endpoint",
    "rotate_secret",
    "sample_body",
    "send_sample",
]


def endpoint_changed(*, endpoint: Endpoint) -> None:
    """Have the game's unsent claims looked at again: how they are delivered may be another now (D2)."""
    on_claims_may_resolve(organization_id=endpoint.game.organization_id, game_id=endpoint.game_id)


def rotate_secret(*, endpoint: Endpoint, actor: User, now: datetime) -> str:
    """Give the endpoint a new signing secret and return it. The one before signs too, until it is forgotten."""
    return rotate_secret_of(endpoint, organization=_owner(endpoint), actor=actor, now=now)


def forget_previous_secret(*, endpoint: Endpoint, actor: User, now: datetime) -> None:
    """Sign with the present secret alone from now on."""
    forget_previous_secret_of(endpoint, organization=_owner(endpoint), actor=actor, now=now)


def probe_now(*, endpoint: Endpoint, actor: User, now: datetime) -> bool:
    """Have a paused endpoint tried at once with one delivery. Returns whether it was paused."""
    return probe(endpoint, organization=_owner(endpoint), actor=actor, now=now)


def resume_endpoint(*, endpoint: Endpoint, actor: User, now: datetime) -> bool:
    """Let a paused endpoint work again without a probe; what waits for it goes out within seconds. Returns whether it was."""
    waiting = Delivery.objects.filter(game=endpoint.game_id)
    return resume(endpoint, waiting=waiting, organization=_owner(endpoint), actor=actor, now=now)


def send_sample(
    *, endpoint: Endpoint, actor: User, now: datetime, clock: Callable[[], datetime] = timezone.now
) -> Result:
    """Send a signed delivery of made-up things, with ``"test": true``, the way real ones go. Touches no claim.

    A call over the network: never inside a transaction.
    """
    sample_id = new_ulid()
    body = sample_body(game=endpoint.game, claim_id=sample_id, now=now)
    result = send_made_up(endpoint, lane=Lane.REWARDS, message_id=sample_id, body=body, now=now, clock=clock)
    action = f"sent a test delivery: {result.status or 'no answer'}"
    note(endpoint, action, organization=_owner(endpoint), actor=actor, now=now)
    return result


def sample_body(*, game: Game, claim_id: str, now: datetime) -> str:
    """Return the body of a test delivery: that of a real one, for a player who does not exist, with ``"test": true``."""
    body = json.loads(delivery_body(made_up_claim(game, claim_id=claim_id, now=now), now=now))
    return json.dumps({"type": body["type"], "test": True, **body}, separators=(",", ":"), ensure_ascii=False)


def made_up_claim(game: Game, *, claim_id: str, now: datetime) -> Claim:
    """Return a claim that is stored nowhere, of a player who does not exist."""
    reward = Reward.objects.filter(game=game).order_by("pk").first()
    return Claim(
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


def _owner(endpoint: Endpoint) -> Organization:
    return endpoint.game.organization
