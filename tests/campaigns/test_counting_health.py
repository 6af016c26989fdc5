"""O3: the portal is not ready while heartbeats wait and nobody counts them, and says so in its figures."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from django.test import Client
from prometheus_client.core import Metric

from campaigns.heartbeats.tally import tallies
from campaigns.models import CountingLease, HeartbeatSource
from campaigns.watch.health import collect, nobody_counts, readiness
from tests import factories as make
from tests import watching

pytestmark = pytest.mark.django_db

NOW = watching.NOW


@pytest.fixture
def source() -> HeartbeatSource:
    return watching.make_source(make.make_game())


def test_heartbeats_may_wait_for_a_moment(source: HeartbeatSource) -> None:
    watching.beat(source, viewers=["ada"], minute=NOW)
    assert not nobody_counts(now=NOW + timedelta(seconds=119))


def test_heartbeats_that_wait_for_minutes_say_that_nobody_counts(source: HeartbeatSource) -> None:
    watching.beat(source, viewers=["ada"], minute=NOW)
    assert nobody_counts(now=NOW + timedelta(seconds=121))
    watching.count_all(now=NOW + timedelta(seconds=121))
    assert not nobody_counts(now=NOW + timedelta(seconds=122))


def test_a_backlog_that_a_process_works_on_is_no_fault(source: HeartbeatSource) -> None:
    watching.beat(source, viewers=["ada"], minute=NOW)
    later = NOW + timedelta(hours=1)
    lease = CountingLease.objects.create(organization=source.game.organization, holder="other", until=later)
    assert not nobody_counts(now=later + timedelta(seconds=30))
    assert nobody_counts(now=lease.until + timedelta(seconds=61))


def test_what_waits_for_a_link_is_nobodys_fault(source: HeartbeatSource) -> None:
    watching.beat(source, viewers=["ada"], minute=NOW, game="Another game")
    watching.count_all(now=NOW)
    assert not nobody_counts(now=NOW + timedelta(hours=1))


def test_readyz_names_what_to_start(source: HeartbeatSource, client: Client) -> None:
    with time_machine.travel(NOW, tick=False):
        assert client.get("/readyz").json()["checks"]["counting"] == "ok"
        watching.beat(source, viewers=["ada"], minute=NOW)
    with time_machine.travel(NOW + timedelta(minutes=3), tick=False):
        assert "manage.py count" in readiness()
        answer = client.get("/readyz")
    assert answer.status_code == 503
    assert "manage.py count" in answer.json()["checks"]["counting"]


def test_the_figures_tell_the_backlog_and_how_calls_ended(source: HeartbeatSource) -> None:
    for minutes in (0, 3):
        watching.beat(source, viewers=["ada"], minute=NOW + timedelta(minutes=minutes))
    tallies.drop()
    tallies.count(source.pk, "accepted", now=NOW)
    tallies.flush()
    with time_machine.travel(NOW + timedelta(minutes=4), tick=False):
        told = {metric.name: metric for metric in collect()}
    assert value(told["drops_heartbeats_due"]) == 2
    assert value(told["drops_heartbeats_oldest_seconds"]) == 240
    assert [(one.labels, one.value) for one in told["drops_heartbeat_calls"].samples] == [({"outcome": "accepted"}, 1)]


def value(metric: Metric) -> float:
    return metric.samples[0].value
