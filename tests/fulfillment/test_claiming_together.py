"""F5: the button pressed eight times at the same moment is one claim."""

from __future__ import annotations

import pytest

from fulfillment.models import Claim
from tests.fulfillment.claimants import World
from tests.together import at_once


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_f5_eight_presses_at_once_are_one_claim() -> None:
    world = World()
    world.earn(world.bronze)
    claims: list[Claim] = []
    assert at_once(*[lambda: claims.append(world.claim())] * 8) == []
    assert len(claims) == 8
    assert len({claim.pk for claim in claims}) == 1
    assert Claim.objects.count() == 1
