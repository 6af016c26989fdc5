"""Ten million claims of one organization in bulk: ``python -m bench.many_claims make '{"claims": 10000000}'``.

One in a hundred is not fulfilled; twenty campaigns follow one another; every viewer has ten claims. Half of them came
from Twitch and half from Kick, in turn, so that each platform's lists skip every other row.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import django

CAMPAIGNS = 20
OPEN_EVERY = 100
PLATFORMS = ("twitch", "kick")


def make(claims: int) -> dict[str, Any]:
    """Make them, and an API client; return what a benchmark has to know to ask for them."""
    from fulfillment.models import Claim
    from tests.factories import api_headers, make_api_client

    organization, campaigns = _fill(claims)
    client = make_api_client(organization, points_per_minute=1_000_000)
    return {
        "organization": organization.pk,
        "headers": api_headers(client),
        "claim": Claim.objects.get(listed_no=claims // 2, organization=organization).pk,
        **_places(organization, campaigns[CAMPAIGNS // 2]),
    }


def only_fill(claims: int) -> dict[str, Any]:
    """Make them, and nothing else."""
    _fill(claims)
    return {}


def _fill(claims: int) -> tuple[Any, list[Any]]:
    from django.db import connection
    from django.utils import timezone

    from fulfillment.models import ClaimListing
    from tests.factories import make_campaign, make_category, make_game, make_reward

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
    return organization, campaigns


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


def look_ups(organization: str, user: str, claim_there: str, rounds: int) -> dict[str, list[float]]:
    """Return the milliseconds that the API's statements for a user and for an id took, and bare ones by the same index."""
    from django.db import connection
    from django.utils import timezone

    from fulfillment.api.callers import find_caller
    from fulfillment.api.pages import Query, read_page
    from fulfillment.api.twitch.shape import COLUMNS
    from fulfillment.models import ApiClient, Claim
    from tests.factories import make_api_token

    token = make_api_token(ApiClient.objects.get(organization=organization))
    caller = find_caller(token, now=timezone.now())
    assert caller is not None
    bare = (
        f"SELECT platform_claim_id, platform_reward_id, granted_at, platform_user_id, platform_category_id, state, "
        f"state_changed_at, reward_id, game_id, listed_no FROM {Claim._meta.db_table} "
        "WHERE organization_id = %s AND platform = 'twitch' AND "
    )

    def by_cursor(column: str, value: str) -> list[Any]:
        with connection.cursor() as cursor:
            cursor.execute(f"{bare} {column} = %s", [organization, value])
            return list(cursor.fetchall())

    def by_page(**filters: Any) -> list[Any]:
        return read_page(caller, Query(shape="twitch", limit=21, **filters), COLUMNS)

    asked: dict[str, Callable[[], list[Any]]] = {
        "by user": lambda: by_page(user_id=user),
        "by user, bare": lambda: by_cursor("platform_user_id", user),
        "by id": lambda: by_page(claim_ids=(claim_there,)),
        "by id, bare": lambda: by_cursor("platform_claim_id", claim_there),
    }
    took: dict[str, list[float]] = {name: [] for name in asked}
    for number in range(rounds + 10):
        for name in [*asked][number % len(asked) :] + [*asked][: number % len(asked)]:
            began = time.perf_counter()
            asked[name]()
            if number >= 10:
                took[name].append((time.perf_counter() - began) * 1000)
    return took


if __name__ == "__main__":
    django.setup()
    print(json.dumps(globals()[sys.argv[1]](**json.loads(sys.argv[2]))))
