"""O3: game state in /metrics and /readyz."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from django.test import Client
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import Metric
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.registry import Collector

from campaigns.game_state.metrics import collect
from campaigns.game_state.standing import EXPECTED_WITHIN, SILENCE, alive_gateways, missing_gateway
from campaigns.game_state.tallies import add_tallies, latency_kinds
from campaigns.models import GatewayProcess
from tests.factories import NOW, make_game
from tests.game_sessions import SECOND, connected, make_game_session, make_gateway

pytestmark = pytest.mark.django_db


def told() -> dict[str, float]:
    """Return the samples as somebody who scrapes them reads them: name and labels, and value."""

    class Source(Collector):
        def collect(self) -> list[Metric]:
            return list(collect())

    registry = CollectorRegistry(auto_describe=False)
    with time_machine.travel(NOW, tick=False):
        registry.register(Source())
        text = generate_latest(registry).decode()
    samples = [sample for family in text_string_to_metric_families(text) for sample in family.samples]
    return {f"{one.name}{sorted(one.labels.values())}": one.value for one in samples}


def test_gateways_that_live_connections_and_sessions_are_told() -> None:
    alive = make_gateway(connections=17)
    make_gateway(connections=5)
    make_gateway(beat_at=NOW - SILENCE - SECOND, connections=100)
    game = make_game()
    make_game_session(game, **connected(alive))
    make_game_session(game)
    make_game_session(game, ended_at=NOW, end_code="abandoned")
    found = told()
    assert found["drops_game_state_gateways[]"] == 2
    assert found["drops_game_state_connections[]"] == 22
    assert found["drops_game_state_sessions_open[]"] == 2
    assert found["drops_game_state_sessions_connected[]"] == 1


def test_messages_refusals_closes_and_matches_are_summed_over_all_hours() -> None:
    add_tallies({"message:delta": 10, "refused:not_json": 1, "opened": 3}, now=NOW - timedelta(days=30))
    add_tallies({"message:delta": 5, "message:connect": 2, "closed:4002": 4, "matched": 6, "held_back": 1}, now=NOW)
    found = told()
    assert found["drops_game_state_messages_total['delta']"] == 15
    assert found["drops_game_state_messages_total['connect']"] == 2
    assert found["drops_game_state_refusals_total['not_json']"] == 1
    assert found["drops_game_state_closes_total['4002']"] == 4
    assert found["drops_game_state_connections_opened_total[]"] == 3
    assert found["drops_game_state_events_total[]"] == 6
    assert found["drops_game_state_events_held_back_total[]"] == 1


def test_how_soon_events_are_settled_is_a_histogram_whose_buckets_hold_the_ones_below() -> None:
    for seconds in (0.2, 0.7, 1.0, 4.0, 45.0, 300.0):
        add_tallies(latency_kinds(seconds), now=NOW)
    found = told()
    buckets = {
        edge: found[f"drops_game_state_settled_seconds_bucket['{edge}']"]
        for edge in ("0.5", "1.0", "2.0", "5.0", "10.0", "30.0", "60.0", "+Inf")
    }
    assert list(buckets.values()) == [1, 3, 3, 4, 4, 4, 5, 6]
    assert found["drops_game_state_settled_seconds_count[]"] == 6
    assert found["drops_game_state_settled_seconds_sum[]"] == pytest.approx(350.9)


def test_with_nothing_counted_the_figures_are_there_and_zero() -> None:
    found = told()
    assert found["drops_game_state_connections_opened_total[]"] == 0
    assert found["drops_game_state_settled_seconds_count[]"] == 0


def test_where_no_gateway_ever_ran_none_is_missed(client: Client) -> None:
    assert client.get("/readyz").json()["checks"]["gateway"] == "ok"


def test_a_gateway_is_missed_once_the_last_that_was_heard_from_is_silent_and_was_not_stopped() -> None:
    gateway = make_gateway()
    assert alive_gateways(now=NOW + SILENCE) == {gateway.pk}
    assert not missing_gateway(now=NOW + SILENCE)
    assert missing_gateway(now=NOW + SILENCE + SECOND)
    assert alive_gateways(now=NOW + SILENCE + SECOND) == set()
    assert missing_gateway(now=NOW + EXPECTED_WITHIN)
    assert not missing_gateway(now=NOW + EXPECTED_WITHIN + SECOND)


def test_one_that_was_stopped_in_order_is_not_missed_whatever_died_before_it() -> None:
    make_gateway(beat_at=NOW - timedelta(hours=1))
    stopped = make_gateway(stopping_at=NOW)
    assert not missing_gateway(now=NOW + timedelta(minutes=5))
    GatewayProcess.objects.filter(pk=stopped.pk).delete()
    assert missing_gateway(now=NOW + timedelta(minutes=5))


def test_one_that_lives_is_enough() -> None:
    make_gateway(beat_at=NOW - timedelta(hours=1))
    make_gateway()
    assert not missing_gateway(now=NOW)


def test_readyz_names_what_to_start(client: Client) -> None:
    make_gateway()
    with time_machine.travel(NOW + timedelta(minutes=1), tick=False):
        answer = client.get("/readyz")
    assert answer.status_code == 503
    assert "manage.py gateway" in answer.json()["checks"]["gateway"]
