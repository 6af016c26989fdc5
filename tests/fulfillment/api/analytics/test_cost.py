"""Reports of many games and campaigns cost as many queries as those of one."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from campaigns.watch.days import bring_up_to_date
from fulfillment.models import ApiClient
from portal.models import Organization
from tests import factories as make
from tests.fulfillment.api.analytics.reading import (
    NOW,
    PATH,
    YESTERDAY,
    counted_campaign,
    fetch,
    granted,
    lines,
    rewards_of,
)
from tests.watching import beat, count_all, make_source

pytestmark = pytest.mark.django_db


def queries(deed: Any) -> int:
    with CaptureQueriesContext(connection) as captured:
        deed()
    return len(captured)


def test_20_games_and_20_campaigns_cost_as_many_queries_as_one(api_client: ApiClient, studio: Organization) -> None:
    headers = make.api_headers(api_client)

    def add(campaigns: int) -> None:
        source = make_source(make.make_game(studio))
        for _ in range(campaigns):
            campaign = counted_campaign(source.game)
            for reward in rewards_of(campaign):
                granted(campaign, reward=reward)
        beat(source, viewers=["ada"], minute=YESTERDAY)

    costs = []
    for games in ([1], [1] * 18 + [20]):
        for campaigns in games:
            add(campaigns)
        count_all()
        bring_up_to_date(now=NOW, seconds=60)
        Client().get(PATH, headers=headers)  # takes a portion of points, and knows it from then on
        listed = queries(lambda: Client().get(PATH, headers=headers))
        report = Client().get(PATH, headers=headers).json()["data"][-1]
        found: list[dict[str, str]] = []
        read = queries(lambda url=report["URL"], found=found: found.extend(lines(fetch(url))))
        assert len({line["campaign_id"] for line in found}) == games[-1]
        costs.append((listed, read))
    assert costs[0] == costs[1]
