"""Ten million claims of one organization in bulk: ``python -m bench.many_claims '{"claims": 10000000}'``.

One in a hundred is not fulfilled; twenty campaigns follow one another; every viewer has ten claims. Half of them came
from Twitch and half from Kick, in turn, so that each platform's lists skip every other row.
"""

from __future__ import annotations

import json
import sys
from datetime import timedelta
from typing import Any

import django

CAMPAIGNS = 20
OPEN_EVERY = 100
PLATFORMS = ("twitch", "kick")


def make(claims: int) -> dict[str, Any]:
    """Make them, and an API client; return what a benchmark has to know to ask for them."""
    from django.db import connection
    from django.utils import timezone

    from fulfillment.models import Claim, ClaimListing
    from tests.factories import api_headers, make_api_client, make_campaign, make_category, make_game, make_reward

    game = make_game()
    organization = game.organization
    campaigns = []
    for platform in PLATFORMS:
        make_category(game, platform)
    for number in range(CAMPAIGNS):
        reward = make_reward(game, image=False, platform_ids=dict.fromkeys(PLATFORMS, f"reward-{number}"))
        there = dict.fromkeys(PLATFORMS, f"campaign-{number}")
        campaigns.append(make_campaign(game, rewards=[reward], platform_ids=there, now=timezone.now()))
    if connection.vendor == "sqlite":
        connection.cursor().execute("PRAGMA cache_size = -2000000")
    each = claims // CAMPAIGNS
    for number, campaign in enumerate(campaigns):
        _insert(campaign, number, first=number * each + 1, count=each)
    ClaimListing.objects.create(organization=organization, last=claims)
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE" if connection.vendor == "postgresql" else "ANALYZE")
    client = make_api_client(organization, points_per_minute=1_000_000)
    return {
        "organization": organization.pk,
        "headers": api_headers(client),
        "claim": Claim.objects.get(listed_no=claims // 2, organization=organization).pk,
        **_places(organization, campaigns[CAMPAIGNS // 2]),
    }


def _places(organization: Any, campaign: Any) -> dict[str, Any]:
    """Return the cursors that lead to the deep pages, and whom and what the filters ask for."""
    from bench.partner import CAMPAIGN_DEEP, DEEP, PAGE
    from fulfillment.api.twitch.cursors import cursor_of
    from fulfillment.models import Claim

    def last_before(page: int, **filters: Any) -> Claim:
        listed = Claim.objects.filter(organization=organization, **filters).order_by("listed_no")
        return listed[(page - 1) * PAGE - 1]

    twitch = last_before(DEEP, listed_as="twitch")
    assert twitch.listed_no is not None
    return {
        "after": twitch.listed_no,
        "cursors": {
            "twitch": cursor_of(twitch.listed_no),
            "kick": last_before(DEEP, listed_as="kick").platform_claim_id,
            "campaign": last_before(CAMPAIGN_DEEP, listed_as="kick", campaign=campaign).platform_claim_id,
        },
        "campaign": campaign.platforms.get(platform="kick").platform_campaign_id,
        "user": twitch.platform_user_id,
        "claim_there": twitch.platform_claim_id,
    }


def _insert(campaign: Any, number: int, *, first: int, count: int) -> None:
    from django.db import connection

    from fulfillment.models import Claim
    from linking.models import Player

    place = campaign.rewards.get()
    postgresql = connection.vendor == "postgresql"
    text = "CAST(n AS text)" if postgresql else "CAST(n AS TEXT)"
    padded = "LPAD(CAST(n AS text), 20, '0')" if postgresql else "PRINTF('%%020d', n)"
    moment = connection.ops.adapt_datetimefield_value(campaign.starts_at + timedelta(hours=1))
    time = "CAST(%s AS timestamptz)" if postgresql else "%s"
    platform = "CASE n %% 2 WHEN 0 THEN 'twitch' ELSE 'kick' END"
    is_open = f"n / 2 %% {OPEN_EVERY} = 0"
    state = f"CASE WHEN {is_open} THEN 'failed' ELSE 'confirmed' END"
    values = {
        "id": f"'01BENC' || {padded}",
        "organization_id": f"'{campaign.organization_id}'",
        "platform": platform,
        "listed_as": platform,
        "listed_no": "n",
        "campaign_reward_id": f"'{place.pk}'",
        "player_id": f"CASE WHEN {is_open} THEN n END",
        "player_slot": f"CASE WHEN {is_open} THEN 1 END",
        "platform_claim_id": f"'claim-' || {text}",
        "platform_user_id": "CAST(1000000 + n / 20 AS text)" if postgresql else "CAST(1000000 + n / 20 AS TEXT)",
        "source": "'webhook'",
        "granted_at": time,
        "received_at": time,
        "state": state,
        "state_changed_at": time,
        "staff_hold": "FALSE",
        "waived": "CAST('[]' AS jsonb)" if postgresql else "'[]'",
        "game_id": f"'{campaign.game_id}'",
        "campaign_id": f"'{campaign.pk}'",
        "reward_id": f"'{place.reward_id}'",
        "platform_campaign_id": f"'campaign-{number}'",
        "platform_reward_id": f"'reward-{number}'",
        "platform_category_id": "'category'",
        **dict.fromkeys(("external_id", "raw", "detail", "reason", "platform_user_name"), "''"),
    }
    numbers = (
        f"generate_series({first}, {first + count - 1}) AS n"
        if postgresql
        else f"(WITH RECURSIVE numbers(n) AS (SELECT {first} UNION ALL SELECT n + 1 FROM numbers "
        f"WHERE n < {first + count - 1}) SELECT n FROM numbers) AS told"
    )
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {Player._meta.db_table} (id, game_id, player_id, name, created_at) SELECT n, "
            f"'{campaign.game_id}', {text}, '', {time} FROM {numbers} WHERE {is_open}",
            [moment],
        )
        cursor.execute(
            f"INSERT INTO {Claim._meta.db_table} ({', '.join(values)}) SELECT {', '.join(values.values())} FROM {numbers}",
            [moment] * 3,
        )


if __name__ == "__main__":
    django.setup()
    print(json.dumps(make(**json.loads(sys.argv[1]))))
