"""A campaign with an allow-list, and its platform on loopback."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from campaigns.models import Campaign
from portal.models import User
from tests import factories as make
from tests.doubles.platform_server import KickApi, TwitchApi


@pytest.fixture(autouse=True)
def _loopback(loopback: None) -> None:
    pass


@pytest.fixture
def campaign() -> Campaign:
    """One that is live: only listed channels count."""
    game = make.make_game()
    made = make.make_campaign(game, scope=Campaign.Scope.ALLOW_LIST, platform_ids={"twitch": "T1", "kick": "K1"})
    return Campaign.objects.select_related("organization").get(pk=made.pk)


@pytest.fixture
def owner(campaign: Campaign) -> User:
    return make.make_staff(campaign.organization)


@pytest.fixture
def twitch(campaign: Campaign) -> Iterator[TwitchApi]:
    api = TwitchApi()
    make.make_credential(campaign.organization, "twitch", client_id=api.client_id, id_url=api.url, api_url=api.url)
    yield api
    api.stop()


@pytest.fixture
def kick(campaign: Campaign) -> Iterator[KickApi]:
    api = KickApi()
    make.make_credential(campaign.organization, "kick", client_id=api.client_id, id_url=api.url, api_url=api.url)
    yield api
    api.stop()
