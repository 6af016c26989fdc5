"""What a claim says in Kick's shape, of Kick and of other platforms (A5)."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from fulfillment.api.kick.shape import user_number
from fulfillment.models import Claim
from fulfillment.rules.states import State
from tests import factories as make
from tests.factories import NOW
from tests.fulfillment.api.kick.backend import Backend, written

pytestmark = pytest.mark.django_db

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
