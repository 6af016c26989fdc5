"""Rows that benchmarks start from, made by a process of their own: ``python -m bench.setup webhook '{...}'``."""

from __future__ import annotations

import json
import sys
from typing import Any

import django


def webhook(public_key: str) -> dict[str, Any]:
    """Make an organization with a Kick credential, a campaign and a reward, and the table of the bare insert."""
    from django.db import connection
    from django.utils import timezone

    from bench.kick import CAMPAIGN, REWARD
    from tests.factories import make_campaign, make_reward

    game = _game()
    _kick_credential(game.organization, public_key)
    reward = make_reward(game, platform_ids={"kick": REWARD})
    make_campaign(game, rewards=[reward], platform_ids={"kick": CAMPAIGN}, now=timezone.now())
    serial = "bigserial" if connection.vendor == "postgresql" else "integer"
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE TABLE bench_row (id {serial} PRIMARY KEY, body text NOT NULL, at text NOT NULL)")
    return {}


def deliveries(count: int, url: str, concurrency: int, state: str, queue: bool) -> dict[str, Any]:
    """Make a game with an endpoint and ``count`` claims, each of a linked viewer of its own.

    In the state *ready* with a delivery that is due, or *received* and due to be resolved. With ``queue`` each is put
    into the queue of django-q2 as a task besides.
    """
    from django.utils import timezone
    from django_q.tasks import async_task

    from fulfillment.listing import give_places
    from fulfillment.models import Claim, Delivery
    from tests.factories import make_campaign, make_endpoint, make_reward

    now = timezone.now()
    game = _game()
    reward = make_reward(game, platform_ids={"kick": "reward"})
    campaign = make_campaign(game, rewards=[reward], platform_ids={"kick": "campaign"}, now=now)
    make_endpoint(game, url, concurrency=concurrency)
    place = campaign.rewards.get()
    common = {
        "organization": game.organization,
        "platform": "kick",
        "platform_campaign_id": "campaign",
        "platform_reward_id": "reward",
        "source": "webhook",
        "granted_at": now,
        "received_at": now,
        "state_changed_at": now,
    }
    worked_out = {
        "state": "ready",
        "reason": "due",
        "game": game,
        "campaign": campaign,
        "reward": reward,
        "campaign_reward": place,
        "player_slot": 1,
        "viewer_slot": 1,
    }
    claims = []
    for link in _links(game, count):
        own: dict[str, Any] = {"platform_claim_id": f"claim-{link.viewer.pk}"}
        own["platform_user_id"] = link.viewer.platform_user_id
        if state == "ready":
            own |= {**worked_out, "link": link, "viewer": link.viewer, "player": link.player}
        else:
            own["resolve_at"] = now
        claims.append(Claim(**common, **own))
    places = give_places(claims) if state == "ready" else {}
    for claim in claims:
        if claim.pk in places:
            claim.listed_as, claim.listed_no = places[claim.pk].listed_as, places[claim.pk].number
    Claim.objects.bulk_create(claims, batch_size=500)
    if state == "ready":
        rows = [Delivery(claim=claim, game=game, due_at=now, created_at=now) for claim in claims]
        Delivery.objects.bulk_create(rows, batch_size=500)
    if queue:
        for claim in claims:
            async_task("bench.compared.deliver", claim.pk)
    return {"organization": game.organization_id}


def latency(count: int, url: str, public_key: str) -> dict[str, Any]:
    """Make what a Kick claim needs to be delivered, with ``count`` linked viewers; return their user ids."""
    from django.utils import timezone

    from bench.kick import CAMPAIGN, REWARD
    from tests.factories import make_campaign, make_endpoint, make_reward

    game = _game()
    organization = game.organization
    _kick_credential(organization, public_key)
    reward = make_reward(game, platform_ids={"kick": REWARD}, external_id="gold")
    make_campaign(game, rewards=[reward], platform_ids={"kick": CAMPAIGN}, now=timezone.now())
    make_endpoint(game, url)
    return {
        "organization": organization.pk,
        "users": [int(link.viewer.platform_user_id) for link in _links(game, count)],
    }


def claim_ids(organization: str) -> dict[str, Any]:
    """Return the portal's id of each claim by the platform's."""
    from fulfillment.models import Claim

    return dict(Claim.objects.filter(organization=organization).values_list("platform_claim_id", "id"))


def _links(game: Any, count: int) -> list[Any]:
    from campaigns.models import Viewer
    from linking.models import Link, Player
    from tests.factories import NOW

    organization = game.organization
    viewers = Viewer.objects.bulk_create(
        [
            Viewer(organization=organization, platform="kick", platform_user_id=str(5000 + number), name=f"v{number}")
            for number in range(count)
        ],
        batch_size=500,
    )
    players = Player.objects.bulk_create(
        [Player(game=game, player_id=f"player-{number}", name=f"Player {number}") for number in range(count)],
        batch_size=500,
    )
    return Link.objects.bulk_create(
        [
            Link(game=game, viewer=viewer, player=player, platform="kick", started_at=NOW)
            for viewer, player in zip(viewers, players, strict=True)
        ],
        batch_size=500,
    )


def count_claims(**states: str) -> dict[str, Any]:
    """Count the claims there are; with ``state``, those in it."""
    from fulfillment.models import Claim

    return {"claims": Claim.objects.filter(**states).count()}


def _game() -> Any:
    """Make a game of an organization of its own. The slugs are random: every call comes from another process."""
    from portal.ids import new_ulid
    from tests.factories import make_game, make_organization

    slug = new_ulid().lower()
    return make_game(make_organization(name=slug, slug=slug), name=slug, slug=slug)


def _kick_credential(organization: Any, public_key: str) -> None:
    from bench.kick import TOKEN
    from portal.models import PlatformCredential
    from portal.tokens import hash_token

    PlatformCredential.objects.create(
        organization=organization,
        platform="kick",
        client_id="bench",
        url_token=TOKEN,
        url_token_hash=hash_token(TOKEN),
        public_key=public_key,
    )


if __name__ == "__main__":
    django.setup()
    print(json.dumps(globals()[sys.argv[1]](**json.loads(sys.argv[2]))))
