"""One sandbox for all of its tests."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.sandbox.platforms import Platforms
from tests.sandbox.receiver import Receiver
from tests.sandbox.server import SandboxServer

REWARDS = [
    {"name": "Cape", "external_id": "cape", "minutes": 30},
    {"name": "Trail", "external_id": "", "minutes": 60},
]
SEED: dict[str, Any] = {
    "kick": {
        "client_id": "kick-client",
        "client_secret": "kick-secret",
        "redirect_uri": "http://localhost:8000/accounts/kick/login/callback/",
        "webhook_url": "",
        "organization_id": "01M7XMK6ZFG32QC5MM7M60S9RN",
        "category": {"id": "4077", "name": "Starfall"},
        "campaign": {
            "id": "01M7XMK6ZFH5XCBHVFT2XYQT21",
            "name": "Launch",
            "rewards": [
                REWARDS[0] | {"id": "01M7XMK6ZFNGP751QCNV0HZ1TP"},
                REWARDS[1] | {"id": "01M7XMK6ZFNGP751QCNV0HZ1TQ"},
            ],
        },
    },
    "twitch": {
        "client_id": "twitch-client",
        "client_secret": "twitch-secret",
        "redirect_uri": "http://localhost:8000/accounts/twitch/login/callback/",
        "webhook_url": "",
        "webhook_secret": "eventsub-secret-01",
        "organization_id": "9001",
        "category": {"id": "509658", "name": "Starfall"},
        "campaign": {
            "id": "0f2c56d8-1a5c-4a7e-8f43-3f9c8f6b1a01",
            "name": "Launch",
            "rewards": [REWARDS[0] | {"id": "74c52265-e214-48a6-91b9-23b6014e8041"}],
        },
    },
    "game": {"slug": "demo", "signing_secret": "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3"},
}


@pytest.fixture(scope="session")
def sandbox_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxServer]:
    """The sandbox, migrated, seeded from SEED and answering."""
    server = SandboxServer(tmp_path_factory.mktemp("sandbox"), seed=SEED)
    try:
        yield server.start()
    finally:
        server.stop()


@pytest.fixture(scope="session")
def _second_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxServer]:
    server = SandboxServer(tmp_path_factory.mktemp("second"), seed=SEED)
    try:
        yield server.start()
    finally:
        server.stop()


@pytest.fixture
def platforms(_second_server: SandboxServer) -> Iterator[Platforms]:
    """A second sandbox, for what would disturb others: afterwards there are no faults, subscriptions and streams."""
    both = Platforms(_second_server)
    both.clear()
    yield both
    both.clear()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """A webhook address that answers 200."""
    with Receiver() as listening:
        yield listening
