"""Heartbeats for tests: a source, and reports recorded through the real operation and counted as the process does."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from campaigns.heartbeats.arrivals import Stored, record_heartbeat
from campaigns.models import Campaign, CampaignPlatform, CampaignReward, Game, HeartbeatSource
from campaigns.rules.heartbeats import parse_heartbeat
from campaigns.watch.counting import count_due
from campaigns.watch.people import People
from campaigns.watch.progress import all_totals
from portal.tokens import hash_token
from tests import factories as make

_numbers = itertools.count(1)
NOW = make.NOW


def make_source(
    game: Game, identifiers: str = "platform", platform: str = "kick", token: str = "", **fields: Any
) -> HeartbeatSource:
    """Make a source; ``token`` is what stands in its address."""
    n = next(_numbers)
    return HeartbeatSource.objects.create(
        game=game,
        identifiers=identifiers,
        platform="portal" if identifiers == "player" else platform,
        **{"name": f"Source {n}", "url_token_hash": hash_token(token or f"token-{n}"), **fields},
    )


def make_counted_campaign(
    game: Game, *, platform: str = "kick", minutes: Sequence[int] = (30,), rule: str = "watch", **fields: Any
) -> Campaign:
    """Make a campaign live at ``NOW`` that the portal counts on a platform, with a reward for each number of minutes."""
    campaign = make.make_campaign(game, **fields)
    CampaignPlatform.objects.create(campaign=campaign, platform=platform, counted_by="portal")
    for position, least in enumerate(minutes):
        CampaignReward.objects.create(
            campaign=campaign,
            reward=make.make_reward(game, image=False),
            position=position,
            minutes=least,
            rule=rule,
        )
    return campaign


def body_of(
    source: HeartbeatSource,
    *,
    viewers: Sequence[str],
    minute: datetime,
    broadcaster: str = "900",
    game: str | None = None,
    id: str | None = None,
    **fields: Any,
) -> dict[str, Any]:
    """Return a heartbeat as its sender makes it."""
    return {
        "broadcaster": broadcaster,
        "viewers": len(viewers),
        "viewer_list": list(viewers),
        "game": game if game is not None else source.game.name,
        "version": 1,
        "id": id if id is not None else f"beat-{next(_numbers)}",
        "time": f"{minute:%Y-%m-%dT%H:%M:%S}Z",
        "retries": 0,
        **fields,
    }


def beat(source: HeartbeatSource, *, received_at: datetime | None = None, **fields: Any) -> Stored:
    """Record a heartbeat, by default as if it came when it was sent."""
    import json

    now = received_at or fields["minute"]
    message = parse_heartbeat(json.dumps(body_of(source, **fields)).encode(), now=now)
    return record_heartbeat(source=source, message=message, now=now)


def count_all(*, now: datetime = NOW + timedelta(days=30), **options: Any) -> int:
    """Count until nothing is due; return how many heartbeats that were. Remembers nobody from other tests."""
    people, done = People(), 0
    while some := count_due(now=now, people=people, **options):
        done += some
    return done


def totals(campaign: Campaign, kind: Any = 1) -> dict[str, int]:
    """Return everybody's minutes in a campaign, by user id on the platform."""
    from campaigns.models import Viewer

    found = all_totals(campaign.pk, kind)
    names = dict(Viewer.objects.filter(pk__in=list(found)).values_list("pk", "platform_user_id"))
    return {names[viewer]: minutes for viewer, minutes in found.items()}
