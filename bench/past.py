"""A portal with one campaign live, and years of history around it: ``python -m bench.past WHAT '{...}'``, made in bulk.

The history is written past the operations that would take hours to make it, into the same tables and through the same
arrays: 100,000 viewers, each for 100 hours in six campaigns, a million claims, two million rewards earned. Made for one
viewer alone it is what the inventory is compared with: the same page, in a database with nothing else in it.
"""

from __future__ import annotations

import json
import sys
from datetime import datetime, timedelta
from typing import Any

import django

VIEWERS = 100_000
MINE = VIEWERS // 2
"""The number of the person whose inventory is looked at."""

HOURS = (50, 10, 10, 10, 10, 10)
"""Of the campaign that is live, and of those that are over: 100 hours of everybody."""

CHANNELS = 1_000
REWARDS = 4
SLICES = 10
"""So many moments the claims of a reward are spread over."""


def begin() -> dict[str, Any]:
    """Make a studio with two campaigns that have been live for six days, its owner, and two people who are linked.

    The person ``me`` will have a history, ``somebody`` none; nor will the campaign of ``untouched``. Returns the address
    of each page, with the session of who asks for it.
    """
    from django.utils import timezone

    from portal.roles import Role
    from tests import factories as make

    now = timezone.now()
    game = make.make_game(make.make_organization(name="Northwind", slug="northwind"), name="Starfall", slug="starfall")
    start = now - timedelta(days=6)
    live, untouched = (_campaign(game, name, start, days=13) for name in ("Live", "Untouched"))
    owner = make.make_staff(game.organization, Role.OWNER)
    sessions = {}
    for name in ("me", "somebody"):
        person = make.make_user()
        viewer = make.make_viewer(game.organization, platform_user_id=name, user=person)
        make.make_link(game, viewer=viewer, player=make.make_player(game, user=person))
        sessions[name] = {"path": "/inventory/", "session": _session(person)}
    session = _session(owner)
    overview = "/admin/campaigns/campaign/{}/overview/"
    return {
        "live": {"path": overview.format(live.pk), "session": session},
        "untouched": {"path": overview.format(untouched.pk), "session": session},
        **sessions,
    }


def _campaign(game: Any, name: str, start: datetime, *, days: int) -> Any:
    from campaigns.models import CampaignPlatform, CampaignReward
    from tests.factories import make_campaign, make_reward

    campaign = make_campaign(
        game, name=name, starts_at=start, ends_at=start + timedelta(days=days), published_at=start - timedelta(days=1)
    )
    CampaignPlatform.objects.create(campaign=campaign, platform="kick", counted_by="portal")
    for place in range(1, REWARDS + 1):
        reward = make_reward(game, name=f"{name} {place}", external_id=f"{name}-{place}")
        CampaignReward.objects.create(campaign=campaign, reward=reward, position=place, minutes=60 * place)
    return campaign


def _session(user: Any) -> str:
    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
    from django.contrib.sessions.backends.db import SessionStore

    session = SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = "allauth.account.auth_backends.AuthenticationBackend"
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.save()
    return str(session.session_key)


def fill(everybody: bool) -> dict[str, Any]:
    """Put the history around what :func:`begin` has made, of ``me`` and everybody or of ``me`` alone; tell how much it is."""
    from django.db import connection, transaction

    from campaigns.models import Campaign, EarnedReward, WatchedHour
    from fulfillment.claim_counts import differences, fold_changes, mend_counts
    from fulfillment.models import Claim

    live = Campaign.objects.select_related("game__organization").get(name="Live")
    if connection.vendor == "sqlite":
        connection.cursor().execute("PRAGMA cache_size = -1000000")
    with transaction.atomic():
        _people(live, everybody)
        past = [
            _campaign(live.game, f"{years} years ago", live.starts_at - timedelta(days=365 * years), days=5)
            for years in range(1, len(HOURS))
        ]
        for campaign, hours in zip([live, *past], HOURS, strict=True):
            _watched(campaign, hours, everybody)
            _earned(campaign)
            _claims(campaign)
    mend_counts()
    while fold_changes():
        pass
    if differences():
        raise RuntimeError("The counts of claims are not those of the claims.")
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    return {
        "viewer_hours": (VIEWERS if everybody else 1) * sum(HOURS),
        "claims": Claim.objects.count(),
        "earned": EarnedReward.objects.count(),
        "rows_of_hours": WatchedHour.objects.count(),
    }


def _people(live: Any, everybody: bool) -> None:
    """Make the viewers, all linked, with their numbers; ``me`` has one in the middle."""
    from campaigns.models import Viewer, Watcher
    from linking.models import Link, Player

    me = Viewer.objects.get(platform_user_id="me")
    Watcher.objects.create(number=MINE, viewer=me)
    if not everybody:
        return
    strangers = Viewer.objects.bulk_create(
        [
            Viewer(organization=live.organization, platform="kick", platform_user_id=str(10**8 + n), name=f"viewer {n}")
            for n in range(VIEWERS - 1)
        ],
        batch_size=1000,
    )
    numbers = [number for number in range(VIEWERS) if number != MINE]
    Watcher.objects.bulk_create(
        [Watcher(number=number, viewer=viewer) for number, viewer in zip(numbers, strangers, strict=True)],
        batch_size=5000,
    )
    players = Player.objects.bulk_create(
        [Player(game=live.game, player_id=f"p{n}", name=f"Player {n}") for n in range(len(strangers))], batch_size=2000
    )
    Link.objects.bulk_create(
        [
            Link(game=live.game, viewer=viewer, player=player, platform="kick", started_at=live.starts_at)
            for viewer, player in zip(strangers, players, strict=True)
        ],
        batch_size=1000,
    )


def _watched(campaign: Any, hours: int, everybody: bool) -> None:
    """Have everybody watch so many whole hours from the start on; one in ten misses some minutes of each."""
    import numpy as np

    from campaigns.models import CampaignFigures, CampaignHour, MinuteKind, WatchedHour, WatchedTotal
    from campaigns.watch.arrays import SHARD_SIZE, pack, pack_minutes

    rng = np.random.default_rng(7)
    first = int(campaign.starts_at.timestamp()) // 3600 + 1
    whole = np.uint64((1 << 60) - 1)
    shards = range(-(-VIEWERS // SHARD_SIZE)) if everybody else [MINE // SHARD_SIZE]
    totals = {shard: np.zeros(SHARD_SIZE, dtype="<u4") for shard in shards}
    for hour in range(first, first + hours):
        per_minute, rows = np.zeros(60, dtype=np.int64), []
        for shard in shards:
            masks = np.zeros(SHARD_SIZE, dtype="<u8")
            if everybody:
                count = min(SHARD_SIZE, VIEWERS - shard * SHARD_SIZE)
                missed = rng.integers(1, 60, count // 10, dtype=np.uint64)
                masks[:count] = whole
                masks[rng.choice(count, count // 10, replace=False)] = whole & ~(
                    (np.uint64(1) << missed) - np.uint64(1)
                )
            masks[MINE % SHARD_SIZE] = whole if shard == MINE // SHARD_SIZE else masks[MINE % SHARD_SIZE]
            bits = (masks[:, np.newaxis] >> np.arange(60, dtype=np.uint64)) & np.uint64(1)
            per_minute += bits.sum(axis=0).astype(np.int64)
            totals[shard] += bits.sum(axis=1).astype("<u4")
            rows.append(
                WatchedHour(campaign=campaign, kind=MinuteKind.WATCH, hour=hour, shard=shard, masks=pack(masks))
            )
        WatchedHour.objects.bulk_create(rows)
        CampaignHour.objects.create(
            campaign=campaign,
            hour=hour,
            watched_minutes=int(per_minute.sum()),
            per_minute=pack_minutes([int(viewers) for viewers in per_minute]),
        )
    WatchedTotal.objects.bulk_create(
        [
            WatchedTotal(campaign=campaign, kind=MinuteKind.WATCH, shard=shard, minutes=pack(totals[shard]))
            for shard in shards
        ]
    )
    minutes = sum(int(counts.sum()) for counts in totals.values())
    viewers = sum(int((counts > 0).sum()) for counts in totals.values())
    CampaignFigures.objects.create(campaign=campaign, watched_minutes=minutes, viewers=viewers)
    if everybody:
        _channels(campaign, first * 60 + hours * 60 - 1, minutes)


def _channels(campaign: Any, minute: int, minutes: int) -> None:
    from campaigns.models import Channel, ChannelFigures

    organization = campaign.organization
    if not Channel.objects.exists():
        Channel.objects.bulk_create(
            [
                Channel(organization=organization, platform="kick", platform_channel_id=str(n), name=f"streamer {n}")
                for n in range(CHANNELS)
            ]
        )
    ChannelFigures.objects.bulk_create(
        [
            ChannelFigures(
                campaign=campaign,
                channel=channel,
                reported_minutes=minutes // (place + 2),
                heartbeats=6000,
                peak_viewers=VIEWERS // (place + 1),
                last_minute=minute - place % 60,
                last_viewers=VIEWERS // (place + 2),
            )
            for place, channel in enumerate(Channel.objects.order_by("pk"))
        ]
    )


def _earned(campaign: Any) -> None:
    """Write that everybody took part and earned every reward."""
    from django.db import connection

    from campaigns.models import EarnedReward, Participation, RewardFigures, Watcher

    moment = connection.ops.adapt_datetimefield_value(campaign.starts_at)
    watchers = Watcher._meta.db_table
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {Participation._meta.db_table} (watcher_id, campaign_id) "
            f"SELECT number, '{campaign.pk}' FROM {watchers} ORDER BY number"
        )
        for row in campaign.rewards.all():
            cursor.execute(
                f"INSERT INTO {EarnedReward._meta.db_table} (viewer_id, campaign_reward_id, earned_at) "
                f"SELECT viewer_id, '{row.pk}', {_time()} FROM {watchers} ORDER BY viewer_id",
                [moment],
            )
            RewardFigures.objects.create(campaign_reward=row, earned=Watcher.objects.count())


def _claims(campaign: Any) -> None:
    """Have everybody claim two of the four rewards, at some moments of the second hour and those after it; all delivered."""
    for number, row in enumerate(campaign.rewards.order_by("position")):
        for part in range(SLICES):
            at = campaign.starts_at + timedelta(hours=2 + part)
            _claims_at(campaign, row, at, f"w.number %% {SLICES} = {part} AND w.number %% 2 = {number % 2}")


def _claims_at(campaign: Any, row: Any, at: datetime, whose: str) -> None:
    from django.db import connection

    from campaigns.models import Viewer, Watcher
    from fulfillment.models import Claim
    from linking.models import Link
    from portal.ids import new_ulid

    moment = connection.ops.adapt_datetimefield_value(at)
    prefix = new_ulid()[:13]  # its time and some chance: with the end of the viewer's id it is unique
    values = {
        "id": f"'{prefix}' || SUBSTR(v.id, 14)",
        "organization_id": "v.organization_id",
        "platform": "v.platform",
        "platform_claim_id": f"'{row.pk}-' || v.id",
        "platform_user_id": "v.platform_user_id",
        "platform_user_name": "v.name",
        "source": "'portal'",
        "granted_at": _time(),
        "received_at": _time(),
        "state": "'delivered'",
        "reason": "'delivered'",
        "state_changed_at": _time(),
        "delivered_at": _time(),
        "attempted_at": _time(),
        "staff_hold": "FALSE",
        "waived": "CAST('[]' AS jsonb)" if connection.vendor == "postgresql" else "'[]'",
        "viewer_id": "v.id",
        "game_id": f"'{campaign.game_id}'",
        "campaign_id": f"'{campaign.pk}'",
        "reward_id": f"'{row.reward_id}'",
        "campaign_reward_id": f"'{row.pk}'",
        "link_id": "l.id",
        "player_id": "l.player_id",
        "player_slot": "1",
        "viewer_slot": "1",
        "listed_as": "'portal'",
        "listed_no": f"{_last_place(campaign)} + w.number + 1",
        **dict.fromkeys(
            ("platform_campaign_id", "platform_reward_id", "platform_category_id", "external_id", "raw", "detail"), "''"
        ),
    }
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {Claim._meta.db_table} ({', '.join(values)}) SELECT {', '.join(values.values())} "
            f"FROM {Watcher._meta.db_table} w JOIN {Viewer._meta.db_table} v ON v.id = w.viewer_id "
            f"JOIN {Link._meta.db_table} l ON l.viewer_id = v.id WHERE {whose}",
            [moment] * 5,
        )


def _last_place(campaign: Any) -> int:
    """Take as many places in the lists of the organization as there are viewers, and return the one before the first."""
    from fulfillment.models import ClaimListing

    listing, _made = ClaimListing.objects.get_or_create(organization=campaign.organization)
    before = listing.last
    listing.last += VIEWERS
    listing.save()
    return before


def _time() -> str:
    from django.db import connection

    return "CAST(%s AS timestamptz)" if connection.vendor == "postgresql" else "%s"


if __name__ == "__main__":
    django.setup()
    print(json.dumps(globals()[sys.argv[1]](**json.loads(sys.argv[2]))))
