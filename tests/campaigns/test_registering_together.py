"""Several workers at the same moment: each registration is done once, and none is forgotten (L10, O4)."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db import connection
from django_q.conf import Conf

from campaigns.models import RegisteredIdentifier
from campaigns.registering.running import run_due
from campaigns.registering.wanting import unwant_identifiers
from tests.campaigns.registering.twitch import World
from tests.doubles.twitch_server import VHS, TwitchServer
from tests.factories import NOW

pytestmark = [pytest.mark.postgresql, pytest.mark.django_db(transaction=True)]
PATIENCE = 30.0


@pytest.fixture
def world(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    settings.PORTAL_ALLOW_HTTP_LOOPBACK = True
    monkeypatch.setattr(Conf, "SYNC", False)  # background jobs are queued: the tests say who works, and when
    server = TwitchServer()
    yield World(server)
    server.stop()


def all_at_once(deeds: list[Callable[[], Any]]) -> list[BaseException]:
    start, failures = threading.Barrier(len(deeds)), list[BaseException]()

    def work(deed: Callable[[], Any]) -> None:
        try:
            start.wait(PATIENCE)
            deed()
        except BaseException as error:
            failures.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=work, args=(deed,)) for deed in deeds]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
    return failures


def run() -> None:
    run_due(clock=lambda: NOW, random=lambda: 0.0)


def test_l10_four_workers_register_each_viewer_once(world: World) -> None:
    viewers = [world.viewer() for _ in range(40)]
    for one in viewers:
        world.want(one, world.server.grant(one.platform_user_id))
    assert all_at_once([run] * 4) == []
    assert world.server.connections == {one.platform_user_id: one.pk for one in viewers}
    assert world.server.count("PUT", VHS) == 40
    assert set(RegisteredIdentifier.objects.values_list("state", flat=True)) == {"registered"}


def test_l10_eight_links_of_one_viewer_at_once_want_one_registration(world: World) -> None:
    viewer = world.viewer()
    grant = world.server.grant(viewer.platform_user_id)
    assert all_at_once([lambda: world.want(viewer, grant)] * 8) == []
    run()
    assert (RegisteredIdentifier.objects.count(), world.server.count("PUT", VHS)) == (1, 1)


def test_what_is_unlinked_while_workers_register_ends_removed_at_the_platform(world: World) -> None:
    viewers = [world.viewer() for _ in range(16)]
    for one in viewers:
        world.want(one, world.server.grant(one.platform_user_id))

    def leave() -> None:
        for one in viewers:
            unwant_identifiers(viewer_ids=[one.pk], now=NOW)

    assert all_at_once([run, run, leave]) == []
    later = RegisteredIdentifier.objects.order_by("-due_at").values_list("due_at", flat=True)[0]
    run_due(clock=lambda: later, random=lambda: 0.0)
    assert world.server.connections == {}
    assert not RegisteredIdentifier.objects.filter(due_at__isnull=False).exists()
