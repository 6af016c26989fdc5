"""The stand-in for Twitch that reports are read from."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from portal.models import PlatformCredential
from tests.doubles.reports_server import ReportsServer
from tests.fulfillment.reports.desk import YESTERDAY, make_app


@pytest.fixture
def server() -> Iterator[ReportsServer]:
    server = ReportsServer()
    server.available = YESTERDAY
    yield server
    server.stop()


@pytest.fixture
def credential(server: ReportsServer) -> PlatformCredential:
    return make_app(server)
