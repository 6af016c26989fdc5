"""The lists of a campaign whose page is only shown: read once, for its form, its preflight and the figures above it."""

from __future__ import annotations

from typing import Any

from django.db.models import Count, Window
from django.http import HttpRequest

from campaigns.models import Campaign
from campaigns.preflight import read_lists
from portal.organizations import game_scope

MOST_CHANNELS_SHOWN = 50
"""A longer allow-list is not on the campaign's page: it has pages of its own (:mod:`campaigns.admin.channel_list`)."""


def read_for_page(request: HttpRequest, campaign: Campaign) -> None:
    """Read a campaign's lists, and keep with it the rows that the page's form shows (:func:`rows_read`)."""
    read_lists(campaign)
    listed: Any = campaign.channels.filter(removed_at=None).select_related("channel").order_by("pk")
    channels = list(listed.annotate(of_all=Window(Count("pk")))[: MOST_CHANNELS_SHOWN + 1])
    campaign.listed_count = channels[0].of_all if channels else 0
    scope = game_scope(request)
    campaign._rows_read = {  # type: ignore[attr-defined]
        "rewards": list(campaign.rewards.all()),
        "platforms": list(campaign.platforms.all()),
        "further_games": [row for row in campaign.further_games.all() if scope is None or row.game_id in scope],
        "channels": channels if len(channels) <= MOST_CHANNELS_SHOWN else [],
    }


def rows_read(campaign: Campaign, name: str) -> list[Any] | None:
    """Return the rows of one list that were read for the page that shows the campaign; None if they were not."""
    known: dict[str, list[Any]] = getattr(campaign, "_rows_read", {})
    return known.get(name)
