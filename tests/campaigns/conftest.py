"""What tests of campaigns share: a game whose watch time the portal counts, and an organization that has one game."""

from __future__ import annotations

import pytest
from django.test import Client

from campaigns.models import Campaign, Game, HeartbeatSource
from portal.models import Organization
from tests import factories as make
from tests.admin_pages import sign_in
from tests.watching import make_counted_campaign, make_source


@pytest.fixture
def game() -> Game:
    return make.make_game()


@pytest.fixture
def source(game: Game) -> HeartbeatSource:
    return make_source(game)


@pytest.fixture
def campaign(game: Game) -> Campaign:
    """One that is live."""
    return make_counted_campaign(game)


@pytest.fixture
def organization() -> Organization:
    """One with one game, which has nothing yet."""
    return make.make_game().organization


@pytest.fixture
def owner(organization: Organization) -> Client:
    """The organization's owner, signed in."""
    return sign_in(make.make_staff(organization))
