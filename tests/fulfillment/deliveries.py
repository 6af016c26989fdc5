"""What the tests of delivery share: claims that are ready to go, a game backend on loopback, and short ways through."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from campaigns.models import Campaign, Game
from fulfillment.delivery import Leased, Result, lease_due, record_outcomes, send
from fulfillment.models import Claim, Delivery, Endpoint
from fulfillment.rules.states import State
from tests.factories import NOW, make_campaign, make_claim, make_endpoint, make_game, make_player, make_reward
from tests.loopback import Connection, LoopbackServer, Request

SECRET = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"


class Backend:
    """A game backend that can be told how to answer, for all requests or for single claims."""

    def __init__(self) -> None:
        self.status = 204
        self.headers: dict[str, str] = {}
        self.body = b"said the game"
        self.mode = "answer"
        self.by_claim: dict[str, int] = {}
        self.on_request: Callable[[], None] = lambda: None
        self.server = LoopbackServer(self._answer)

    @property
    def url(self) -> str:
        return f"{self.server.url}/deliveries"

    @property
    def requests(self) -> list[Request]:
        return self.server.requests

    def ids(self) -> list[str]:
        return [request.headers["webhook-id"] for request in self.requests]

    def _answer(self, connection: Connection, request: Request) -> None:
        self.on_request()
        if self.mode == "hang":
            connection.hang()
            connection.close()
        elif self.mode == "close":
            connection.close()
        elif self.mode == "endless":
            connection.socket.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 10737418240\r\n\r\n")
            connection.flood()
        else:
            status = self.by_claim.get(request.headers["webhook-id"], self.status)
            connection.reply(status, b"" if status == 204 else self.body, **self.headers)


class World:
    """One game with an endpoint, a campaign and a reward."""

    def __init__(self, url: str, **endpoint: Any) -> None:
        self.game: Game = make_game()
        self.endpoint: Endpoint = make_endpoint(self.game, url, **endpoint)
        self.reward = make_reward(self.game, image=False)
        self.campaign: Campaign = make_campaign(self.game, rewards=[self.reward])

    def ready(self, count: int = 1, *, now: datetime = NOW) -> list[Claim]:
        """Make claims that are ready, each of a player of its own, with their deliveries due."""
        campaign_reward = self.campaign.rewards.get()
        claims = [
            make_claim(
                self.game.organization,
                state=State.READY,
                resolve_at=None,
                game=self.game,
                campaign=self.campaign,
                reward=self.reward,
                campaign_reward=campaign_reward,
                player=make_player(self.game),
                player_slot=1,
            )
            for _ in range(count)
        ]
        Delivery.objects.bulk_create(
            [Delivery(claim=claim, game=self.game, due_at=now, created_at=now) for claim in claims]
        )
        return claims


def no_jitter() -> float:
    return 0.0


def lease(now: datetime = NOW, *, limit: int = 100, **options: Any) -> list[Leased]:
    return lease_due(now=now, limit=limit, **options)


def send_all(leased: list[Leased], *, now: datetime = NOW, timeout: float = 5.0) -> list[Result]:
    return [send(item, clock=lambda: now, timeout=timeout) for item in leased]


def deliver(now: datetime = NOW, **options: Any) -> list[Result]:
    """Lease what is due, send it, record it: one turn of the drain, at one moment."""
    results = send_all(lease(now, **options), now=now)
    record_outcomes(results, now=now, random=no_jitter)
    return results


def fresh(claim: Claim) -> Claim:
    return Claim.objects.select_related("delivery").get(pk=claim.pk)


def states(claims: list[Claim]) -> list[str]:
    return list(Claim.objects.filter(pk__in=[c.pk for c in claims]).order_by("pk").values_list("state", flat=True))
