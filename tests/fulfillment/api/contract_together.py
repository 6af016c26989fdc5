"""What every shape of the claims API must do for several callers at once (A3, D3)."""

from __future__ import annotations

import threading

from django.db import connection, transaction
from django.http import HttpResponse

from fulfillment.models import Claim, ClaimEvent
from fulfillment.rules.states import State
from tests.fulfillment.api.shape import PATIENCE, Shape, show


class TogetherContract(Shape):
    """Several at the same moment, on PostgreSQL. A subclass marks itself ``postgresql`` and ``django_db(transaction=True)``."""

    def test_a3_a_claim_committed_late_is_neither_skipped_nor_repeated(self) -> None:
        early, late, third = (self.studio.claim(State.HELD) for _ in range(3))
        numbered, may_commit, done = threading.Event(), threading.Event(), threading.Event()

        def slow() -> None:
            try:
                with transaction.atomic():
                    show(early)
                    numbered.set()
                    assert may_commit.wait(PATIENCE)
            finally:
                connection.close()

        def quick() -> None:
            try:
                assert numbered.wait(PATIENCE)
                show(late)
                done.set()
            finally:
                connection.close()

        show(third)
        threads = [threading.Thread(target=deed) for deed in (slow, quick)]
        for thread in threads:
            thread.start()
        assert numbered.wait(PATIENCE)
        until_somebody_waits_for_a_lock()
        first = self.ask(self.studio.headers, limit=1)
        seen = [item[self.id_field] for item in self.items(first)]
        assert not done.is_set(), "it cannot have a number that is seen before a lower one: it waits"
        assert self.ids() == seen == [third.platform_claim_id]
        may_commit.set()
        for thread in threads:
            thread.join(PATIENCE)
        assert self.all_ids(1) == [claim.platform_claim_id for claim in (third, early, late)]

    def test_a3_who_pages_while_many_arrive_sees_each_once(self) -> None:
        writers, each = 4, 25
        claims = [[self.studio.claim(State.HELD) for _ in range(each)] for _ in range(writers)]
        start = threading.Barrier(writers + 1)

        def write(mine: list[Claim]) -> None:
            try:
                start.wait(PATIENCE)
                for number in range(0, each, 3):
                    show(*mine[number : number + 3])
            finally:
                connection.close()

        threads = [threading.Thread(target=write, args=(mine,)) for mine in claims]
        for thread in threads:
            thread.start()
        start.wait(PATIENCE)
        seen: list[str] = []
        after: str | None = None
        headers = self.studio.another_client(points_per_minute=1_000_000)
        last = False
        while True:
            response = self.ask(headers, limit=7, after=after)
            page = [item[self.id_field] for item in self.items(response)]
            seen += page
            if page:
                after = self.place_of(response)
            elif last:
                break
            last = not any(thread.is_alive() for thread in threads)
        expected = {claim.platform_claim_id for mine in claims for claim in mine}
        assert len(seen) == len(set(seen))
        assert set(seen) == expected

    def place_of(self, response: HttpResponse) -> str:
        """Return the cursor that begins behind the last claim of a page, also of the last page."""
        raise AssertionError("say how")

    def test_d3_two_that_fulfil_the_same_at_once_deliver_it_once(self) -> None:
        claims = [self.studio.claim() for _ in range(10)]
        ids = [claim.platform_claim_id for claim in claims]
        start = threading.Barrier(3)
        answers: list[set[str]] = []

        def fulfil(order: list[str]) -> None:
            try:
                start.wait(PATIENCE)
                answers.append(self.not_updated(self.update(self.studio.headers, order)))
            finally:
                connection.close()

        threads = [threading.Thread(target=fulfil, args=(order,)) for order in (ids, ids[::-1], sorted(ids))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(PATIENCE)
        assert answers == [set()] * 3
        assert ClaimEvent.objects.count() == 10
        assert set(Claim.objects.values_list("state", flat=True)) == {State.DELIVERED}


def until_somebody_waits_for_a_lock() -> None:
    """Return once PostgreSQL says so. A watched pot: nothing in the process knows of it."""
    pause = threading.Event()
    for _ in range(int(PATIENCE * 100)):
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'")
            if cursor.fetchone()[0]:
                return
        pause.wait(0.01)
    raise AssertionError("Nobody waited for a lock.")
