"""Delivered claims are told to their platform, in batches, until each is accepted, and never others (F6, R4)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection

from fulfillment import write_back
from fulfillment.api.callers import find_caller
from fulfillment.fulfilling import Said, say
from fulfillment.ledger import Move, move_claims
from fulfillment.models import Claim, ClaimEvent, Endpoint
from fulfillment.rules.codes import Code
from fulfillment.rules.states import State
from fulfillment.write_back import (
    FAILED_CALL_AGAIN,
    LATER,
    LEASE,
    REFUSED_AGAIN,
    REFUSED_CALL_AGAIN,
    Told,
    _lease,
    _record,
    write_back_due,
)
from portal.models import AppAccessToken, PlatformCredential
from portal.platforms.claims_api import Marked
from tests import factories as make
from tests.doubles.claims_server import HANG, ClaimsServer
from tests.factories import NOW
from tests.fulfillment.deliveries import World

pytestmark = pytest.mark.django_db


class Platform:
    """A platform on loopback, an organization with its app there, and claims of it."""

    def __init__(self, shape: str) -> None:
        self.api = ClaimsServer(shape)
        self.world = World("https://game.example.org/", mode=Endpoint.Mode.PULL)
        self.organization = self.world.game.organization
        self.credential = make.make_credential(self.organization, shape, id_url=self.api.url, api_url=self.api.url)
        self.shape = shape

    def claims(self, count: int = 1, **fields: Any) -> list[Claim]:
        campaign_reward = self.world.campaign.rewards.get()
        return [
            make.make_claim(
                self.organization,
                self.shape,
                state=State.READY,
                resolve_at=None,
                game=self.world.game,
                campaign=self.world.campaign,
                reward=self.world.reward,
                campaign_reward=campaign_reward,
                player=make.make_player(self.world.game),
                player_slot=1,
                **fields,
            )
            for _ in range(count)
        ]

    def delivered(self, count: int = 1, **fields: Any) -> list[Claim]:
        claims = self.claims(count, **fields)
        deliver(claims)
        return claims


@pytest.fixture(params=["twitch", "kick"])
def platform(request: pytest.FixtureRequest) -> Iterator[Platform]:
    made = Platform(request.param)
    yield made
    made.api.server.stop()


def deliver(claims: list[Claim]) -> None:
    move_claims([Move(claim, State.DELIVERED, Code.DELIVERED) for claim in claims], now=NOW)


def now_of(*claims: Claim) -> list[Claim]:
    return [Claim.objects.get(pk=claim.pk) for claim in claims]


def test_f6_what_was_delivered_is_told_and_then_confirmed(platform: Platform) -> None:
    (claim,) = platform.delivered()
    assert write_back_due(now=NOW).accepted == 1
    (claim,) = now_of(claim)
    assert (claim.state, claim.reason) == (State.CONFIRMED, Code.CONFIRMED)
    assert (claim.write_back_at, claim.written_back_at) == (None, NOW)
    assert platform.api.marked == {claim.platform_claim_id: 1}
    assert ClaimEvent.objects.filter(claim=claim, to_state=State.CONFIRMED).count() == 1


def test_f6_once_accepted_it_is_not_told_again(platform: Platform) -> None:
    platform.delivered()
    write_back_due(now=NOW)
    assert write_back_due(now=NOW + timedelta(days=2)).accepted == 0
    assert len(platform.api.batches) == 1


def test_f6_what_is_not_delivered_is_never_told(platform: Platform) -> None:
    ready, failed = platform.claims(2)
    move_claims([Move(failed, State.FAILED, Code.REJECTED)], now=NOW)
    write_back_due(now=NOW + timedelta(days=2))
    assert platform.api.batches == []
    assert [claim.state for claim in now_of(ready, failed)] == [State.READY, State.FAILED]


def test_f6_what_is_sent_again_before_it_was_told_waits_until_it_is_delivered_again(platform: Platform) -> None:
    (claim,) = platform.delivered()
    move_claims([Move(claim, State.READY, Code.RESENT)], now=NOW)
    write_back_due(now=NOW)
    assert platform.api.batches == []
    deliver([claim])
    assert write_back_due(now=NOW).accepted == 1


def test_f6_at_most_a_hundred_go_in_one_call(platform: Platform) -> None:
    platform.delivered(230)
    assert write_back_due(now=NOW).accepted == 230
    assert [len(batch) for batch in platform.api.batches] == [100, 100, 30]
    assert set(platform.api.marked.values()) == {1}


def test_r4_a_duplicate_is_told_as_done_and_stays_a_duplicate(platform: Platform) -> None:
    claim = make.make_claim(platform.organization, platform.shape, resolve_at=None)
    move_claims([Move(claim, State.DUPLICATE, Code.SLOT_TAKEN)], now=NOW)
    assert write_back_due(now=NOW).accepted == 1
    (claim,) = now_of(claim)
    assert (claim.state, claim.written_back_at, claim.write_back_at) == (State.DUPLICATE, NOW, None)


def test_f6_what_the_portal_counted_or_staff_granted_is_told_to_nobody(platform: Platform) -> None:
    counted = platform.delivered(source=Claim.Source.PORTAL)
    granted = platform.delivered(source=Claim.Source.STAFF)
    write_back_due(now=NOW)
    assert platform.api.batches == []
    assert {claim.write_back_at for claim in now_of(*counted, *granted)} == {None}


def test_d3_what_a_game_marks_as_fulfilled_through_the_api_is_told_too(platform: Platform) -> None:
    (claim,) = platform.claims()
    said = [Said(claim.platform_claim_id, fulfilled=True)]
    caller = find_caller(make.make_api_token(make.make_api_client(platform.organization)), now=NOW)
    assert caller is not None
    say(caller=caller, shape=platform.shape, sayings=said, now=NOW)
    assert write_back_due(now=NOW).accepted == 1
    assert platform.api.marked == {claim.platform_claim_id: 1}


def test_f6_partial_results_of_twitch_are_honoured() -> None:
    platform = Platform("twitch")
    claims = platform.delivered(6)
    words = ["SUCCESS", "INVALID_ID", "NOT_FOUND", "UNAUTHORIZED", "UPDATE_FAILED", "SILENCE"]
    platform.api.results = {claim.platform_claim_id: word for claim, word in zip(claims, words, strict=True)}
    told = write_back_due(now=NOW)
    assert (told.accepted, told.refused, told.later) == (1, 3, 2)
    states = [(claim.state, claim.write_back_at) for claim in now_of(*claims)]
    tomorrow, soon = NOW + REFUSED_AGAIN, NOW + LATER
    assert states == [
        (State.CONFIRMED, None),
        *[(State.DELIVERED, tomorrow)] * 3,
        *[(State.DELIVERED, soon)] * 2,
    ]
    platform.api.results = {}
    assert write_back_due(now=soon).accepted == 2
    assert write_back_due(now=tomorrow).accepted == 3


@pytest.mark.parametrize("place", [0, 41, 99])
def test_f6_one_claim_that_kick_does_not_take_keeps_no_other_from_being_told(place: int) -> None:
    platform = Platform("kick")
    claims = platform.delivered(100)
    bad = claims[place]
    platform.api.results = {bad.platform_claim_id: "NOT_FOUND"}
    told = write_back_due(now=NOW)
    assert (told.accepted, told.refused, told.later) == (99, 1, 0)
    (bad,) = now_of(bad)
    assert (bad.state, bad.write_back_at) == (State.DELIVERED, NOW + REFUSED_AGAIN)
    assert ClaimEvent.objects.filter(claim=bad, detail="Kick was told of the delivery and answered 404.").count() == 1
    assert set(platform.api.marked.values()) == {1}


def test_f6_of_many_that_kick_does_not_take_all_are_found_in_time() -> None:
    platform = Platform("kick")
    claims = platform.delivered(100)
    bad = {claim.platform_claim_id: "NOT_FOUND" for claim in claims[3::20]}
    platform.api.results = bad
    for turn in range(8):
        write_back_due(now=NOW + turn * LATER)
    refused = Claim.objects.filter(state=State.DELIVERED).values_list("platform_claim_id", flat=True)
    assert (set(refused), len(platform.api.marked)) == (set(bad), 95)


def test_f6_where_kick_takes_nothing_no_claim_is_blamed() -> None:
    platform = Platform("kick")
    claims = platform.delivered(3)
    platform.api.results = {claim.platform_claim_id: "NOT_FOUND" for claim in claims}
    assert write_back_due(now=NOW).later == 3
    assert {claim.write_back_at for claim in now_of(*claims)} == {NOW + REFUSED_CALL_AGAIN}
    assert not ClaimEvent.objects.filter(detail__contains="answered").exists()


def test_f6_what_a_platform_refuses_is_said_once_in_the_claims_history() -> None:
    platform = Platform("twitch")
    (claim,) = platform.delivered()
    platform.api.results = {claim.platform_claim_id: "NOT_FOUND"}
    for days in range(3):
        write_back_due(now=NOW + timedelta(days=days))
    details = list(ClaimEvent.objects.filter(claim=claim).values_list("detail", flat=True))
    assert details.count("Twitch was told of the delivery and answered NOT_FOUND.") == 1
    assert len(platform.api.batches) == 3


@pytest.mark.parametrize(
    ("status", "again"),
    [
        (500, FAILED_CALL_AGAIN),
        (429, FAILED_CALL_AGAIN),
        (403, REFUSED_CALL_AGAIN),
        (410, REFUSED_CALL_AGAIN),
    ],
)
def test_f6_a_call_that_fails_is_made_again_and_loses_nothing(
    platform: Platform, status: int, again: timedelta
) -> None:
    claims = platform.delivered(2)
    platform.api.faults.append(status)
    assert write_back_due(now=NOW).later == 2
    assert {claim.state for claim in now_of(*claims)} == {State.DELIVERED}
    assert write_back_due(now=NOW + again - timedelta(seconds=1)).accepted == 0
    assert write_back_due(now=NOW + again).accepted == 2


def test_f6_a_batch_that_fails_keeps_the_next_back_only_where_the_platform_seems_away(platform: Platform) -> None:
    platform.delivered(250)
    platform.api.faults += [500]
    assert write_back_due(now=NOW).accepted == 150
    platform.api.faults += [500, 502, 503]
    platform.delivered(400)
    assert write_back_due(now=NOW).accepted == 0
    assert len(platform.api.faults) == 0


def test_f6_the_wait_that_a_platform_asks_for_is_kept(platform: Platform) -> None:
    (claim,) = platform.delivered()
    platform.api.faults.append(429)
    platform.api.headers = {"Retry_After": "900"}
    write_back_due(now=NOW)
    assert now_of(claim)[0].write_back_at == NOW + timedelta(minutes=15)


def test_f6_a_platform_that_does_not_answer_keeps_no_other_from_its_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("portal.http.door.TIME_LIMIT_SECONDS", 0.3)
    dead, alive = Platform("twitch"), Platform("kick")
    dead.delivered()
    alive.delivered()
    dead.api.faults.append(HANG)
    told = write_back_due(now=NOW)
    assert (told.accepted, told.later) == (1, 1)
    dead.api.server.stop()


def test_s2_secrets_that_cannot_be_decrypted_keep_no_other_from_its_turn() -> None:
    lost, good = Platform("twitch"), Platform("kick")
    lost.delivered()
    good.delivered()
    make.spoil_secrets(lost.credential)
    assert write_back_due(now=NOW).accepted == 1


def test_f6_slow_platforms_keep_no_other_from_its_turn_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    platforms = [Platform("kick") for _ in range(3)]
    for one in platforms:
        one.delivered()
    first: set[int] = set()
    for run in range(60):
        passed, called = iter([0.0, 1.0, 2.0, *[30.0] * 20]), []
        monkeypatch.setattr(write_back.time, "monotonic", lambda passed=passed: next(passed))
        monkeypatch.setattr(write_back, "_tell_once", lambda one, told, *, now, called=called: called.append(one.pk))
        write_back_due(now=NOW + timedelta(days=run))
        assert len(called) == 1, "no call is begun once the time is over"
        first.update(called)
    assert first == {one.credential.pk for one in platforms}
    for one in platforms:
        one.api.server.stop()


def test_f6_a_lifetime_that_no_calendar_holds_keeps_nobody_from_a_turn(platform: Platform) -> None:
    platform.api.lifetime = 10**30
    claims = platform.delivered(2)
    other = Platform(platform.shape)
    claims += other.delivered(2)
    assert write_back_due(now=NOW).accepted == 4
    assert {claim.state for claim in now_of(*claims)} == {State.CONFIRMED}
    other.api.server.stop()


def test_f6_one_token_serves_many_calls_and_a_refused_one_is_renewed_once(platform: Platform) -> None:
    platform.delivered(150)
    write_back_due(now=NOW)
    assert platform.api.tokens == ["app-token-1"]
    platform.api.ended.add("app-token-1")
    platform.delivered()
    assert write_back_due(now=NOW).accepted == 1
    assert platform.api.tokens == ["app-token-1", "app-token-2"]
    platform.api.ended.add("app-token-2")
    platform.api.ended.add("app-token-3")
    platform.delivered()
    assert write_back_due(now=NOW).later == 1
    assert len(platform.api.tokens) == 3


def test_f6_a_token_is_renewed_before_it_ends(platform: Platform) -> None:
    platform.delivered()
    write_back_due(now=NOW)
    platform.delivered()
    write_back_due(now=NOW + timedelta(seconds=platform.api.lifetime - 60))
    assert len(platform.api.tokens) == 2


def test_s2_app_tokens_are_kept_encrypted(platform: Platform) -> None:
    platform.delivered()
    write_back_due(now=NOW)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT access_token FROM {AppAccessToken._meta.db_table}")
        assert "app-token-1" not in cursor.fetchone()[0]


def test_f6_a_secret_that_is_not_taken_loses_nothing(platform: Platform, caplog: pytest.LogCaptureFixture) -> None:
    (claim,) = platform.delivered()
    platform.api.token_status = 403
    assert write_back_due(now=NOW).later == 1
    assert now_of(claim)[0].state == State.DELIVERED
    assert "client-secret" not in caplog.text
    platform.api.token_status = 200
    assert write_back_due(now=NOW + REFUSED_CALL_AGAIN).accepted == 1


def test_f6_a_switched_off_credential_is_not_used(platform: Platform) -> None:
    platform.delivered()
    PlatformCredential.objects.update(enabled=False)
    write_back_due(now=NOW)
    assert platform.api.tokens == []
    PlatformCredential.objects.update(enabled=True)
    assert write_back_due(now=NOW).accepted == 1


def test_i4_each_organization_tells_by_its_own_app() -> None:
    one, other = Platform("kick"), Platform("kick")
    (mine,), (theirs,) = one.delivered(), other.delivered()
    write_back_due(now=NOW)
    assert set(one.api.marked) == {mine.platform_claim_id}
    assert set(other.api.marked) == {theirs.platform_claim_id}


def test_o4_killed_after_the_call_it_is_told_again_and_nothing_changes_there(platform: Platform) -> None:
    (claim,) = platform.delivered()
    # A process that told the platform and was killed before it recorded that leaves its lease behind.
    platform.api.marked[claim.platform_claim_id] = 1
    Claim.objects.filter(pk=claim.pk).update(write_back_at=NOW + LEASE)
    assert write_back_due(now=NOW + LEASE - timedelta(seconds=1)).accepted == 0
    assert write_back_due(now=NOW + LEASE).accepted == 1
    assert now_of(claim)[0].state == State.CONFIRMED


def test_f6_what_was_sent_again_during_the_call_is_not_confirmed(platform: Platform) -> None:
    (claim,) = platform.delivered()
    leased = _lease(platform.credential, now=NOW)
    move_claims([Move(claim, State.READY, Code.RESENT)], now=NOW)
    told = Told()
    _record(platform.credential, {leased[claim.platform_claim_id]: (Marked.ACCEPTED, "")}, told, now=NOW)
    (claim,) = now_of(claim)
    assert (told.accepted, claim.state, claim.written_back_at) == (0, State.READY, None)


def test_f6_the_number_of_queries_does_not_grow_with_the_claims(
    platform: Platform, django_assert_max_num_queries: Any
) -> None:
    platform.delivered()
    write_back_due(now=NOW)
    for count in (1, 20):
        platform.delivered(count)
        with django_assert_max_num_queries(22):
            write_back_due(now=NOW)
