"""One chain of runs for a background job that has more to do than one run holds."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django_q.conf import Conf
from django_q.models import OrmQ

from campaigns.tasks import REGISTER_VIEWERS, register_viewers
from linking.tasks import BRING_IN_STEP, bring_registrations_in_step
from portal.going_on import done, go_on
from tests.campaigns.registering.twitch import World
from tests.doubles.twitch_server import TwitchServer

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _queued(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Conf, "SYNC", False)  # queued, not run: the test is about what is queued


def queued() -> list[tuple[str, dict[str, bool]]]:
    return [(row.task["func"], row.task["kwargs"]) for row in OrmQ.objects.order_by("pk")]


def test_a_job_that_is_started_often_goes_on_in_one_chain() -> None:
    assert go_on("a.job", continued=False)
    assert not go_on("a.job", continued=False)
    assert go_on("a.job", continued=True)
    assert go_on("another.job", continued=False)
    assert queued() == [(name, {"continued": True}) for name in ("a.job", "a.job", "another.job")]


def test_when_the_chain_has_ended_the_next_start_may_begin_another() -> None:
    go_on("a.job", continued=False)
    done("a.job", continued=False)
    assert not go_on("a.job", continued=False), "a run beside the chain does not end it"
    done("a.job", continued=True)
    assert go_on("a.job", continued=False)


@pytest.fixture
def world(settings: pytest.FixtureRequest) -> Iterator[World]:
    server = TwitchServer()
    yield World(server)
    server.stop()


def test_registering_and_bringing_in_step_go_on_so(world: World) -> None:
    assert (register_viewers(), bring_registrations_in_step(), queued()) == (
        "nothing was due",
        "0 wanted, 0 without consent, 0 unwanted",
        [],
    )
    world.want(world.viewer(), world.server.grant("1"))
    for _ in range(2):
        register_viewers(seconds=0)
        bring_registrations_in_step(seconds=0)
    names = [name for name, _arguments in queued()]
    assert names == [REGISTER_VIEWERS, BRING_IN_STEP]
