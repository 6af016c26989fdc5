"""What claims are asked for in Kick's shape: the guide's examples, filters, limits, and values that are none (A1, A4)."""

from __future__ import annotations

import pytest

from campaigns.models import CampaignReward
from fulfillment.rules.states import State
from tests import factories as make
from tests.fulfillment.api.kick.backend import Backend, data_of, refusal_of

pytestmark = pytest.mark.django_db


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


@pytest.mark.parametrize(
    "user_id", ["1234", str(2**64 - 1), str(2**64), "abc", "007", "erased:0a1b", "a b", "‘quoted’", "%", "x" * 200]
)
def test_user_id_finds_exactly_what_was_stored(backend: Backend, user_id: str) -> None:
    backend.claim(platform_user_id="7")
    claim = backend.claim(platform_user_id=user_id)
    (item,) = backend.listed(user_id=user_id)
    assert (item["claim_id"], str(item["user_id"])) == (claim.platform_claim_id, user_id)


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
