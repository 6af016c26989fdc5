"""Several processes at a sweep at the same moment, on connections of their own: what only the database can hold (F7, O4)."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, transaction

from fulfillment.arrivals import Arrival, record_claims
from fulfillment.ledger import lock_claims
from fulfillment.models import Claim, Sweep, SweepPart
from fulfillment.rules.states import State
from fulfillment.sweeping.entering import Leased, enter_page
from fulfillment.sweeping.reading import _go_round
from fulfillment.sweeping.request import add_parts, begin_due_sweeps, look_for_claims_of, request_sweep
from linking.models import Link
from portal import platforms
from portal.models import PlatformCredential
from portal.platforms.claims_api import ClaimListed, ClaimsApi, ClaimsPage, Narrowed
from portal.platforms.messages import ClaimReceived
from tests import factories as make
from tests.factories import NOW

pytestmark = [pytest.mark.postgresql, pytest.mark.django_db(transaction=True)]
PATIENCE = 20.0


@pytest.fixture
def credential() -> PlatformCredential:
    game = make.make_game()
    return make.make_credential(game.organization, "twitch")


def link_of(credential: PlatformCredential) -> Link:
    organization = credential.organization
    game = organization.games.get()
    viewer = make.make_viewer(organization, credential.platform)
    return make.make_link(game, viewer=viewer)


def swept_once(credential: PlatformCredential) -> None:
    """Have a first sweep be over since a while: from now on, claims of who links are looked for."""
    long_ago = NOW - timedelta(days=1)
    Sweep.objects.create(credential=credential, full=True, started_at=long_ago, finished_at=long_ago)


class Beside:
    """A deed of another process, begun within a transaction of this one: it ends, or waits for this one's end."""

    def __init__(self, deed: Callable[[], Any]) -> None:
        self._deed = deed
        self._backend: list[int] = []
        self._wrong: list[BaseException] = []
        self._thread = threading.Thread(target=self._work)
        self._thread.start()
        until = time.monotonic() + PATIENCE
        while self._thread.is_alive() and not self._waits():
            assert time.monotonic() < until
            time.sleep(0.01)

    def _work(self) -> None:
        try:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_backend_pid()")
                self._backend.append(cursor.fetchone()[0])
            self._deed()
        except BaseException as error:
            self._wrong.append(error)
        finally:
            connection.close()

    def _waits(self) -> bool:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_stat_clear_snapshot()")  # within a transaction, what was seen once is seen again
            cursor.execute(
                "SELECT count(*) FROM pg_stat_activity WHERE pid = ANY(%s) AND wait_event_type = 'Lock'",
                [self._backend],
            )
            return bool(cursor.fetchone()[0])

    def wrong(self) -> list[BaseException]:
        """Wait for its end, and return what went wrong."""
        self._thread.join(PATIENCE)
        assert not self._thread.is_alive()
        return self._wrong


def links(credential: PlatformCredential) -> None:
    look_for_claims_of(link_of(credential), NOW)


def sweeps(credential: PlatformCredential) -> None:
    begin_due_sweeps(now=NOW)


def asks(credential: PlatformCredential) -> None:
    request_sweep(credential=credential, full=False, actor=None, now=NOW)


@pytest.mark.parametrize("other", [links, sweeps, asks])
def test_l7_who_links_while_another_sweep_is_begun_links_all_the_same(
    credential: PlatformCredential, other: Callable[[PlatformCredential], None]
) -> None:
    swept_once(credential)
    mine = link_of(credential)
    with transaction.atomic():
        other(credential)
        beside = Beside(lambda: look_for_claims_of(mine, NOW))
    assert beside.wrong() == []
    assert SweepPart.objects.filter(value=mine.viewer.platform_user_id, due_at=NOW).exists()
    assert Sweep.objects.filter(finished_at=None).count() == 1


@pytest.mark.parametrize("other", [sweeps, asks])
def test_f7_a_sweep_that_is_begun_while_somebody_links_is_begun_or_waits_its_turn(
    credential: PlatformCredential, other: Callable[[PlatformCredential], None]
) -> None:
    swept_once(credential)
    with transaction.atomic():
        links(credential)
        beside = Beside(lambda: other(credential))
    assert beside.wrong() == []
    assert Sweep.objects.filter(finished_at=None).count() == 1


@pytest.fixture
def leased(credential: PlatformCredential) -> Iterator[list[Leased]]:
    """The last two lists of a sweep, each in the hands of one process."""
    sweep = Sweep.objects.create(credential=credential, full=True, started_at=NOW)
    add_parts(sweep, Narrowed.USER, ["1", "2"], now=NOW)
    yield [Leased(part, sweep, credential, NOW) for part in sweep.parts.order_by("pk")]


def claims_api() -> ClaimsApi:
    api = platforms.get("twitch").claims_api
    assert api is not None
    return api


def finds_nothing(leased: Leased) -> None:
    assert enter_page(leased, ClaimsPage(claims=(), cursor=""), now=NOW)


def gives_up(leased: Leased) -> None:
    _go_round(leased, claims_api(), "status:500", now=NOW)


@pytest.mark.parametrize("first", [finds_nothing, gives_up])
@pytest.mark.parametrize("second", [finds_nothing, gives_up])
def test_f7_a_sweep_whose_last_two_lists_end_at_the_same_moment_is_over(
    leased: list[Leased], first: Callable[[Leased], None], second: Callable[[Leased], None]
) -> None:
    with transaction.atomic():
        first(leased[0])
        beside = Beside(lambda: second(leased[1]))
    assert beside.wrong() == []
    assert Sweep.objects.get().finished_at == NOW


def enters(leased: Leased, claims: list[Claim]) -> None:
    assert enter_page(leased, ClaimsPage(claims=tuple(listed(claim) for claim in claims), cursor=""), now=NOW)


def comes_again(leased: Leased, claims: list[Claim]) -> None:
    record_claims(
        organization_id=leased.credential.organization_id,
        platform="twitch",
        arrivals=[Arrival(listed(claim).claim, "{}") for claim in claims],
        source="webhook",
        now=NOW,
    )


@pytest.mark.parametrize("deed", [enters, comes_again])
def test_f1_claims_that_others_hold_are_waited_for_in_the_order_in_which_all_lock_them(
    leased: list[Leased], deed: Callable[[Leased, list[Claim]], None]
) -> None:
    organization = leased[0].credential.organization
    ours = [
        make.make_claim(organization, "twitch", platform_claim_id=name, state=State.WAITING, resolve_at=None)
        for name in ("z", "a")
    ]
    with transaction.atomic():
        lock_claims([ours[0].pk])
        beside = Beside(lambda: deed(leased[0], ours))
        lock_claims([ours[1].pk])  # whoever locks several takes the next only now
    assert beside.wrong() == []


def listed(claim: Claim) -> ClaimListed:
    received = ClaimReceived(
        platform_claim_id=claim.platform_claim_id,
        platform_user_id=claim.platform_user_id,
        platform_reward_id=claim.platform_reward_id,
    )
    return ClaimListed(claim=received, done=False, status="CLAIMED", raw="{}")
