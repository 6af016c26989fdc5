"""F5: the button pressed eight times at the same moment is one claim."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest
from django.db import connection

from fulfillment.models import Claim
from tests.fulfillment.claimants import World


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_f5_eight_presses_at_once_are_one_claim() -> None:
    world = World()
    world.earn(world.bronze)
    claims = at_once([world.claim] * 8)
    assert len(claims) == 8
    assert len({claim.pk for claim in claims}) == 1
    assert Claim.objects.count() == 1


def at_once(deeds: list[Callable[[], Claim]]) -> list[Claim]:
    start, found = threading.Barrier(len(deeds)), []

    def work(deed: Callable[[], Claim]) -> None:
        try:
            start.wait(20)
            found.append(deed())
        finally:
            connection.close()

    threads = [threading.Thread(target=work, args=(deed,)) for deed in deeds]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    return found
