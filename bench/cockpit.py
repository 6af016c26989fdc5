"""What the admin's pages are asked about: ``python -m bench.cockpit fill '{"claims": 1000000, "viewers": 100000}'``.

``fill`` puts a big studio's rows beside the demo's, into the demo's own organization: a million claims of 100,000 linked
viewers in 200 campaigns, with what hangs on them. It writes past the operations that would take hours, into the same tables,
and makes the counts what the claims are.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import django

PLATFORMS = ("twitch", "kick")
CAMPAIGNS = 200
CHANNELS = 20_000
REWARDS = 25
RUNNING = 8
"""Campaigns that are on now, of which the start page tells each minute and each hour."""

STATES = (
    *["confirmed"] * 45,
    *["delivered"] * 45,
    *["failed", "waiting", "waiting", "quarantined", "held", "ready", "duplicate", "abandoned", "failed", "waiting"],
)
"""The state of a claim, by its number."""

HOLDERS = ("delivered", "ready", "failed")


def fill(claims: int, viewers: int) -> dict[str, Any]:
    """Make them in the demo's organization and return how many rows there are of each kind."""
    from django.db import connection, transaction

    from campaigns.models import Campaign, Channel, Game, Viewer
    from fulfillment.claim_counts import differences, fold_changes, mend_counts
    from fulfillment.models import Claim, ClaimEvent, DeliveryAttempt
    from linking.models import Link
    from portal.models import AuditEntry
    from portal.table_statistics import renew_statistics

    if connection.vendor == "sqlite":
        connection.cursor().execute("PRAGMA cache_size = -1000000")
    game = Game.objects.select_related("organization").order_by("pk")[0]
    with transaction.atomic():
        campaigns = _campaigns(game)
        _channels(campaigns[0])
        _people(game, viewers)
        _claims(game, campaigns, claims, viewers)
        _around(game, claims)
        _pace(campaigns[:RUNNING])
    mend_counts()
    while fold_changes():
        pass
    if differences():
        raise RuntimeError("The counts of claims are not those of the claims.")
    renew_statistics()
    if connection.vendor == "postgresql":  # where autovacuum does so within a minute
        connection.cursor().execute("VACUUM (ANALYZE)")
    kinds = (Campaign, Channel, Viewer, Link, Claim, ClaimEvent, DeliveryAttempt, AuditEntry)
    return {str(kind._meta.verbose_name_plural): kind._default_manager.count() for kind in kinds}


def _campaigns(game: Any) -> list[Any]:
    from django.utils import timezone

    from tests.factories import make_campaign, make_reward

    now = timezone.now()
    rewards = [
        make_reward(game, name=f"Reward {n}", external_id=f"bench-{n}", platform_ids=dict.fromkeys(PLATFORMS, f"b-{n}"))
        for n in range(REWARDS)
    ]
    made = []
    for number in range(CAMPAIGNS):
        start = now - timedelta(days=2 * number + 1)
        mine = [rewards[(number + place) % REWARDS] for place in range(3)]
        there = dict.fromkeys(PLATFORMS, f"bench-{number}")
        dates = {"starts_at": start, "ends_at": start + timedelta(days=14), "published_at": start - timedelta(days=1)}
        made.append(make_campaign(game, rewards=mine, platform_ids=there, name=f"Season {number}", **dates))
    return made


def _channels(campaign: Any) -> None:
    from campaigns.models import Campaign, CampaignChannel, Channel

    Campaign.objects.filter(pk=campaign.pk).update(scope=Campaign.Scope.ALLOW_LIST)
    channels = Channel.objects.bulk_create(
        [
            Channel(
                organization_id=campaign.organization_id,
                platform="twitch",
                platform_channel_id=str(70_000_000 + number),
                login=f"streamer_{number}",
            )
            for number in range(CHANNELS)
        ],
        batch_size=500,
    )
    CampaignChannel.objects.bulk_create(
        [CampaignChannel(campaign=campaign, channel=channel, listed_at=campaign.starts_at) for channel in channels],
        batch_size=500,
    )


class _Rows:
    """``INSERT … SELECT`` over numbers from 1, in the dialect of the database that is connected."""

    def __init__(self, game: Any) -> None:
        from django.db import connection
        from django.utils import timezone

        self.connection = connection
        self.postgresql = connection.vendor == "postgresql"
        self.game = game
        self.now = timezone.now()

    def text(self, number: str) -> str:
        return f"CAST({number} AS text)" if self.postgresql else f"CAST({number} AS TEXT)"

    def ulid(self, prefix: str, number: str = "n") -> str:
        padded = f"LPAD(CAST({number} AS text), 18, '0')" if self.postgresql else f"PRINTF('%%018d', {number})"
        return f"'{prefix}' || {padded}"

    def ago(self, seconds: str) -> str:
        """A time, so many seconds before now."""
        if self.postgresql:
            return f"now() - ({seconds}) * interval '1 second'"
        return f"STRFTIME('%%Y-%%m-%%d %%H:%%M:%%f', 'now', '-' || ({seconds}) || ' seconds')"

    def one_of(self, index: str, values: list[str]) -> str:
        cases = " ".join(f"WHEN {place} THEN '{value}'" for place, value in enumerate(values))
        return f"CASE {index} {cases} END"

    def insert(self, model: Any, count: int, values: Mapping[str, str], where: str = "") -> None:
        source = (
            f"generate_series(1, {count}) AS n"
            if self.postgresql
            else f"(WITH RECURSIVE told(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM told WHERE n < {count}) "
            "SELECT n FROM told) AS numbers"
        )
        given = {**self._defaults(model, values), **values}
        condition = f" WHERE {where}" if where else ""
        sql = (
            f"INSERT INTO {model._meta.db_table} ({', '.join(given)}) SELECT {', '.join(given.values())} FROM {source}"
        )
        with self.connection.cursor() as cursor:
            cursor.execute(sql + condition, [])

    def _defaults(self, model: Any, values: Mapping[str, str]) -> dict[str, str]:
        """Return what Django itself would write into the columns that nobody names."""
        found = {}
        for field in model._meta.concrete_fields:
            if field.column in values or (
                field.primary_key and field.get_internal_type() in ("AutoField", "BigAutoField")
            ):
                continue
            value = field.get_default()
            if value is None and not field.null:
                raise ValueError(f"{model.__name__}.{field.name} has no value.")
            found[field.column] = self._literal(field, value)
        return found

    def _literal(self, field: Any, value: Any) -> str:
        if value is None:
            return "NULL"
        if field.get_internal_type() == "JSONField":
            return f"CAST('{json.dumps(value)}' AS jsonb)" if self.postgresql else f"'{json.dumps(value)}'"
        if isinstance(value, bool):
            return "TRUE" if value else "FALSE"
        return str(value) if isinstance(value, int) else f"'{value}'"


def _people(game: Any, viewers: int) -> None:
    from campaigns.models import Viewer
    from linking.models import Link, Player

    rows = _Rows(game)
    platform = "CASE n %% 2 WHEN 0 THEN 'twitch' ELSE 'kick' END"
    rows.insert(
        Viewer,
        viewers,
        {
            "id": rows.ulid("01BENCHV"),
            "organization_id": f"'{game.organization_id}'",
            "platform": platform,
            "platform_user_id": rows.text("50000000 + n"),
            "login": f"'viewer_' || {rows.text('n')}",
            "name": f"'Viewer ' || {rows.text('n')}",
            "created_at": rows.ago("n"),
        },
    )
    rows.insert(
        Player,
        viewers,
        {
            "id": "1000000 + n",
            "game_id": f"'{game.pk}'",
            "player_id": f"'bench-' || {rows.text('n')}",
            "name": f"'Player ' || {rows.text('n')}",
            "created_at": rows.ago("n"),
        },
    )
    rows.insert(
        Link,
        viewers,
        {
            "id": rows.ulid("01BENCHL"),
            "game_id": f"'{game.pk}'",
            "viewer_id": rows.ulid("01BENCHV"),
            "player_id": "1000000 + n",
            "platform": platform,
            "started_at": rows.ago("n"),
        },
    )


def _claims(game: Any, campaigns: list[Any], claims: int, viewers: int) -> None:
    from campaigns.models import CampaignReward
    from fulfillment.models import Claim, ClaimListing
    from fulfillment.rules.states import LISTED

    rows = _Rows(game)
    viewer = f"(n - 1) %% {viewers} + 1"
    place = f"((n - 1) %% {viewers} + ((n - 1) / {viewers}) * 20) %% {len(campaigns)}"
    first = {
        row.campaign_id: row for row in CampaignReward.objects.filter(campaign__in=campaigns).order_by("-position")
    }
    mine = [first[campaign.pk] for campaign in campaigns]
    state = rows.one_of("n %% 100", list(STATES))
    holds = f"{state} IN ({', '.join(repr(one) for one in HOLDERS)})"
    listed = f"{state} IN ({', '.join(repr(one.value) for one in LISTED)})"
    platform = "CASE n %% 2 WHEN 0 THEN 'twitch' ELSE 'kick' END"
    reasons = {"delivered": "delivered", "confirmed": "confirmed", "failed": "rejected", "waiting": "not_linked"}
    reasons |= {"quarantined": "reward_unknown", "held": "held_by_staff", "ready": "due", "duplicate": "slot_taken"}
    reasons |= {"abandoned": "abandoned_by_staff"}
    age = f"CAST(n * {400 * 86400.0 / claims} AS INTEGER)"
    rows.insert(
        Claim,
        claims,
        {
            "id": rows.ulid("01BENCHC"),
            "organization_id": f"'{game.organization_id}'",
            "platform": platform,
            "platform_claim_id": f"'bench-' || {rows.text('n')}",
            "platform_user_id": rows.text(f"50000000 + {viewer}"),
            "platform_reward_id": f"'b-' || {rows.text(f'n %% {REWARDS}')}",
            "platform_campaign_id": f"'bench-' || {rows.text(place)}",
            "source": "CASE n %% 50 WHEN 0 THEN 'sweep' ELSE 'webhook' END",
            "granted_at": rows.ago(age),
            "received_at": rows.ago(age),
            "state_changed_at": rows.ago(age),
            "delivered_at": f"CASE WHEN {state} IN ('delivered', 'confirmed') THEN {rows.ago(age)} END",
            "attempted_at": f"CASE WHEN {state} = 'failed' THEN {rows.ago(age)} END",
            "state": state,
            "reason": rows.one_of("n %% 100", [reasons[one] for one in STATES]),
            "game_id": f"'{game.pk}'",
            "campaign_id": rows.one_of(place, [campaign.pk for campaign in campaigns]),
            "reward_id": rows.one_of(place, [row.reward_id for row in mine]),
            "campaign_reward_id": rows.one_of(place, [row.pk for row in mine]),
            "viewer_id": rows.ulid("01BENCHV", f"({viewer})"),
            "link_id": rows.ulid("01BENCHL", f"({viewer})"),
            "player_id": f"1000000 + {viewer}",
            "player_slot": f"CASE WHEN {holds} THEN 1 END",
            "viewer_slot": f"CASE WHEN {holds} THEN 1 END",
            "listed_as": f"CASE WHEN {listed} THEN {platform} ELSE '' END",
            "listed_no": f"CASE WHEN {listed} THEN 10000000 + n END",
        },
    )
    ClaimListing.objects.update_or_create(organization_id=game.organization_id, defaults={"last": 10_000_000 + claims})


def _around(game: Any, claims: int) -> None:
    """What hangs on claims, and the trail of what people did."""
    from fulfillment.models import ClaimEvent, Delivery, DeliveryAttempt
    from portal.models import AuditEntry

    rows = _Rows(game)
    age = f"CAST(n * {400 * 86400.0 / claims} AS INTEGER)"
    rows.insert(
        ClaimEvent,
        claims,
        {
            "claim_id": rows.ulid("01BENCHC"),
            "at": rows.ago(age),
            "from_state": "'received'",
            "to_state": rows.one_of("n %% 100", list(STATES)),
            "actor_label": "'portal'",
        },
    )
    sent = "n %% 100 >= 80"
    common = {"game_id": f"'{game.pk}'", "created_at": rows.ago(age), "attempt": "8", "attempts_left": "0"}
    rows.insert(Delivery, claims, {"claim_id": rows.ulid("01BENCHC"), **common}, where=sent)
    rows.insert(
        DeliveryAttempt,
        claims,
        {
            "delivery_id": rows.ulid("01BENCHC"),
            "number": "8",
            "started_at": rows.ago(age),
            "duration_ms": "12",
            "status": "400",
            "answer": "'no'",
        },
        where=sent,
    )
    rows.insert(
        AuditEntry,
        claims // 5,
        {
            "organization_id": f"'{game.organization_id}'",
            "at": rows.ago("n * 60"),
            "actor_label": "'portal'",
            "action": "'retry'",
            "object_type": "'fulfillment.claim'",
            "object_id": rows.ulid("01BENCHC"),
            "object_label": f"'bench-' || {rows.text('n')}",
        },
    )


def _pace(campaigns: list[Any]) -> None:
    """How fast claims come and go: two hours by the minute, four days by the hour."""
    from django.utils import timezone

    from fulfillment.claim_minutes import minute_of
    from fulfillment.models import ClaimMinute, PaceTally

    now = timezone.now()
    minutes = range(minute_of(now) - 120, minute_of(now))
    ClaimMinute.objects.bulk_create(
        ClaimMinute(campaign=campaign, minute=minute, platform=platform, claims=50 + minute % 7)
        for campaign in campaigns
        for minute in minutes
        for platform in PLATFORMS
    )
    outcomes = ("within:1", "within:2", "within:5", "within:60", "within:3600", "rejected", "timeout")
    hour = now.replace(minute=0, second=0, microsecond=0)
    PaceTally.objects.bulk_create(
        PaceTally(campaign=campaign, hour=hour - timedelta(hours=back), outcome=outcome, count=100 + back)
        for campaign in campaigns
        for back in range(96)
        for outcome in outcomes
    )


if __name__ == "__main__":
    django.setup()
    print(json.dumps(globals()[sys.argv[1]](**json.loads(sys.argv[2]))))
