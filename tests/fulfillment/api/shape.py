"""How one shape of the claims API is asked and answers in tests, and the studio whose claims it lists."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.db import transaction
from django.http import HttpResponse
from django.test import Client

from campaigns.models import CampaignReward, Game
from fulfillment.api.points import purses
from fulfillment.listing import give_places
from fulfillment.models import ApiClient, Claim, Endpoint
from fulfillment.rules.states import DONE, LISTED, State
from portal.models import Organization, User
from tests import factories as make
from tests.factories import NOW

A5 = {
    State.RECEIVED: None,
    State.WAITING: None,
    State.QUARANTINED: None,
    State.HELD: None,
    State.READY: False,
    State.DELIVERING: False,
    State.DELIVERED: True,
    State.CONFIRMED: True,
    State.FAILED: False,
    State.DUPLICATE: None,
    State.ABANDONED: None,
}
"""The table of A5: whether a claim in this state is fulfilled. None: it is not listed."""

MINUTE = timedelta(minutes=1)
PATIENCE = 20.0


class Studio:
    """An organization with a game that pulls, its campaign and reward with their ids on each platform, and a client."""

    def __init__(self, shape: str, **client: Any) -> None:
        self.shape = shape
        self.organization: Organization = make.make_organization()
        self.game: Game = make.make_game(self.organization)
        self.endpoint: Endpoint = make.make_endpoint(self.game, "", mode=Endpoint.Mode.PULL)
        first = ("kick", "twitch") if shape == "kick" else ("twitch", "kick")  # so that none is right by being the last
        there = {platform: f"{platform}-{make.number()}" for platform in first}
        self.categories = {key: make.make_category(self.game, key).platform_category_id for key in there}
        self.reward = make.make_reward(self.game, platform_ids=there, image=False)
        self.campaign = make.make_campaign(self.game, rewards=[self.reward], platform_ids=there)
        self.campaign_reward: CampaignReward = self.campaign.rewards.get()
        self.there = there
        self.client: ApiClient = make.make_api_client(self.organization, **client)
        self.headers = make.api_headers(self.client)

    def another_client(self, **client: Any) -> dict[str, str]:
        """Return the headers of one more client of the organization."""
        return make.api_headers(make.make_api_client(self.organization, **client))

    def claim(self, state: State = State.READY, platform: str = "", **fields: Any) -> Claim:
        """Make a claim in a state, of a player of its own, with all ids that its platform sends."""
        platform = platform or self.shape
        values: dict[str, Any] = {
            "state": state,
            "resolve_at": None,
            "game": self.game,
            "campaign": self.campaign,
            "reward": self.reward,
            "campaign_reward": self.campaign_reward,
            "platform_reward_id": self.there.get(platform, ""),
            "platform_campaign_id": self.there.get(platform, ""),
            "platform_category_id": self.categories.get(platform, ""),
            "delivered_at": NOW if state in DONE else None,
            **fields,
        }
        if "player" not in fields:
            values["player"] = make.make_player(self.game)
        if state in LISTED and values["player"]:
            values.setdefault("player_slot", 1)
        return make.make_claim(self.organization, platform, **values)

    def granted(self, **fields: Any) -> Claim:
        """Make a claim that the portal itself granted: of no platform's own (A5)."""
        return self.claim(source=Claim.Source.PORTAL, **fields)

    def account(self, *, platform: str = "") -> tuple[User, Any, Any]:
        """Return somebody's portal account with the viewer and the player that are theirs."""
        user = make.make_user()
        viewer = make.make_viewer(self.organization, platform or self.shape, user=user)
        return user, viewer, make.make_player(self.game, user=user)


def hide(claim: Claim) -> None:
    """Take a claim out of sight, as a hold does."""
    Claim.objects.filter(pk=claim.pk).update(state=State.HELD)


def show(*claims: Claim) -> None:
    """Make claims visible together, as resolving them does: numbered in that transaction (A3)."""
    with transaction.atomic():
        for pk, place in give_places(claims).items():
            Claim.objects.filter(pk=pk).update(
                state=State.READY, listed_as=place.listed_as, listed_no=place.number, player_slot=1
            )


class Shape:
    """How a shape is asked and how it answers: subclassed once for each, and with it each contract below."""

    platform: str
    other_platform: str

    def ask(self, headers: dict[str, str], **asked: Any) -> HttpResponse:
        """Ask for claims: ``limit``, ``after`` (a cursor or None), ``fulfilled`` (a boolean), and those of ``filters``."""
        raise AssertionError("say how")

    def update(self, headers: dict[str, str], ids: Sequence[str], *, fulfilled: bool = True) -> HttpResponse:
        """Set the status of claims."""
        raise AssertionError("say how")

    def items(self, response: HttpResponse) -> list[dict[str, Any]]:
        """Return the claims of a page."""
        raise AssertionError("say how")

    def cursor(self, response: HttpResponse) -> str | None:
        """Return the cursor of the page behind this one, None behind the last."""
        raise AssertionError("say how")

    def not_updated(self, response: HttpResponse) -> set[str]:
        """Return the ids that an answer to an update names as not updated."""
        raise AssertionError("say how")

    def message(self, response: HttpResponse) -> str:
        """Return what a refusal says, after checking that it has the platform's form and nothing else."""
        raise AssertionError("say how")

    def sees_nothing(self, response: HttpResponse) -> bool:
        """Say whether a filter by what does not exist was answered so."""
        return response.status_code == 200 and not self.items(response)

    path: str
    filters: tuple[str, ...]
    """Those of ``claim_id``, ``user_id``, ``game_id``, ``campaign_id`` that the shape has."""

    id_field: str
    status_field: str
    statuses: dict[bool, str]
    missing_scope: int

    @pytest.fixture(autouse=True)
    def _asking(self, db: None, client: Client) -> Iterator[None]:
        purses.forget()
        self.http = client
        self.studio = Studio(self.platform)
        with time_machine.travel(NOW, tick=False):
            yield

    def ids(self, headers: dict[str, str] | None = None, **asked: Any) -> list[str]:
        response = self.ask(headers or self.studio.headers, **asked)
        assert response.status_code == 200, response.content
        return [item[self.id_field] for item in self.items(response)]

    def pages(self, limit: int, headers: dict[str, str] | None = None, **asked: Any) -> Iterator[list[str]]:
        """Read page after page, each when it is asked for, until there is none behind."""
        after: str | None = None
        while True:
            response = self.ask(headers or self.studio.headers, limit=limit, after=after, **asked)
            assert response.status_code == 200, response.content
            yield [item[self.id_field] for item in self.items(response)]
            after = self.cursor(response)
            if after is None:
                return

    def all_ids(self, limit: int, headers: dict[str, str] | None = None, **asked: Any) -> list[str]:
        return [claim_id for page in self.pages(limit, headers, **asked) for claim_id in page]

    def send(self, body: bytes) -> HttpResponse:
        """Update with a body of bytes."""
        response = self.http.patch(self.path, body, content_type="application/json", headers=self.studio.headers)
        assert isinstance(response, HttpResponse)
        return response


def body_of(response: HttpResponse) -> Any:
    """Return what an answer says."""
    return json.loads(response.content)
