"""The game backend: checks signatures itself, gives once, and answers as it is told."""

from __future__ import annotations

import base64
import hashlib
import hmac
import http.client
import json
import time
from collections.abc import Callable, Iterator

import pytest

from tests.sandbox.conftest import SEED
from tests.sandbox.server import Reply, SandboxServer

KEY = base64.b64decode(str(SEED["game"]["signing_secret"]).removeprefix("whsec_"))
DATA = {"player": {"id": "p-1", "name": "Ann"}, "reward": {"id": "01M7", "external_id": "cape"}}
BODY = json.dumps({"type": "reward.granted", "data": DATA}).encode()


def signed(message_id: str, *, body: bytes = BODY, age_seconds: int = 0, key: bytes = KEY) -> dict[str, str]:
    timestamp = str(int(time.time()) - age_seconds)
    mac = hmac.new(key, f"{message_id}.{timestamp}.".encode() + body, hashlib.sha256).digest()
    return {
        "Content-Type": "application/json",
        "webhook-id": message_id,
        "webhook-timestamp": timestamp,
        "webhook-signature": "v1," + base64.b64encode(mac).decode(),
    }


def deliver(server: SandboxServer, headers: dict[str, str], body: bytes = BODY, *, timeout: float = 20.0) -> Reply:
    return server.request("POST", "/game/demo/deliveries", body=body, headers=headers, timeout=timeout)


@pytest.fixture
def game(sandbox_server: SandboxServer) -> Iterator[SandboxServer]:
    """The sandbox with an empty game that answers normally, and does so again afterwards."""
    sandbox_server.empty_game()
    yield sandbox_server
    sandbox_server.answer_as("normal")


def test_d6_the_item_is_given_once_for_each_delivery_id(game: SandboxServer) -> None:
    assert [deliver(game, signed("m-1")).status for _ in range(3)] == [204, 204, 204]
    state = game.game()
    assert state["items"] == [{"message_id": "m-1", "player_id": "p-1", "item": "cape"}]
    assert [request["times_seen"] for request in state["requests"]] == [1, 2, 3]
    assert "p-1" in game.get("/game/demo/").text


FORGED: dict[str, Callable[[], dict[str, str]]] = {
    "other key": lambda: signed("m-2", key=b"another key"),
    "other body": lambda: signed("m-2", body=b"{}"),
    "old": lambda: signed("m-2", age_seconds=310),
    "from the future": lambda: signed("m-2", age_seconds=-310),
    "no signature": lambda: signed("m-2") | {"webhook-signature": "v1,"},
    "no time": lambda: signed("m-2") | {"webhook-timestamp": "soon"},
    "no headers": lambda: {"Content-Type": "application/json"},
}


@pytest.mark.parametrize("fault", FORGED)
def test_d2_a_delivery_that_is_not_genuine_gives_nothing(game: SandboxServer, fault: str) -> None:
    assert deliver(game, FORGED[fault]()).status == 401
    state = game.game()
    assert state["items"] == []
    assert [request["verified"] for request in state["requests"]] == [False]


def test_a_reward_without_external_id_is_given_under_its_own_id(game: SandboxServer) -> None:
    body = json.dumps({"data": DATA | {"reward": {"id": "01M7", "external_id": ""}}}).encode()
    assert deliver(game, signed("m-10", body=body), body).status == 204
    assert game.game()["items"][0]["item"] == "01M7"


def test_one_fitting_signature_of_several_is_enough(game: SandboxServer) -> None:
    headers = signed("m-3")
    headers["webhook-signature"] = "v1,AAAA v2,xyz " + headers["webhook-signature"]
    assert deliver(game, headers).status == 204


@pytest.mark.parametrize(
    "body", [b"not json", b"[]", b'{"data":{"player":{"id":"p"}}}', b'{"data":{"player":"p","reward":{"id":"r"}}}']
)
def test_a_genuine_delivery_without_player_or_item_is_refused_with_400(game: SandboxServer, body: bytes) -> None:
    assert deliver(game, signed("m-4", body=body), body).status == 400


@pytest.mark.parametrize("mode", ["500", "404", "410", "429", "redirect"])
def test_d2_the_game_answers_as_told_and_gives_nothing(game: SandboxServer, mode: str) -> None:
    game.answer_as(mode, seconds=7)
    reply = deliver(game, signed("m-5"))
    assert reply.status == (307 if mode == "redirect" else int(mode))
    assert reply.headers.get("retry-after") == ("7" if mode == "429" else None)
    state = game.game()
    assert state["items"] == []
    assert [request["verified"] for request in state["requests"]] == [True]


def test_the_redirect_leads_to_a_place_that_notes_who_followed(game: SandboxServer) -> None:
    game.answer_as("redirect")
    location = deliver(game, signed("m-6")).headers["location"]
    game.request("POST", location, body=BODY, headers=signed("m-6"))
    assert "followed the redirect" in game.game()["requests"][-1]["note"]


def test_d6_a_slow_game_has_given_the_item_before_it_answers(game: SandboxServer) -> None:
    game.answer_as("slow", seconds=2)
    with pytest.raises(TimeoutError):
        deliver(game, signed("m-7"), timeout=0.5)
    assert len(game.game()["items"]) == 1
    game.answer_as("slow", seconds=1)
    started = time.monotonic()
    assert deliver(game, signed("m-7")).status == 204
    assert time.monotonic() - started >= 1
    assert len(game.game()["items"]) == 1


@pytest.mark.parametrize("mode", ["hang", "close"])
def test_a_game_that_hangs_or_closes_gives_no_answer(game: SandboxServer, mode: str) -> None:
    game.answer_as(mode, seconds=1)
    with pytest.raises((ConnectionError, http.client.BadStatusLine)):
        deliver(game, signed("m-8"))
    assert game.game()["items"] == []


def test_d7_a_huge_body_goes_on_for_as_long_as_it_is_read(game: SandboxServer) -> None:
    game.answer_as("huge")
    connection = http.client.HTTPConnection("127.0.0.1", game.port, timeout=20)
    connection.request("POST", "/game/demo/deliveries", body=BODY, headers=signed("m-9"))
    answer = connection.getresponse()
    assert answer.status == 200
    assert len(answer.read(5_000_000)) == 5_000_000
    connection.close()
    assert len(game.game()["items"]) == 1


def test_only_post_is_a_delivery(game: SandboxServer) -> None:
    assert game.get("/game/demo/deliveries").status == 405
    assert game.request("POST", "/game/nowhere/deliveries", body=b"", headers={}).status == 404
