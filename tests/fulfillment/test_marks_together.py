"""Marking claims while others hold some of them: nobody may wait for somebody who waits for him (C3, D3)."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import pytest
from django.db import connection, transaction
from django.db.models import Q

from fulfillment.ledger import lock_claims
from fulfillment.marks import mark_all_unsent, mark_for_resolve
from fulfillment.models import Claim
from fulfillment.rules.states import State
from tests import factories as make
from tests.factories import NOW

PATIENCE = 20.0


def mark_a_campaigns() -> int:
    return mark_for_resolve(Q(state=State.WAITING), now=NOW)


def mark_all() -> int:
    return mark_all_unsent(now=NOW)


def waits(backend: int) -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_stat_activity WHERE pid = %s AND wait_event_type = 'Lock'", [backend])
        return bool(cursor.fetchone()[0])


def number_of_backend() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        return int(cursor.fetchone()[0])


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("mark", [mark_a_campaigns, mark_all])
def test_claims_are_marked_in_the_order_in_which_others_lock_them(mark: Callable[[], int]) -> None:
    organization = make.make_organization()
    claims = [make.make_claim(organization, state=State.WAITING, resolve_at=None) for _ in range(3)]
    low, high = claims[0], claims[-1]
    # Rows lie where they were written last: the one with the lowest key is now the last of the table.
    Claim.objects.filter(pk=low.pk).update(detail="moved")
    failures: list[Exception] = []
    backends: list[int] = []

    def do() -> None:
        try:
            backends.append(number_of_backend())
            mark()
        except Exception as failure:  # what a thread raises is told below
            failures.append(failure)
        finally:
            connection.close()

    with transaction.atomic():
        lock_claims([low.pk])
        marking = threading.Thread(target=do)
        marking.start()
        until = time.monotonic() + PATIENCE
        while not (backends and waits(backends[0])):
            assert time.monotonic() < until
        lock_claims([high.pk])  # whoever locks several takes the next only now
    marking.join(PATIENCE)
    assert not marking.is_alive()
    assert failures == []
    assert not Claim.objects.filter(resolve_at=None).exists()
