"""The pages of game sessions: a clock that stands, the studio's owner, and the process that its game servers reach."""

from __future__ import annotations

import pytest
from django.test import Client

from campaigns.models import GatewayProcess
from portal.roles import Role
from tests.admin_pages import sign_in
from tests.fulfillment.admin.story import Studio
from tests.game_sessions import make_gateway


@pytest.fixture(autouse=True)
def _clock(standing_clock: None) -> None:
    pass


@pytest.fixture
def owner(studio: Studio) -> Client:
    return sign_in(studio.members[Role.OWNER])


@pytest.fixture
def gateway() -> GatewayProcess:
    return make_gateway()
