"""Several workers at the same moment: each registration is done once, and none is forgotten (L10, O4)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django_q.conf import Conf

from campaigns.models import RegisteredIdentifier
from campaigns.registering.running import run_due
from campaigns.registering.wanting import unwant_identifiers
from tests.campaigns.registering.twitch import World
from tests.doubles.twitch_server import VHS, TwitchServer
from tests.factories import NOW
from tests.together import at_once

pytestmark = [pytest.mark.postgresql, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def world(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    settings.PORTAL_ALLOW_HTTP_LOOPBACK = True
    monkeypatch.setattr(Conf, "SYNC", False)  # background jobs are queued: the tests say who works, and when
    server = TwitchServer()
    yield World(server)
    server.stop()


def run() -> None:
    run_due(clock=lambda: NOW, random=lambda: 0.0)


def test_l10_four_workers_register_each_viewer_once(world: World) -> None:
    viewers = [world.viewer() for _ in range(40)]
    for one in viewers:
        world.want(one, world.server.grant(one.platform_user_id))
    assert at_once(*[run] * 4) == []
    assert world.server.connections == {one.platform_user_id: one.pk for one in viewers}
    assert world.server.count("PUT", VHS) == 40
    assert set(RegisteredIdentifier.objects.values_list("state", flat=True)) == {"registered"}


def test_l10_eight_links_of_one_viewer_at_once_want_one_registration(world: World) -> None:
    viewer = world.viewer()
    grant = world.server.grant(viewer.platform_user_id)
    assert at_once(*[lambda: world.want(viewer, grant)] * 8) == []
    run()
    assert (RegisteredIdentifier.objects.count(), world.server.count("PUT", VHS)) == (1, 1)


def test_what_is_unlinked_while_workers_register_ends_removed_at_the_platform(world: World) -> None:
    viewers = [world.viewer() for _ in range(16)]
    for one in viewers:
        world.want(one, world.server.grant(one.platform_user_id))

    def leave() -> None:
        for one in viewers:
            unwant_identifiers(viewer_ids=[one.pk], now=NOW)

    assert at_once(run, run, leave) == []
    later = RegisteredIdentifier.objects.order_by("-due_at").values_list("due_at", flat=True)[0]
    run_due(clock=lambda: later, random=lambda: 0.0)
    assert world.server.connections == {}
    assert not RegisteredIdentifier.objects.filter(due_at__isnull=False).exists()
