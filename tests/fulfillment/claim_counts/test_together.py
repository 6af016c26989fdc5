"""Those who change counts and those who sum them up wait for nobody and lose nothing."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from django.db import connection, transaction

from fulfillment.claim_counts import Changes, claims_by_quarter, counts_of, fold_changes
from fulfillment.resolve import resolve_due
from tests.fulfillment.claim_counts.recounting import by_day
from tests.fulfillment.test_resolve import World
from tests.fulfillment.test_resolve_any_order import FAR


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_movers_and_folders_at_once_wait_for_nobody_and_lose_nothing() -> None:
    world = World()
    world.claim()
    resolve_due(now=FAR)
    place = world.campaign.rewards.get().pk
    failures: list[BaseException] = []

    def work(deed: Any) -> None:
        try:
            for _ in range(30):
                deed()
        except BaseException as error:
            failures.append(error)
        finally:
            connection.close()

    def add() -> None:
        with transaction.atomic():
            for sign in (1, 1, -1):
                changes = Changes()
                changes.in_state(world.campaign.pk, place, "held", sign)
                changes.granted(world.campaign.pk, place, 7, sign)
                changes.write()

    threads = [threading.Thread(target=work, args=(deed,)) for deed in (add, add, add, fold_changes, fold_changes)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert failures == []
    while fold_changes():
        pass
    assert counts_of(world.campaign.pk)[place, "held"] == 90
    assert claims_by_quarter(world.campaign.pk)[7] == 90
    assert by_day(world.campaign)[0, place] == {"granted": 90}


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_a_fold_does_not_wait_for_a_change_that_another_has_not_committed() -> None:
    world = World()
    started, done = threading.Event(), threading.Event()

    def hold_open() -> None:
        with transaction.atomic():
            changes = Changes()
            changes.in_state(world.campaign.pk, "", "held", 1)
            changes.write()
            started.set()
            done.wait(10)
        connection.close()

    other = threading.Thread(target=hold_open)
    other.start()
    assert started.wait(10)
    changes = Changes()
    changes.in_state(world.campaign.pk, "", "ready", 1)
    changes.write()
    assert fold_changes() == 1
    assert counts_of(world.campaign.pk) == {("", "ready"): 1}
    done.set()
    other.join(10)
    assert counts_of(world.campaign.pk) == {("", "ready"): 1, ("", "held"): 1}
