"""The game events of the campaigns that run now, as the gateway looks for them (G4)."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Collection
from dataclasses import replace
from datetime import datetime, timedelta

from django.db.models import Q

from campaigns.models import Campaign, CampaignPlatform, CampaignReward
from campaigns.rules.game_state.events import Condition, EventRule

AHEAD = timedelta(seconds=30)
"""So long before its start a campaign's rules are read: rules are read every few seconds, and a start is to the moment."""


def running_rules(game_ids: Collection[str], *, now: datetime) -> dict[str, tuple[EventRule, ...]]:
    """Return the rules of the campaigns that run now or in a moment, by game; a game of none is missing. Two queries at most.

    Which of a session's channels count in a campaign is asked when an event is settled.
    """
    rows = (
        CampaignReward.objects.filter(
            Q(campaign__game__in=game_ids) | Q(campaign__further_games__game__in=game_ids),
            rule=CampaignReward.Rule.GAME_EVENT,
            campaign__status=Campaign.Status.PUBLISHED,
            campaign__starts_at__lte=now + AHEAD,
            campaign__ends_at__gt=now,
            campaign__platforms__counted_by=CampaignPlatform.CountedBy.PORTAL,
        )
        .exclude(event_path="")
        .distinct()
        .select_related("campaign")
        .prefetch_related("campaign__further_games")
        .order_by("pk")
    )
    found: dict[str, list[EventRule]] = defaultdict(list)
    for row in rows:
        rule = replace(event_rule(row), starts_at=row.campaign.starts_at, ends_at=row.campaign.ends_at)
        games = {row.campaign.game_id, *(further.game_id for further in row.campaign.further_games.all())}
        for game in games & set(game_ids):
            found[game].append(rule)
    return {game: tuple(rules) for game, rules in found.items()}


def event_rule(row: CampaignReward) -> EventRule:
    """Return the rule of a campaign's reward that a game event earns, whenever the campaign runs."""
    return EventRule(
        id=row.pk,
        name=row.event_name,
        path=row.event_path,
        condition=Condition(row.event_condition),
        value=json.loads(row.event_value),
        cool_down_seconds=row.event_cool_down_seconds,
        per_session=row.event_per_session,
    )
