from __future__ import annotations

import threading
from collections import Counter
from datetime import timedelta

from fulfillment.delivery import Lane, Leased
from fulfillment.dispatch import FairQueue
from tests.factories import NOW


def item(endpoint: int, number: int = 0, concurrency: int = 24, lane: Lane = Lane.REWARDS) -> Leased:
    return Leased(
        lane=lane,
        row=number,
        message_id=f"{endpoint}-{number}",
        receiver_id=endpoint,
        url="",
        concurrency=concurrency,
        secrets=(),
        body="",
        attempt=1,
        probe=False,
        lease_ends_at=NOW + timedelta(minutes=1),
    )


def take_all(queue: FairQueue, count: int) -> Counter[object]:
    taken = [queue.take() for _ in range(count)]
    return Counter(leased.receiver_id for leased in taken if leased)


def takes_now(queue: FairQueue) -> bool:
    """Whether a take would be served without waiting; closes the queue."""
    found: list[Leased | None] = []
    thread = threading.Thread(target=lambda: found.append(queue.take()))
    thread.start()
    thread.join(0.05)
    served = bool(found)
    queue.close()
    thread.join(5)
    return served


def test_d5_an_endpoint_never_has_more_under_way_than_it_may() -> None:
    queue = FairQueue({Lane.REWARDS: 32, Lane.EVENTS: 4})
    queue.add(item(1, number, concurrency=3) for number in range(10))
    assert take_all(queue, 3) == {1: 3}
    assert not takes_now(queue)


def test_d5_processes_share_what_an_endpoint_may_have_under_way() -> None:
    queue = FairQueue({Lane.REWARDS: 32, Lane.EVENTS: 4})
    queue.add((item(1, number, concurrency=5) for number in range(10)), share_of=2)
    assert take_all(queue, 3) == {1: 3}
    assert not takes_now(queue)


def test_d5_an_endpoint_alone_gets_24_of_32_threads_and_another_still_finds_some_free() -> None:
    queue = FairQueue({Lane.REWARDS: 32, Lane.EVENTS: 4})
    queue.add(item(1, number, concurrency=32) for number in range(100))
    assert take_all(queue, 24) == {1: 24}
    queue.add([item(2)])
    assert take_all(queue, 1) == {2: 1}
    assert not takes_now(queue)


def test_d5_several_slow_endpoints_together_leave_a_thread_for_the_next() -> None:
    queue = FairQueue({Lane.REWARDS: 32, Lane.EVENTS: 4})
    for endpoint in range(1, 6):
        queue.add(item(endpoint, number) for number in range(100))
    taken = take_all(queue, 30)
    assert set(taken.values()) == {6}
    queue.add([item(9)])
    assert take_all(queue, 1) == {9: 1}


def test_d5_endpoints_take_turns() -> None:
    queue = FairQueue({Lane.REWARDS: 8, Lane.EVENTS: 4})
    queue.add(item(1, number) for number in range(100))
    queue.add(item(2, number) for number in range(2))
    order, leased = [], None
    for _ in range(6):
        leased = queue.take(done=leased)
        assert leased
        order.append(leased.receiver_id)
    assert order == [1, 2, 1, 2, 1, 1]


def test_d1_closing_returns_what_was_not_handed_out_and_releases_who_waits() -> None:
    queue = FairQueue({Lane.REWARDS: 8, Lane.EVENTS: 4})
    queue.add(item(1, number) for number in range(3))
    first = queue.take()
    assert first
    assert (queue.in_hand(), queue.in_hand((Lane.EVENTS, 1))) == (3, 0)
    assert (queue.in_hand((Lane.REWARDS, 1)), queue.in_hand((Lane.REWARDS, 2)), queue.under_way()) == (3, 0, 1)
    assert [leased.message_id for leased in queue.close()] == ["1-1", "1-2"]
    assert queue.take(done=first) is None
    assert queue.in_hand() == 0


def test_d5_events_have_threads_of_their_own_and_never_take_those_of_deliveries() -> None:
    queue = FairQueue({Lane.REWARDS: 32, Lane.EVENTS: 8})
    for subscription in range(1, 20):
        queue.add(item(subscription, number, lane=Lane.EVENTS) for number in range(20))
    assert take_all(queue, 8).total() == 8
    queue.add(item(1, number, concurrency=32) for number in range(100))
    taken = [queue.take() for _ in range(24)]
    assert {leased.lane for leased in taken if leased} == {Lane.REWARDS}
    assert not takes_now(queue)


def test_d5_a_slow_subscriber_leaves_another_a_thread_for_events() -> None:
    queue = FairQueue({Lane.REWARDS: 32, Lane.EVENTS: 8})
    queue.add(item(1, number, lane=Lane.EVENTS) for number in range(100))
    assert take_all(queue, 6) == {1: 6}
    queue.add([item(2, lane=Lane.EVENTS)])
    assert take_all(queue, 1) == {2: 1}
    assert not takes_now(queue)
