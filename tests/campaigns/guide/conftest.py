"""An organization with one game, its owner in a browser, and a clock that stands."""

from __future__ import annotations

from typing import Any

import pytest
import time_machine
from django.test import Client

from portal.models import Organization
from tests.admin_pages import sign_in
from tests.factories import NOW, make_game, make_staff


@pytest.fixture(autouse=True)
def _clock() -> Any:
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def organization() -> Organization:
    return make_game().organization


@pytest.fixture
def owner(organization: Organization) -> Client:
    return sign_in(make_staff(organization))
