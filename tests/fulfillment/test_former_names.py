"""Names that people had before: kept by whatever changes a name, once each, from and until when."""

from __future__ import annotations

from datetime import timedelta

import pytest

from campaigns.models import Viewer
from fulfillment.arrivals import Arrival, record_claims
from fulfillment.models import FormerName
from fulfillment.resolve import resolve_due
from linking.models import GameSignIn
from linking.players import prove_oidc_player
from portal.platforms.messages import ClaimReceived
from tests.factories import NOW, make_game, make_organization, make_viewer

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


def _arrive(viewer: Viewer, claim: str, name: str, *, hours: int) -> None:
    received = ClaimReceived(
        platform_claim_id=claim,
        platform_user_id=viewer.platform_user_id,
        platform_user_name=name,
        platform_campaign_id="c1",
        platform_reward_id="r1",
        granted_at=NOW,
    )
    now = NOW + hours * HOUR
    record_claims(
        organization_id=viewer.organization_id,
        platform=viewer.platform,
        arrivals=[Arrival(received, "{}")],
        source="webhook",
        now=now,
    )
    while resolve_due(now=now):
        pass


def test_a_claim_with_another_name_keeps_the_one_before_and_from_when_to_when() -> None:
    viewer = make_viewer(make_organization(), name="Old", login="old_login")
    Viewer.objects.filter(pk=viewer.pk).update(created_at=NOW)
    for number, name in enumerate(("Old", "New", "", "Newest"), start=1):
        _arrive(viewer, f"claim-{number}", name, hours=number)
    viewer.refresh_from_db()
    assert viewer.name == "Newest"
    kept = FormerName.objects.order_by("seen_until").values_list("viewer", "name", "seen_from", "seen_until")
    assert list(kept) == [
        (viewer.pk, "Old", NOW, NOW + 2 * HOUR),
        (viewer.pk, "New", NOW + 2 * HOUR, NOW + 4 * HOUR),
    ]


def test_a_name_taken_up_again_and_left_again_is_kept_once_with_its_last_end() -> None:
    viewer = make_viewer(make_organization(), name="A")
    for number, name in enumerate(("B", "A", "B"), start=1):
        _arrive(viewer, f"claim-{number}", name, hours=number)
    kept = dict(FormerName.objects.values_list("name", "seen_until"))
    assert kept == {"A": NOW + 3 * HOUR, "B": NOW + 2 * HOUR}


def test_a_player_whose_sign_in_tells_another_name_is_found_by_the_one_before() -> None:
    game = make_game()
    sign_in = GameSignIn.objects.create(game=game, method="oidc", issuer="https://id.example.org", client_id="c")
    for hours, name in enumerate(("Nova", "Nova", "Comet", "")):
        claims = {"sub": "hero-1", "preferred_username": name}
        player = prove_oidc_player(sign_in=sign_in, claims=claims, now=NOW + hours * HOUR)
    assert player.name == "Comet"
    assert list(FormerName.objects.values_list("player", "organization", "name", "seen_until")) == [
        (player.pk, game.organization_id, "Nova", NOW + 2 * HOUR)
    ]
