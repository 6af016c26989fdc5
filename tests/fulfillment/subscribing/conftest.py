"""What the tests of event subscriptions share."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django_q.conf import Conf

from fulfillment.subscribing.watching import forget_noted
from tests.fulfillment.subscribing.studio import Studio


@pytest.fixture
def make_studio(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Studio]]:
    settings.PORTAL_ALLOW_HTTP_LOOPBACK = True
    settings.BASE_URL = "https://portal.example.org"
    monkeypatch.setattr(Conf, "SYNC", False)  # background jobs are queued: the tests say who works, and when
    forget_noted()
    made: list[Studio] = []

    def make(*arguments: Any, **fields: Any) -> Studio:
        made.append(Studio(*arguments, **fields))
        return made[-1]

    yield make
    for studio in made:
        studio.api.stop()


@pytest.fixture
def studio(make_studio: Callable[..., Studio]) -> Studio:
    return make_studio("twitch")
