"""Claims in Kick's shape (A1 to A5, D3; Kick, Drops, Public API)."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
import time_machine
from django.db import connection
from django.http import HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext
from hypothesis import given, settings
from hypothesis import strategies as st

from campaigns.models import CampaignReward
from fulfillment.api.kick.shape import status_shown, user_number
from fulfillment.models import ApiClient, Claim, ClaimEvent, Endpoint
from fulfillment.rules.states import LISTED, State
from portal.models import Organization, PlatformCredential
from portal.platforms.kick.signatures import DOCUMENTED_PUBLIC_KEY, load_public_key
from tests import factories as make
from tests.factories import NOW
from tests.fulfillment.api.contract import ClaimsContract
from tests.fulfillment.api.contract_players import PlayersTokenContract
from tests.fulfillment.api.contract_together import TogetherContract
from tests.fulfillment.api.shape import Studio, hide, show
from tests.signers.kick import KickSigner

pytestmark = pytest.mark.django_db

CLAIMS = "/public/v1/drops/claims"
KEY = "/public/v1/public-key"
FIELDS = {
    "claim_id",
    "user_id",
    "campaign_id",
    "reward_id",
    "external_id",
    "external_status",
    "created_at",
    "updated_at",
}
UNAUTHORIZED = {"data": None, "message": "Unauthorized"}
SLEEPING = {State.RECEIVED, State.WAITING, State.QUARANTINED, State.HELD, State.DUPLICATE, State.ABANDONED}


class Kick(ClaimsContract):
    """How Kick's shape is asked and how it answers."""

    platform = "kick"
    other_platform = "twitch"
    filters = ("claim_id", "user_id", "campaign_id")
    id_field = "claim_id"
    status_field = "external_status"
    statuses = {False: "initiated", True: "processed"}
    missing_scope = 403
    path = CLAIMS

    def ask(self, headers: dict[str, str], **asked: Any) -> HttpResponse:
        asked.pop("game_id", None)
        asked["cursor"] = asked.pop("after", None)
        if "fulfilled" in asked:
            asked["external_status"] = self.statuses[asked.pop("fulfilled")]
        parameters = {name: value for name, value in asked.items() if value is not None}
        response = self.http.get(CLAIMS, parameters, headers=headers)
        assert isinstance(response, HttpResponse)
        return response

    def update(self, headers: dict[str, str], ids: Sequence[str], *, fulfilled: bool = True) -> HttpResponse:
        rows = [{"claim_id": claim_id, "external_status": self.statuses[fulfilled]} for claim_id in ids]
        response = self.http.patch(CLAIMS, {"claims": rows}, content_type="application/json", headers=headers)
        assert isinstance(response, HttpResponse)
        return response

    def items(self, response: HttpResponse) -> list[dict[str, Any]]:
        return list(data_of(response)["claims"])

    def cursor(self, response: HttpResponse) -> str | None:
        """Kick's last page is the one without claims."""
        data = data_of(response)
        return data["cursor"] if data["claims"] else None

    def place_of(self, response: HttpResponse) -> str:
        return str(data_of(response)["cursor"])

    def not_updated(self, response: HttpResponse) -> set[str]:
        if response.status_code == 204:
            assert response.content == b""
            return set()
        status, message = refusal_of(response)
        named = re.fullmatch(r"Not updated: (.+)\. All others were\.", message)
        assert named, message
        parts = [part.partition(" (") for part in named[1].split("; ")]
        assert status == (404 if any(why == "no such claim)" for _ids, _, why in parts) else 409)
        return {claim_id for ids, _, _why in parts for claim_id in ids.split(", ")}

    def message(self, response: HttpResponse) -> str:
        assert response["Content-Type"].startswith("application/json")
        return refusal_of(response)[1]


class TestKickClaims(Kick, PlayersTokenContract):
    """The contract of every shape."""


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
class TestKickTogether(Kick, TogetherContract):
    """The contract, with several at the same moment."""


class Backend(Studio):
    """The backend of a game that pulls, written for Kick: with its token, and with ways to ask."""

    def __init__(self, **client: Any) -> None:
        super().__init__("kick", **client)
        self.token = make.make_api_token(self.client)
        self.http = Client()

    def get(self, query: str = "", *, token: str | None = None, path: str = CLAIMS, **parameters: Any) -> HttpResponse:
        query = query or urlencode(parameters, doseq=True)
        headers = {"Authorization": f"Bearer {token or self.token}"}
        return self.http.get(f"{path}?{query}", headers=headers)  # type: ignore[return-value]

    def patch(self, body: Any, *, token: str | None = None) -> HttpResponse:
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        headers = {"Authorization": f"Bearer {token or self.token}"}
        return self.http.patch(CLAIMS, content, content_type="application/json", headers=headers)  # type: ignore[return-value]

    def set(self, *updates: tuple[str, str], token: str | None = None) -> HttpResponse:
        rows = [{"claim_id": claim_id, "external_status": status} for claim_id, status in updates]
        return self.patch({"claims": rows}, token=token)

    def listed(self, **parameters: Any) -> list[dict[str, Any]]:
        return data_of(self.get(**parameters))["claims"]

    def ids(self, **parameters: Any) -> list[str]:
        return [item["claim_id"] for item in self.listed(**parameters)]


def data_of(response: HttpResponse) -> dict[str, Any]:
    assert response.status_code == 200, response.content
    body = json.loads(response.content)
    assert set(body) == {"data", "message"}
    assert body["message"] == "OK"
    return body["data"]


def written(moment: datetime) -> str:
    """Return a time as a page has it: PostgreSQL gives all digits of a second's fraction, SQLite none where it is 0."""
    text = moment.astimezone(UTC).isoformat()
    if connection.vendor == "postgresql" and not moment.microsecond:
        text = text.replace("+00:00", ".000000+00:00")
    return text.replace("+00:00", "Z")


def refusal_of(response: HttpResponse) -> tuple[int, str]:
    body = json.loads(response.content)
    assert set(body) == {"data", "message"}
    assert body["data"] is None
    return response.status_code, body["message"]


@pytest.fixture
def backend() -> Backend:
    return Backend()


@pytest.fixture
def wide() -> Backend:
    return Backend(other_platforms=True)


# The requests of Kick's guide, as they stand there.


@pytest.mark.parametrize(
    "request_line",
    [
        "GET /public/v1/drops/claims?campaign_id=01JAXK8N4QWRTY5PM7ZEBVJDS8S&limit=10&cursor=01K0TDDR08Q5ZNWXK92VRXD7GW&user_id=1234",
        "GET /public/v1/drops/claims?claim_id=01JAXK8N4QWRTY5PM7ZEBVGH2S",
    ],
)
def test_a1_the_examples_of_kick_s_guide_are_answered(backend: Backend, request_line: str) -> None:
    method, address = request_line.split(" ")
    response = backend.http.generic(method, address, headers={"Authorization": f"Bearer {backend.token}"})
    data = data_of(response)
    assert data["claims"] == []
    assert set(data) == {"claims", "cursor"}


def test_a1_the_first_example_finds_what_it_asks_for(backend: Backend) -> None:
    campaign = make.make_campaign(
        backend.game, rewards=[backend.reward], platform_ids={"kick": "01JAXK8N4QWRTY5PM7ZEBVJDS8S"}
    )
    there = {"platform_campaign_id": "01JAXK8N4QWRTY5PM7ZEBVJDS8S", "platform_user_id": "1234", "campaign": campaign}
    there["campaign_reward"] = CampaignReward.objects.get(campaign=campaign)
    backend.claim(platform_claim_id="01K0TDDR08Q5ZNWXK92VRXD7GW", **there)
    backend.claim(platform_claim_id="01K0TDDR08Q5ZNWXK92SDH7SDH", **there)
    backend.claim(platform_user_id="1234")
    data = data_of(
        backend.get(
            "campaign_id=01JAXK8N4QWRTY5PM7ZEBVJDS8S&limit=10&cursor=01K0TDDR08Q5ZNWXK92VRXD7GW&user_id=1234",
        )
    )
    assert [item["claim_id"] for item in data["claims"]] == ["01K0TDDR08Q5ZNWXK92SDH7SDH"]
    assert data["cursor"] == "01K0TDDR08Q5ZNWXK92SDH7SDH"


# What a claim looks like (A5).


def test_a5_a_claim_of_kick_keeps_kick_s_ids_in_every_field(backend: Backend) -> None:
    backend.claim(
        platform_claim_id="01JAXK8N4QWRTY5PM7ZEBVGH2S",
        platform_user_id="18446744073709551615",
        external_id="sword",
        granted_at=datetime(2026, 11, 20, 11, 59, 58, 250_000, tzinfo=UTC),
    )
    assert backend.listed() == [
        {
            "claim_id": "01JAXK8N4QWRTY5PM7ZEBVGH2S",
            "user_id": 18446744073709551615,
            "campaign_id": backend.there["kick"],
            "reward_id": backend.there["kick"],
            "external_id": "sword",
            "external_status": "initiated",
            "created_at": "2026-11-20T11:59:58.250000Z",
            "updated_at": written(NOW),
        }
    ]


def test_a5_what_a_claim_came_without_is_called_as_the_portal_knows_it(backend: Backend) -> None:
    backend.claim(platform_campaign_id="", platform_reward_id="", external_id="", granted_at=None)
    (item,) = backend.listed()
    assert (item["campaign_id"], item["reward_id"]) == (backend.there["kick"], backend.there["kick"])
    assert item["external_id"] == backend.reward.external_id
    assert item["created_at"] == written(NOW)


def test_a5_what_nobody_knows_is_an_empty_text(backend: Backend) -> None:
    nothing = dict.fromkeys(("campaign", "reward", "campaign_reward", "player_slot"))
    backend.claim(state=State.CONFIRMED, platform_campaign_id="", platform_reward_id="", **nothing)
    (item,) = backend.listed()
    assert (item["campaign_id"], item["reward_id"], item["external_id"]) == ("", "", "")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("0", 0),
        ("1234", 1234),
        ("18446744073709551615", 2**64 - 1),
        ("18446744073709551616", "18446744073709551616"),
        ("99999999999999999999", "99999999999999999999"),
        ("1" * 200, "1" * 200),
        ("007", "007"),
        ("00", "00"),
        ("abc", "abc"),
        ("-5", "-5"),
        ("1 2", "1 2"),
        ("٣", "٣"),
        ("²", "²"),
        ("", ""),
    ],
)
def test_a_user_id_is_a_number_where_kick_could_have_it_and_else_the_text(text: str, shown: int | str) -> None:
    assert user_number(text) == shown
    assert type(user_number(text)) is type(shown)


@pytest.mark.parametrize(
    "user_id", ["1234", str(2**64 - 1), str(2**64), "abc", "007", "erased:0a1b", "a b", "‘quoted’", "%", "x" * 200]
)
def test_user_id_finds_exactly_what_was_stored(backend: Backend, user_id: str) -> None:
    backend.claim(platform_user_id="7")
    claim = backend.claim(platform_user_id=user_id)
    (item,) = backend.listed(user_id=user_id)
    assert (item["claim_id"], str(item["user_id"])) == (claim.platform_claim_id, user_id)


def test_a5_for_clients_that_ask_every_claim_tells_platform_and_player(wide: Backend) -> None:
    own = wide.claim(external_id="sword")
    twitch = wide.claim(platform="twitch", platform_campaign_id="", external_id="shield", state=State.DELIVERED)
    portal = wide.granted(player=make.make_player(wide.game, player_id="123456"))
    staffs = wide.claim(source=Claim.Source.STAFF)
    items = wide.listed()
    assert [item["claim_id"] for item in items] == [own.platform_claim_id, twitch.pk, portal.pk, staffs.pk]
    assert [item["platform"] for item in items] == ["kick", "twitch", "portal", "portal"]
    assert [item["player_id"] for item in items] == [
        claim.player.player_id for claim in (own, twitch, portal, staffs) if claim.player
    ]
    assert set(items[0]) == {*FIELDS, "platform", "player_id"}
    assert (items[0]["user_id"], items[0]["campaign_id"]) == (int(own.platform_user_id), wide.there["kick"])
    assert items[1] == {
        "claim_id": twitch.pk,
        "user_id": twitch.player.player_id,  # type: ignore[union-attr]
        "campaign_id": wide.campaign.pk,
        "reward_id": wide.reward.pk,
        "external_id": wide.reward.external_id,
        "external_status": "processed",
        "created_at": written(NOW),
        "updated_at": written(NOW),
        "platform": "twitch",
        "player_id": twitch.player.player_id,  # type: ignore[union-attr]
    }
    assert (items[2]["user_id"], items[2]["player_id"]) == (123456, "123456")


def test_a5_a_claim_of_another_platform_without_player_has_null_for_it(wide: Backend) -> None:
    claim = make.make_claim(wide.organization, "twitch", state=State.CONFIRMED)
    (item,) = wide.listed()
    assert (item["claim_id"], item["user_id"], item["player_id"]) == (claim.pk, None, None)
    assert (item["campaign_id"], item["reward_id"], item["external_id"]) == ("", "", "")


# Filters.


def test_filters_narrow_together(wide: Backend) -> None:
    other = make.make_campaign(wide.game, rewards=[wide.reward], platform_ids={"kick": "kick-winter"})
    in_other = {"campaign": other, "campaign_reward": CampaignReward.objects.get(campaign=other)}
    ada = make.make_player(wide.game, player_id="ada")
    first = wide.claim(platform_user_id="1", state=State.DELIVERED)
    second = wide.claim(platform_user_id="1", platform_campaign_id="kick-winter", **in_other)
    third = wide.claim(platform="twitch", player=ada)
    fourth = wide.granted(player=ada, player_slot=1, **in_other)
    ids = [first.platform_claim_id, second.platform_claim_id, third.pk, fourth.pk]
    for parameters, wanted in [
        ({"user_id": "1"}, [0, 1]),
        ({"user_id": "ada"}, [2, 3]),
        ({"campaign_id": wide.there["kick"]}, [0, 2]),
        ({"campaign_id": wide.campaign.pk}, [0, 2]),
        ({"campaign_id": other.pk, "user_id": "ada"}, [3]),
        ({"campaign_id": "kick-winter", "user_id": "1"}, [1]),
        ({"campaign_id": "kick-winter", "external_status": "processed"}, []),
        ({"external_status": "processed"}, [0]),
        ({"external_status": "initiated"}, [1, 2, 3]),
        ({"external_status": "initiated", "user_id": "1"}, [1]),
        ({"claim_id": ids[0]}, [0]),
        ({"claim_id": ids[2]}, [2]),
        ({"claim_id": ids[2], "user_id": "ada"}, [2]),
        ({"claim_id": ids[2], "user_id": "1"}, []),
        ({"claim_id": ids[0], "user_id": "ada"}, []),
        ({"claim_id": ids[0], "external_status": "initiated"}, []),
        ({"claim_id": ids[1], "campaign_id": wide.there["kick"]}, []),
        ({"claim_id": ids[1], "cursor": ids[0]}, [1]),
        ({"claim_id": ids[1], "cursor": ids[1]}, []),
        ({"user_id": "ada", "cursor": ids[2]}, [3]),
        ({"campaign_id": "kick-winter", "cursor": ids[2]}, [3]),
        # A claim's id here is Kick's where Kick has one, and ours for no other reason.
        ({"claim_id": first.pk}, []),
        ({"claim_id": third.platform_claim_id}, []),
        # The users of other platforms go by their players' ids.
        ({"user_id": third.platform_user_id}, []),
        ({"campaign_id": wide.there["twitch"]}, []),
    ]:
        assert wide.ids(**parameters) == [ids[n] for n in wanted], parameters


def test_parameters_that_kick_does_not_have_are_ignored(backend: Backend) -> None:
    claim = backend.claim()
    assert backend.ids(game_id="x", first="y", page="2") == [claim.platform_claim_id]


# The status in the partner's own words.


@pytest.mark.parametrize("state", sorted(LISTED))
@pytest.mark.parametrize("text", ["", "acknowledged", "granted"])
@pytest.mark.parametrize("completing", [[], ["granted", "sent"], ["processed", "initiated"]])
def test_external_status_filters_by_what_is_shown(state: State, text: str, completing: list[str]) -> None:
    backend = Backend(completing_texts=completing)
    claim = backend.claim(state=state, partner_status=text)
    (item,) = backend.listed()
    shown = item["external_status"]
    assert shown == status_shown(state, text, set(completing) - {"initiated", "processed"})
    for status in ("initiated", "processed", "acknowledged", "granted", "sent", "unheard of"):
        found = backend.ids(external_status=status)
        assert found == ([claim.platform_claim_id] if status == shown else []), status


@pytest.mark.parametrize(
    ("state", "text", "completing", "shown"),
    [
        (State.READY, "", [], "initiated"),
        (State.READY, "acknowledged", [], "acknowledged"),
        (State.DELIVERING, "acknowledged", ["granted"], "acknowledged"),
        # Completed once and sent again since: to be fulfilled, whatever was said before.
        (State.READY, "granted", ["granted"], "initiated"),
        (State.DELIVERED, "", ["granted"], "processed"),
        (State.DELIVERED, "granted", ["granted"], "granted"),
        (State.CONFIRMED, "granted", ["granted"], "granted"),
        # Another client's word for it is not this one's.
        (State.DELIVERED, "granted", [], "processed"),
        (State.DELIVERED, "acknowledged", ["granted"], "processed"),
    ],
)
def test_a5_the_status_shown(state: State, text: str, completing: list[str], shown: str) -> None:
    assert status_shown(state, text, completing) == shown


# Setting it.


def test_d3_processed_completes_a_claim_and_the_history_says_who(backend: Backend) -> None:
    claim = backend.claim()
    with time_machine.travel(NOW + timedelta(minutes=3), tick=False):
        response = backend.set((claim.platform_claim_id, "processed"))
    assert (response.status_code, response.content) == (204, b"")
    assert "Content-Type" not in response
    claim.refresh_from_db()
    assert (claim.state, claim.delivered_at) == (State.DELIVERED, NOW + timedelta(minutes=3))
    event = ClaimEvent.objects.get(claim=claim)
    assert (event.from_state, event.to_state) == ("ready", "delivered")
    assert event.actor_label == f"API client {backend.client}"
    (item,) = backend.listed()
    assert (item["external_status"], item["updated_at"]) == ("processed", written(NOW + timedelta(minutes=3)))


def test_a5_a_text_that_the_client_maps_completes_a_claim_and_is_shown() -> None:
    backend = Backend(completing_texts=["granted"])
    claim = backend.claim()
    assert backend.set((claim.platform_claim_id, "granted")).status_code == 204
    assert backend.listed()[0]["external_status"] == "granted"
    claim.refresh_from_db()
    assert claim.state == State.DELIVERED


def test_a5_other_texts_are_kept_and_shown_and_initiated_drops_them(backend: Backend) -> None:
    claim = backend.claim()
    text = "In der Post – 送信中 ✓" + "x" * 80
    assert len(text) <= 100
    assert backend.set((claim.platform_claim_id, text)).status_code == 204
    assert backend.listed()[0]["external_status"] == text
    assert backend.ids(external_status=text) == [claim.platform_claim_id]
    assert backend.set((claim.platform_claim_id, "initiated")).status_code == 204
    assert backend.listed()[0]["external_status"] == "initiated"
    claim.refresh_from_db()
    assert claim.state == State.READY


def test_a5_a_claim_that_is_done_stays_done_whatever_is_said(backend: Backend) -> None:
    claim = backend.claim(state=State.DELIVERED)
    for status in ("initiated", "lost", "processed"):
        assert backend.set((claim.platform_claim_id, status)).status_code == 204
        assert backend.listed()[0]["external_status"] == "processed"


def test_of_a_claim_that_is_named_twice_the_last_counts(backend: Backend) -> None:
    claim = backend.claim()
    assert backend.set((claim.platform_claim_id, "processed"), (claim.platform_claim_id, "later")).status_code == 204
    assert backend.listed()[0]["external_status"] == "later"


def test_a2_what_does_not_exist_is_named_and_the_rest_is_done(backend: Backend) -> None:
    claim, hidden = backend.claim(), backend.claim(state=State.HELD)
    foreign = Backend().claim()
    response = backend.set(
        (claim.platform_claim_id, "processed"),
        ("nobody-s", "processed"),
        (foreign.platform_claim_id, "processed"),
        (hidden.platform_claim_id, "processed"),
    )
    status, message = refusal_of(response)
    assert status == 404
    assert message == (
        f"Not updated: nobody-s, {foreign.platform_claim_id} (no such claim); "
        f"{hidden.platform_claim_id} (not possible in its state). All others were."
    )
    claim.refresh_from_db()
    foreign.refresh_from_db()
    assert (claim.state, foreign.state) == (State.DELIVERED, State.READY)


@pytest.mark.parametrize("state", sorted(SLEEPING | {State.DELIVERING}))
def test_what_the_state_forbids_is_a_conflict(backend: Backend, state: State) -> None:
    claim = backend.claim(state=state)
    status, message = refusal_of(backend.set((claim.platform_claim_id, "processed")))
    assert (status, claim.platform_claim_id in message, "in its state" in message) == (409, True, True)


def test_d3_for_a_game_that_is_pushed_to_it_is_read_only(backend: Backend) -> None:
    claim = backend.claim()
    Endpoint.objects.update(mode=Endpoint.Mode.PUSH, url="https://game.example.org/deliveries")
    status, message = refusal_of(backend.set((claim.platform_claim_id, "processed")))
    assert (status, "push" in message) == (409, True)
    assert backend.ids() == [claim.platform_claim_id]
    # A word of one's own changes no delivery.
    assert backend.set((claim.platform_claim_id, "seen")).status_code == 204


def test_a_hundred_claims_are_set_in_one_call(backend: Backend) -> None:
    claims = [backend.claim() for _ in range(100)]
    assert backend.set(*[(claim.platform_claim_id, "processed") for claim in claims]).status_code == 204
    assert Claim.objects.filter(state=State.DELIVERED).count() == 100


ITEM = {"claim_id": "claim-1", "external_status": "processed"}


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"\xff\xfe",
        b"NaN",
        b'{"claims": [{"claim_id": "\\ud800", "external_status": "processed"}]}',
        b"null",
        [],
        "claims",
        {},
        {"claims": None},
        {"claims": {}},
        {"claims": []},
        {"claims": [ITEM] * 101},
        {"claims": ["claim-1"]},
        {"claims": [None]},
        {"claims": [[]]},
        {"claims": [{}]},
        {"claims": [{"claim_id": "claim-1"}]},
        {"claims": [{"external_status": "processed"}]},
        {"claims": [{**ITEM, "user_id": 1}]},
        {"claims": [ITEM, {**ITEM, "claim_id": 5}]},
        {"claims": [{**ITEM, "claim_id": None}]},
        {"claims": [{**ITEM, "claim_id": ""}]},
        {"claims": [{**ITEM, "claim_id": "  "}]},
        {"claims": [{**ITEM, "claim_id": "a\u0000b"}]},
        {"claims": [{**ITEM, "claim_id": "x" * 201}]},
        {"claims": [{**ITEM, "external_status": 1}]},
        {"claims": [{**ITEM, "external_status": None}]},
        {"claims": [{**ITEM, "external_status": ""}]},
        {"claims": [{**ITEM, "external_status": " "}]},
        {"claims": [{**ITEM, "external_status": "a\u0000b"}]},
        {"claims": [{**ITEM, "external_status": "a\nb"}]},
        {"claims": [{**ITEM, "external_status": "x" * 101}]},
    ],
)
def test_a4_a_body_that_is_none_is_refused_and_changes_nothing(backend: Backend, body: Any) -> None:
    claim = backend.claim(platform_claim_id="claim-1")
    status, message = refusal_of(backend.patch(body))
    assert status == 400
    assert message.endswith(".")
    claim.refresh_from_db()
    assert claim.state == State.READY


def test_a_body_of_more_than_a_megabyte_is_refused(backend: Backend) -> None:
    assert refusal_of(backend.patch(b"[" * (1024 * 1024 + 1)))[0] == 413


# Parameters that are none.


@pytest.mark.parametrize("limit", ["0", "1001", "-1", "", " ", "10.0", "1e2", "ten", "+5", "５", "9" * 5000, "1\0"])
def test_a_limit_out_of_range_is_refused(backend: Backend, limit: str) -> None:
    assert refusal_of(backend.get(limit=limit)) == (400, "limit must be a whole number from 1 to 1000.")


@pytest.mark.parametrize("limit", ["1", "10", "1000", "0005"])
def test_a_limit_in_range_is_taken(backend: Backend, limit: str) -> None:
    claims = [backend.claim() for _ in range(12)]
    assert backend.ids(limit=limit) == [claim.platform_claim_id for claim in claims][: int(limit)]


def test_without_a_limit_there_are_ten(backend: Backend) -> None:
    for _ in range(12):
        backend.claim()
    assert len(backend.ids()) == 10


@pytest.mark.parametrize("name", ["cursor", "campaign_id", "claim_id", "user_id", "external_status"])
@pytest.mark.parametrize("value", [" ", "a\0b", "\0", "a\nb", "x" * 201])
def test_a4_what_cannot_be_an_id_or_a_status_is_refused(backend: Backend, name: str, value: str) -> None:
    status, message = refusal_of(backend.get(**{name: value}))
    assert (status, message.startswith(f"{name} must ")) == (400, True)


@pytest.mark.parametrize("name", ["campaign_id", "claim_id", "user_id", "external_status"])
def test_an_empty_filter_is_refused_instead_of_listing_everybody(backend: Backend, name: str) -> None:
    assert refusal_of(backend.get(**{name: ""}))[0] == 400


@pytest.mark.parametrize("name", ["limit", "cursor", "campaign_id", "claim_id", "user_id", "external_status"])
def test_a_parameter_that_is_there_twice_is_refused(backend: Backend, name: str) -> None:
    assert refusal_of(backend.get(**{name: ["1", "1"]})) == (400, f"{name} may be given once. It is there 2 times.")


@pytest.mark.parametrize("name", ["cursor", "campaign_id", "claim_id", "user_id", "external_status"])
@pytest.mark.parametrize("value", ["unknown", "' OR 1=1 --", "%", "ﬁ", "🎁", "0", "x" * 100, "a%00b"])
def test_what_nobody_has_is_no_error(backend: Backend, name: str, value: str) -> None:
    claim = backend.claim()
    assert backend.ids(**{name: value}) == ([claim.platform_claim_id] if name == "cursor" else [])


def test_bytes_that_are_no_text_are_no_error_of_ours(backend: Backend) -> None:
    for name in ("cursor", "campaign_id", "claim_id", "user_id", "external_status", "limit"):
        assert backend.get(f"{name}=%ff%fe").status_code in (200, 400)


# Pages (A3).


def test_a3_the_cursor_is_the_last_claim_of_the_page_and_an_empty_page_returns_what_was_passed(
    backend: Backend,
) -> None:
    claims = [backend.claim() for _ in range(3)]
    first = data_of(backend.get(limit=2))
    assert first["cursor"] == claims[1].platform_claim_id
    second = data_of(backend.get(limit=2, cursor=first["cursor"]))
    assert [item["claim_id"] for item in second["claims"]] == [claims[2].platform_claim_id]
    assert second["cursor"] == claims[2].platform_claim_id
    assert data_of(backend.get(limit=2, cursor=second["cursor"])) == {"claims": [], "cursor": second["cursor"]}
    later = backend.claim()
    assert backend.ids(cursor=second["cursor"]) == [later.platform_claim_id]


def test_a3_an_empty_page_without_a_cursor_has_an_empty_one_that_is_taken(backend: Backend) -> None:
    assert data_of(backend.get()) == {"claims": [], "cursor": ""}
    claim = backend.claim()
    assert backend.ids(cursor="") == [claim.platform_claim_id]


def test_a3_a_campaign_that_does_not_exist_returns_the_cursor_too(backend: Backend) -> None:
    assert data_of(backend.get(campaign_id="unknown", cursor="abc")) == {"claims": [], "cursor": "abc"}


def test_a3_any_claim_s_id_is_a_cursor_also_while_it_is_out_of_sight(backend: Backend) -> None:
    claims = [backend.claim() for _ in range(3)]
    Claim.objects.filter(pk=claims[1].pk).update(state=State.HELD, player_slot=None)
    assert backend.ids(cursor=claims[1].platform_claim_id) == [claims[2].platform_claim_id]
    assert backend.ids(cursor=claims[0].platform_claim_id) == [claims[2].platform_claim_id]


def test_a3_of_a_cursor_that_stands_nowhere_nothing_is_skipped(backend: Backend) -> None:
    claim, sleeping = backend.claim(), backend.claim(state=State.WAITING)
    foreign = [Backend().claim() for _ in range(3)][-1]
    for cursor in (sleeping.platform_claim_id, foreign.platform_claim_id, "01K0TDDR08Q5ZNWXK92VRXD7GW", claim.pk):
        assert backend.ids(cursor=cursor) == [claim.platform_claim_id]


def test_a3_foreign_claims_are_cursors_for_those_who_see_them(wide: Backend) -> None:
    first, second = wide.claim(platform="twitch"), wide.claim()
    assert wide.ids(cursor=first.pk) == [second.platform_claim_id]
    assert wide.ids(cursor=first.platform_claim_id) == [first.pk, second.platform_claim_id]
    narrow = make.make_api_client(wide.organization)
    data = data_of(wide.get(token=make.make_api_token(narrow), cursor=first.pk))
    assert len(data["claims"]) == 1


@settings(max_examples=25)
@given(
    shown=st.lists(st.tuples(st.sampled_from(["kick", "twitch", "portal"]), st.sampled_from(list(State))), max_size=12),
    limits=st.lists(st.integers(1, 6), min_size=1, max_size=5),
    start=st.integers(-1, 12),
    others=st.booleans(),
)
def test_a3_pages_of_any_size_from_any_cursor_return_each_claim_once_and_in_order(
    shown: list[tuple[str, State]], limits: list[int], start: int, others: bool
) -> None:
    backend = Backend(other_platforms=others)
    claims = [
        backend.granted(state=state) if platform == "portal" else backend.claim(state, platform)
        for platform, state in shown
    ]
    names = [
        claim.platform_claim_id if platform == "kick" else claim.pk
        for claim, (platform, _) in zip(claims, shown, strict=True)
    ]
    visible = [
        name
        for name, claim in zip(names, claims, strict=True)
        if claim.state in LISTED and (others or name != claim.pk)
    ]
    behind = names[start] if 0 <= start < len(names) else ""
    wanted = visible[visible.index(behind) + 1 :] if behind in visible else visible
    found: list[str] = []
    cursor = behind
    for page in range(len(claims) + 2):
        data = data_of(backend.get(limit=limits[page % len(limits)], cursor=cursor))
        if not data["claims"]:
            assert data["cursor"] == cursor
            break
        found += [item["claim_id"] for item in data["claims"]]
        assert data["cursor"] == found[-1]
        cursor = data["cursor"]
    else:
        pytest.fail("the pages do not end")
    assert found == wanted


def test_a_page_takes_four_statements_the_token_and_the_points_included(wide: Backend) -> None:
    for platform in ("kick", "twitch"):
        wide.claim(platform=platform, platform_campaign_id="", platform_reward_id="")
    with CaptureQueriesContext(connection) as counted:
        assert len(wide.listed(limit=1000)) == 2
    assert len(counted) == 4


def test_a3_a_claim_that_came_back_is_a_cursor_where_it_stands_now(backend: Backend) -> None:
    first, second = backend.claim(), backend.claim()
    hide(first)
    show(first)
    third = backend.claim()
    assert backend.ids() == [claim.platform_claim_id for claim in (second, first, third)]
    assert backend.ids(cursor=first.platform_claim_id) == [third.platform_claim_id]


# Two shapes over one ledger.


@pytest.mark.parametrize("platform", ["kick", "twitch"])
def test_a5_what_is_fulfilled_in_one_shape_is_processed_in_the_other(wide: Backend, platform: str) -> None:
    claim = wide.claim(platform=platform)
    at_kick, at_twitch = (claim.platform_claim_id if platform == shape else claim.pk for shape in ("kick", "twitch"))
    helix = "/helix/entitlements/drops"
    headers = make.api_headers(wide.client, wide.token)

    def statuses() -> list[str]:
        (entitlement,) = json.loads(wide.http.get(helix, {"id": at_twitch}, headers=headers).content)["data"]
        (item,) = wide.listed(claim_id=at_kick)
        return [entitlement["fulfillment_status"], item["external_status"]]

    assert wide.set((at_kick, "on its way")).status_code == 204
    assert statuses() == ["CLAIMED", "on its way"]
    body = {"entitlement_ids": [at_twitch], "fulfillment_status": "FULFILLED"}
    assert wide.http.patch(helix, body, content_type="application/json", headers=headers).status_code == 200
    assert statuses() == ["FULFILLED", "processed"]
    again = wide.claim(platform=platform)
    at_kick, at_twitch = (again.platform_claim_id if platform == shape else again.pk for shape in ("kick", "twitch"))
    assert wide.set((at_kick, "processed")).status_code == 204
    assert statuses() == ["FULFILLED", "processed"]


# Who may (A1, A2).


def test_a1_a_player_s_token_lists_and_sets_that_player_s_claims_alone(wide: Backend) -> None:
    user = make.make_user()
    viewer = make.make_viewer(wide.organization, user=user)
    player = make.make_player(wide.game, user=user)
    as_viewer = wide.claim(viewer=viewer, viewer_slot=1)
    as_player = wide.claim(platform="twitch", player=player)
    other = wide.claim()
    token = make.make_api_token(wide.client, user=user)
    mine = data_of(wide.get(token=token))["claims"]
    assert [item["claim_id"] for item in mine] == [as_viewer.platform_claim_id, as_player.pk]
    for parameters in ({"claim_id": other.platform_claim_id}, {"user_id": other.platform_user_id}):
        assert data_of(wide.get(token=token, **parameters))["claims"] == []
    # Nor does a cursor tell whether another's claim exists.
    assert len(data_of(wide.get(token=token, cursor=other.platform_claim_id))["claims"]) == 2
    assert wide.set((other.platform_claim_id, "processed"), token=token).status_code == 404
    assert wide.set((as_player.pk, "processed"), token=token).status_code == 204


@pytest.mark.parametrize("method", ["get", "patch"])
def test_without_a_good_token_it_is_401_as_documented(backend: Backend, method: str) -> None:
    response = getattr(backend.http, method)(CLAIMS)
    assert response.status_code == 401
    assert json.loads(response.content) == UNAUTHORIZED
    assert response["WWW-Authenticate"] == "Bearer"


def test_what_ends_a_token_ends_it_here(backend: Backend) -> None:
    ended = make.make_api_token(backend.client, expires_at=NOW)
    assert refusal_of(backend.get(token=ended)) == (401, "Unauthorized")
    Organization.objects.update(enabled=False)
    assert refusal_of(backend.get()) == (401, "Unauthorized")
    Organization.objects.update(enabled=True)
    assert backend.get().status_code == 200
    ApiClient.objects.update(revoked_at=NOW)
    assert refusal_of(backend.get()) == (401, "Unauthorized")


def test_a_scope_that_is_missing_is_named() -> None:
    backend = Backend(scopes=())
    assert refusal_of(backend.get()) == (403, "Forbidden: this needs the scope claims:read.")
    assert refusal_of(backend.set(("claim", "processed"))) == (403, "Forbidden: this needs the scope claims:write.")


# How often, and everything else.


@pytest.mark.parametrize("points", [1, 3])
def test_s4_a_call_too_many_is_429_with_retry_after_and_no_other_header(points: int) -> None:
    backend = Backend(points_per_minute=points)
    with time_machine.travel(NOW.replace(second=48), tick=False):
        for _ in range(points):
            allowed = backend.get()
            assert allowed.status_code == 200
            assert not [name for name in allowed.headers if "limit" in name.lower()]
        refused = backend.get()
    assert refusal_of(refused) == (429, "Too Many Requests")
    assert refused["Retry-After"] == "12"
    with time_machine.travel(NOW + timedelta(minutes=1), tick=False):
        assert backend.get().status_code == 200


def test_answers_are_json_whatever_is_asked_for_and_kept_by_nobody(backend: Backend) -> None:
    headers = {"Authorization": f"Bearer {backend.token}", "Accept": "text/html"}
    response = backend.http.get(CLAIMS, headers=headers)
    assert response["Content-Type"] == "application/json; charset=utf-8"
    assert response["Cache-Control"] == "no-store"


# Kick's public key (A1).


def credential(organization: Organization, **fields: Any) -> PlatformCredential:
    return make.make_credential(organization, "kick", **{"public_key_fetched_at": NOW, **fields})


def key_of(backend: Backend, **headers: str) -> str:
    return str(data_of(backend.http.get(KEY, headers=headers))["public_key"])


def test_a1_the_documented_key_is_told_to_everybody_before_another_is_known(backend: Backend) -> None:
    assert key_of(backend) == DOCUMENTED_PUBLIC_KEY
    assert load_public_key(DOCUMENTED_PUBLIC_KEY).key_size == 2048
    assert key_of(backend, Authorization="Bearer nonsense") == DOCUMENTED_PUBLIC_KEY


def test_a1_the_newest_key_from_kick_s_own_address_is_told_to_everybody(backend: Backend) -> None:
    older, newer, sandbox = KickSigner().public_pem, KickSigner().public_pem, KickSigner().public_pem
    credential(backend.organization, public_key=older, public_key_fetched_at=NOW - timedelta(hours=1))
    credential(make.make_organization(), public_key=newer, api_url="https://api.kick.com/")
    credential(make.make_organization(), public_key=KickSigner().public_pem, enabled=False)
    credential(make.make_organization(enabled=False), public_key=KickSigner().public_pem)
    credential(
        make.make_organization(),
        public_key=sandbox,
        api_url="http://127.0.0.1:9",
        public_key_fetched_at=NOW + timedelta(hours=1),
    )
    assert key_of(backend) == newer
    assert key_of(backend, Authorization=f"Bearer {backend.token}") == older


def test_a2_the_key_of_a_sandbox_is_told_to_its_own_organization_alone(backend: Backend) -> None:
    sandbox = KickSigner().public_pem
    credential(backend.organization, public_key=sandbox, api_url="http://127.0.0.1:9")
    assert key_of(backend, Authorization=f"Bearer {backend.token}") == sandbox
    assert key_of(backend) == DOCUMENTED_PUBLIC_KEY
    stranger = make.make_api_token(make.make_api_client(make.make_organization()))
    assert key_of(backend, Authorization=f"Bearer {stranger}") == DOCUMENTED_PUBLIC_KEY
    Organization.objects.update(enabled=False)
    assert key_of(backend, Authorization=f"Bearer {backend.token}") == DOCUMENTED_PUBLIC_KEY
