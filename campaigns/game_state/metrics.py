"""Game state in ``/metrics`` and ``/readyz`` (O3): gateways, connections, sessions, messages, refusals, how soon events settle."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from django.db.models import Sum
from django.utils import timezone
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric

from campaigns.game_state.standing import SILENCE, missing_gateway
from campaigns.game_state.tallies import LATENCY_SECONDS, LATENCY_SUM, SETTLED
from campaigns.models import GameEvent, GameSession, GatewayProcess, GatewayTally

_BY_LABEL = (
    ("message", "drops_game_state_messages", "Messages of game servers by type", "type"),
    ("refused", "drops_game_state_refusals", "Messages and connections refused, by code", "code"),
    ("closed", "drops_game_state_closes", "Connections closed, by close code", "code"),
)
"""Kinds of counts that have a part after a colon: ``refused:not_json``."""

_PLAIN = (
    ("opened", "drops_game_state_connections_opened", "WebSocket connections opened"),
    ("matched", "drops_game_state_events", "Game events found in sessions"),
    ("held_back", "drops_game_state_events_held_back", "Matches that a cool-down or the most per session held back"),
)


def readiness() -> str:
    """Return what keeps the portal from being ready as far as gateways go, or nothing (O3)."""
    if missing_gateway(now=timezone.now()):
        return "no game state gateway was heard from: start manage.py gateway"
    return ""


def collect() -> Iterable[Metric]:
    """Return the figures. Every query reads a partial index or a small table; counts rise as long as they are kept."""
    now = timezone.now()
    alive = list(GatewayProcess.objects.filter(beat_at__gte=now - SILENCE).values_list("connections", flat=True))
    yield GaugeMetricFamily("drops_game_state_gateways", "Game state gateways heard from", value=len(alive))
    yield GaugeMetricFamily("drops_game_state_connections", "Connections that gateways hold now", value=sum(alive))
    sessions = GameSession.objects.filter(ended_at=None)
    yield GaugeMetricFamily("drops_game_state_sessions_open", "Game sessions not ended", value=sessions.count())
    connected = sessions.exclude(gateway="").count()
    yield GaugeMetricFamily("drops_game_state_sessions_connected", "Game sessions with a connection", value=connected)
    due = GameEvent.objects.filter(due_at__lte=now).count()
    yield GaugeMetricFamily("drops_game_state_events_due", "Game events whose viewers are to be looked up", value=due)
    counts = dict(GatewayTally.objects.order_by().values_list("kind").annotate(total=Sum("count")))
    yield from _counters(counts)
    yield _latency(counts)


def _counters(counts: Mapping[str, int]) -> Iterable[Metric]:
    for kind, name, told, label in _BY_LABEL:
        family = CounterMetricFamily(name, told, labels=[label])
        for counted, total in sorted(counts.items()):
            first, _colon, value = counted.partition(":")
            if first == kind:
                family.add_metric([value], total)
        yield family
    for kind, name, told in _PLAIN:
        yield CounterMetricFamily(name, told, value=counts.get(kind, 0))


def _latency(counts: Mapping[str, int]) -> Metric:
    """Return how long events took from the message to their viewers having earned the reward."""
    family = HistogramMetricFamily(
        "drops_game_state_settled_seconds", "From a game event's message to its viewers having earned the reward"
    )
    buckets = [(str(edge), float(counts.get(f"latency_le:{edge:g}", 0))) for edge in LATENCY_SECONDS]
    buckets.append(("+Inf", float(counts.get(SETTLED, 0))))
    family.add_metric([], buckets=buckets, sum_value=counts.get(LATENCY_SUM, 0) / 1000)
    return family
