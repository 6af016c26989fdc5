"""Short ways through Twitch's game analytics: have something happen, ask for reports, read their files."""

from __future__ import annotations

import csv
import io
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from django.conf import settings as django_settings
from django.test import Client

from campaigns.models import Campaign, CampaignReward, Game
from campaigns.rules.days import day_number
from fulfillment.claim_counts import Changes
from fulfillment.models import ApiClient
from tests import factories as make
from tests.watching import make_counted_campaign

PATH = "/helix/analytics/games"
NOW = make.NOW
TODAY = day_number(NOW)
DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)
YESTERDAY = NOW - DAY


def counted_campaign(game: Game, **fields: Any) -> Campaign:
    long_ago = {"starts_at": NOW - 10 * DAY, "published_at": NOW - 20 * DAY}
    return make_counted_campaign(game, minutes=[30, 60], **long_ago, **fields)


def granted(campaign: Campaign, *, on: datetime = YESTERDAY, reward: CampaignReward | None = None, n: int = 1) -> None:
    """Have claims of a campaign counted, as resolving and delivering does."""
    happened(campaign, "granted", on=on, reward=reward, n=n)


def happened(
    campaign: Campaign, what: str, *, on: datetime = YESTERDAY, reward: CampaignReward | None = None, n: int = 1
) -> None:
    changes = Changes()
    changes.on_day(campaign.pk, reward.pk if reward else None, what, day_number(on), n)
    changes.write()


def rewards_of(campaign: Campaign) -> list[CampaignReward]:
    return list(campaign.rewards.select_related("reward").order_by("position"))


def ask(client: ApiClient, token: str | None = None, **parameters: Any) -> Any:
    return Client().get(f"{PATH}?{urlencode(parameters, doseq=True)}", headers=make.api_headers(client, token))


def reports(client: ApiClient, token: str | None = None, **parameters: Any) -> list[dict[str, Any]]:
    response = ask(client, token, **parameters)
    assert response.status_code == 200, response.content
    data: list[dict[str, Any]] = response.json()["data"]
    return data


def fetch(url: str) -> Any:
    assert url.startswith(f"{django_settings.BASE_URL}/helix/analytics/files/")
    return Client().get(url.removeprefix(django_settings.BASE_URL))


def lines(response: Any) -> list[dict[str, str]]:
    assert response.status_code == 200, response.content
    return list(csv.DictReader(io.StringIO(response.getvalue().decode())))


def figures(client: ApiClient, **parameters: Any) -> list[dict[str, str]]:
    """Return the lines of the only report."""
    [report] = reports(client, **parameters)
    return lines(fetch(report["URL"]))


def message(response: Any) -> tuple[int, str]:
    body = response.json()
    assert set(body) == {"error", "status", "message"}
    assert body["status"] == response.status_code
    return response.status_code, body["message"]


def at(days_ago: int) -> str:
    return f"{NOW - days_ago * DAY:%Y-%m-%d}T00:00:00Z"
