"""The counts of claims are those of the claims, after whatever was done to them and while it is summed up."""

from __future__ import annotations

import threading
from collections import Counter, defaultdict
from contextlib import suppress
from datetime import datetime, timedelta
from importlib import import_module
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from hypothesis import example, given, settings
from hypothesis import strategies as st

from campaigns.models import Campaign
from campaigns.rules.days import day_number, midnight_of
from fulfillment.arrivals import Arrival, record_claims
from fulfillment.claim_counts import (
    Changes,
    claims_by_day,
    claims_by_quarter,
    counts_of,
    differences,
    fold_changes,
    mend_counts,
    quarter_of,
)
from fulfillment.claims import (
    NotPossible,
    abandon_claims,
    hold_claims,
    release_claims,
    reopen_claims,
    resend_claim,
    retry_claims,
)
from fulfillment.delivery import give_back
from fulfillment.delivery.recording import record_outcomes
from fulfillment.delivery.sending import Result
from fulfillment.erasure import ErasureRefused, erase_player, erase_viewer
from fulfillment.ledger import Move, lock_claims, move_claims
from fulfillment.models import Claim, ClaimCount, ClaimCountChange, ClaimDay, ClaimQuarter, Delivery, Endpoint
from fulfillment.purging import purge_test_campaign
from fulfillment.resolve import resolve_due
from fulfillment.rules.codes import Code
from fulfillment.rules.retries import Outcome
from fulfillment.rules.states import State
from portal.platforms.messages import ClaimReceived
from tests import factories as make
from tests.factories import NOW
from tests.fulfillment.deliveries import lease, no_jitter
from tests.fulfillment.test_resolve import World
from tests.fulfillment.test_resolve_any_order import FAR, Play, steps

pytestmark = pytest.mark.django_db


def recounted(campaign: Campaign) -> tuple[Counter[tuple[str, str]], Counter[int]]:
    """Count the claims one by one, in another way than the product does."""
    states: Counter[tuple[str, str]] = Counter()
    quarters: Counter[int] = Counter()
    for claim in Claim.objects.filter(campaign=campaign):
        states[claim.campaign_reward_id or "", claim.state] += 1
        told = claim.granted_at or claim.received_at
        quarters[int(told.timestamp()) // 60 // 15] += 1
    return states, quarters


def happened(campaign: Campaign) -> dict[tuple[int, str], Counter[str]]:
    """Count what happened by day and reward one by one, from the claims and their history."""
    days: defaultdict[tuple[int, str], Counter[str]] = defaultdict(Counter)
    for claim in Claim.objects.filter(campaign=campaign):
        reward = claim.campaign_reward_id or ""
        days[(claim.counted_quarter or 0) // 4 // 24, reward]["granted"] += 1
        for event in claim.events.all():
            if event.to_state in ("delivered", "failed") and event.from_state != event.to_state:
                days[int(event.at.timestamp()) // 60 // 60 // 24, reward][event.to_state] += 1
    return dict(days)


def by_day(campaign: Campaign, first: int = 0, last: int = 10**6) -> dict[tuple[int, str], Counter[str]]:
    found = claims_by_day(Campaign.objects.filter(pk=campaign.pk), first=first, last=last)
    return {(day, reward): +counts for (day, _campaign, reward), counts in found.items()}


def assert_counted(*campaigns: Campaign) -> None:
    for campaign in campaigns:
        states, quarters = recounted(campaign)
        assert counts_of(campaign.pk) == dict(states)
        assert claims_by_quarter(campaign.pk) == dict(quarters)
        assert by_day(campaign) == happened(campaign)
    assert differences() == []


class Everything(Play):
    """All that can happen to claims, besides what the tests of resolving play."""

    def link(self, user: int, number: int) -> bool:
        known = self.world.organization.viewers.filter(platform_user_id=str(user)).exists()  # not erased
        return known and super().link(user, number)

    def _ids(self, number: int) -> list[str]:
        return [claim.pk for claim in self.claims[number : number + 2]]

    def staff(self, number: int, deed: int) -> None:
        deeds: list[Any] = [hold_claims, release_claims, retry_claims, abandon_claims, reopen_claims]
        deeds[deed % len(deeds)](claim_ids=self._ids(number), actor=None, now=NOW, reason="because")

    def resend(self, number: int, _: int) -> None:
        for pk in self._ids(number)[:1]:
            with suppress(NotPossible):
                resend_claim(claim_id=pk, actor=None, now=NOW, reason="because")

    def send(self, outcome: int, _: int) -> None:
        Delivery.objects.filter(due_at__gt=FAR).update(due_at=FAR)
        Endpoint.objects.update(failures=0, opened_at=None, probe_at=None)
        leased = lease(FAR)
        if outcome == 0:
            give_back(leased, now=FAR)
            return
        came = (Outcome.DELIVERED, Outcome.REJECTED, Outcome.RETRY)[outcome % 3]
        results = [Result(one, FAR, 1, came, Code.RETRYING, status=500) for one in leased]
        record_outcomes(results, now=FAR, random=no_jitter)

    def confirm(self, number: int, _: int) -> None:
        with transaction.atomic():
            done = [claim for claim in lock_claims(self._ids(number)) if claim.state == State.DELIVERED]
            move_claims([Move(claim, State.CONFIRMED) for claim in done], now=NOW)

    def learn(self, number: int, minutes: int) -> None:
        """Have a later arrival bring the time of a claim that came without."""
        for claim in Claim.objects.filter(pk__in=self._ids(number)):
            received = ClaimReceived(
                platform_claim_id=claim.platform_claim_id,
                platform_user_id=claim.platform_user_id,
                platform_reward_id=claim.platform_reward_id,
                granted_at=NOW - timedelta(minutes=20 * minutes),
            )
            record_claims(
                organization_id=claim.organization_id,
                platform=claim.platform,
                arrivals=[Arrival(received, raw="{}")],
                source="sweep",
                now=NOW,
            )

    def undated(self, user: int, _: int) -> None:
        self.claims.append(self.world.claim(self.platform(user), platform_user_id=str(user), granted_at=None))

    def erase(self, user: int, whom: int) -> None:
        with suppress(ErasureRefused):
            if whom % 2:
                erase_player(player=self.players[user % len(self.players)], actor=None, reason="asked", now=NOW)
            else:
                for viewer in self.world.organization.viewers.filter(platform_user_id=str(user)):
                    erase_viewer(viewer=viewer, actor=None, reason="asked", now=NOW)

    def purge(self, *_: int) -> None:
        campaigns = Campaign.objects.filter(pk=self.world.campaign.pk)
        campaigns.update(test_mode=True)
        purge_test_campaign(campaign=self.world.campaign, actor=None, now=NOW, batch=2)
        campaigns.update(test_mode=False)
        self.claims = list(Claim.objects.order_by("pk"))

    def fold(self, limit: int, _: int) -> None:
        fold_changes(limit=limit + 1)

    def resolve(self, limit: int, _: int) -> None:
        resolve_due(now=FAR, limit=limit + 1)


few = st.integers(0, 5)
everything = st.one_of(
    steps.filter(lambda step: step[0] in ("arrive", "link", "unlink", "map", "unmap", "pause", "resume", "again")),
    st.tuples(
        st.sampled_from(["staff", "resend", "send", "confirm", "learn", "fold", "resolve", "resolve", "send"]), few, few
    ),
    st.tuples(st.sampled_from(["undated", "erase"]), st.integers(0, 2), few),
    st.tuples(st.just("purge"), st.just(0), st.just(0)),
)


WHOLE_WAY = [("send", 2, 0), ("send", 3, 0), ("confirm", 0, 0), ("resend", 0, 0), ("send", 1, 0), ("staff", 0, 3)]
"""Retried, delivered, confirmed, sent again, rejected, abandoned."""


@settings(max_examples=30)
@example(WHOLE_WAY)
@example([*WHOLE_WAY, ("staff", 0, 4), ("erase", 0, 0), ("purge", 0, 0)])
@example([("undated", 0, 0), ("resolve", 5, 0), ("learn", 2, 3), ("unmap", 0, 0), ("resolve", 5, 0), ("fold", 1, 0)])
@given(st.lists(everything, min_size=5, max_size=20))
def test_whatever_is_done_to_claims_the_counts_are_a_recount(played: list[tuple[str, int, int]]) -> None:
    with transaction.atomic():
        play = Everything()
        for user, player in ((0, 0), (2, 1)):
            play.arrive(user, 7 * user)
            play.link(user, player)
        play.settle()
        for step in played:
            getattr(play, step[0])(*step[1:])
            assert_counted_in_state(play)
        play.settle()
        assert_counted_in_state(play)
        while fold_changes(limit=3):
            assert_counted_in_state(play)
        assert not ClaimCountChange.objects.exists()
        transaction.set_rollback(True)


def assert_counted_in_state(play: Everything) -> None:
    """Compare by state; the quarter is the one that was known when the claim was worked out last."""
    states, _quarters = recounted(play.world.campaign)
    assert counts_of(play.world.campaign.pk) == dict(states)
    by_quarter = Counter(Claim.objects.filter(campaign=play.world.campaign).values_list("counted_quarter", flat=True))
    assert claims_by_quarter(play.world.campaign.pk) == dict(by_quarter)
    assert by_day(play.world.campaign) == happened(play.world.campaign)
    assert differences() == []


def test_claims_are_counted_by_the_time_of_their_grant_else_of_their_arrival() -> None:
    world = World()
    moments = [NOW, NOW + timedelta(minutes=14, seconds=59, microseconds=999_999), NOW + timedelta(minutes=15), None]
    for number, moment in enumerate(moments):
        world.claim(platform_user_id=str(number), granted_at=moment, received_at=NOW + timedelta(hours=1))
    resolve_due(now=FAR)
    first = quarter_of(NOW)
    assert claims_by_quarter(world.campaign.pk) == {first: 2, first + 1: 1, first + 4: 1}
    assert_counted(world.campaign)


def test_a_claim_that_arrives_is_counted_once_it_is_worked_out() -> None:
    world = World()
    world.claim()
    assert not ClaimCountChange.objects.exists()
    resolve_due(now=FAR)
    assert counts_of(world.campaign.pk) == {(world.campaign.rewards.get().pk, "waiting"): 1}


def test_a_claim_whose_reward_the_campaign_does_not_have_is_counted_without_one() -> None:
    world = World()
    make.make_reward(world.game, platform_ids={"kick": "kick-other"}, image=False)
    world.claim(platform_reward_id="kick-other")
    resolve_due(now=FAR)
    assert counts_of(world.campaign.pk) == {("", "quarantined"): 1}
    assert_counted(world.campaign)


def test_a_batch_of_any_size_adds_few_rows_and_one_statement() -> None:
    world = World()
    for number in range(40):
        world.claim(platform_user_id=str(number))
    resolve_due(now=FAR)
    assert ClaimCountChange.objects.count() <= 6
    held = [claim.pk for claim in Claim.objects.all()]
    with CaptureQueriesContext(
        connection,
    ) as captured:
        move_claims([Move(claim, State.HELD) for claim in lock_claims(held)], now=NOW)
    assert len([q for q in captured if "claimcountchange" in q["sql"]]) == 1
    assert_counted(world.campaign)


def test_reading_the_counts_is_one_query_each_however_many_changes_wait() -> None:
    world = World()
    for number in range(3):
        world.claim(platform_user_id=str(number))
        resolve_due(now=FAR)
    for read in (counts_of, claims_by_quarter):
        with CaptureQueriesContext(connection) as captured:
            assert sum(read(world.campaign.pk).values()) == 3  # type: ignore[operator]
        assert len(captured) == 1


def test_folding_leaves_nothing_behind_and_nothing_twice() -> None:
    world = World()
    for number in range(5):
        world.claim(platform_user_id=str(number), granted_at=NOW + timedelta(hours=number))
    resolve_due(now=FAR)
    assert fold_changes(limit=3) == 3
    assert_counted(world.campaign)
    while fold_changes(limit=3):
        pass
    assert not ClaimCountChange.objects.exists()
    assert sum(ClaimCount.objects.values_list("claims", flat=True)) == 5
    assert ClaimQuarter.objects.count() == 5
    assert_counted(world.campaign)


def test_idle_folding_writes_nothing() -> None:
    with CaptureQueriesContext(connection) as captured:
        assert fold_changes() == 0
    assert len(captured) == 1


def test_what_was_written_past_the_counts_is_found_and_mended() -> None:
    world = World()
    place = world.campaign.rewards.get()
    last_moment = NOW + timedelta(minutes=14, seconds=59, microseconds=999_999)
    world.claim(
        campaign=world.campaign, campaign_reward=place, reward=world.reward, resolve_at=None, granted_at=last_moment
    )
    out = StringIO()
    with pytest.raises(CommandError, match="1 counts differ"):
        call_command("check_claim_counts", stdout=out)
    assert f"campaign {world.campaign.pk}, {place.pk} received: +1 claims" in out.getvalue()
    call_command("check_claim_counts", "--mend", stdout=out)
    assert "3 differences were mended." in out.getvalue()  # the state's, the quarter of an hour's and the day's
    call_command("check_claim_counts", stdout=out)
    assert "All counts are those of the claims." in out.getvalue()
    assert_counted(world.campaign)
    assert mend_counts() == 0


def test_the_migration_counts_the_claims_that_are_there() -> None:
    world = World()
    place = world.campaign.rewards.get()
    bound = {"campaign": world.campaign, "reward": world.reward, "resolve_at": None}
    for number, moment in enumerate([NOW, NOW + timedelta(minutes=14, seconds=59, microseconds=999_999), None]):
        world.claim(campaign_reward=place, granted_at=moment, received_at=NOW + timedelta(minutes=15 * number), **bound)
    world.claim(state=State.QUARANTINED, **bound)
    world.claim()  # belongs to no campaign yet
    migration = import_module("fulfillment.migrations.0002_count_claims")
    migration.count_claims(None, connection.schema_editor())
    import_module("fulfillment.migrations.0006_claim_days").count_days(None, connection.schema_editor())
    assert counts_of(world.campaign.pk) == {(place.pk, "received"): 3, ("", "quarantined"): 1}
    assert_counted(world.campaign)


TODAY = day_number(NOW)


def deliver(claim: Claim, *, at: datetime = FAR, outcome: Outcome = Outcome.DELIVERED) -> None:
    """Have one attempt to deliver a claim come to something."""
    Delivery.objects.filter(pk=claim.pk).update(due_at=at)
    [leased] = lease(at)
    record_outcomes([Result(leased, at, 1, outcome, Code.DELIVERED, status=200)], now=at, random=no_jitter)


def test_a_claim_is_counted_on_the_day_of_its_grant_and_on_those_on_which_it_failed_and_was_delivered() -> None:
    world = World()
    world.link("1")
    claim = world.claim(platform_user_id="1", granted_at=NOW - timedelta(days=1))
    resolve_due(now=FAR)
    reward = world.campaign.rewards.get().pk
    deliver(claim, at=FAR, outcome=Outcome.REJECTED)
    retry_claims(claim_ids=[claim.pk], actor=None, now=FAR, reason="")
    midnight = midnight_of(day_number(FAR) + 2)
    deliver(claim, at=midnight - timedelta(microseconds=1), outcome=Outcome.REJECTED)
    retry_claims(claim_ids=[claim.pk], actor=None, now=midnight, reason="")
    deliver(claim, at=midnight)
    far = day_number(FAR)
    assert by_day(world.campaign) == {
        (TODAY - 1, reward): {"granted": 1},
        (far, reward): {"failed": 1},
        (far + 1, reward): {"failed": 1},
        (far + 2, reward): {"delivered": 1},
    }
    assert_counted(world.campaign)


def test_what_is_delivered_again_is_counted_again_and_what_is_confirmed_is_not() -> None:
    world = World()
    world.link("1")
    claim = world.claim(platform_user_id="1")
    resolve_due(now=FAR)
    deliver(claim)
    move_claims([Move(one, State.CONFIRMED) for one in lock_claims([claim.pk])], now=FAR)
    resend_claim(claim_id=claim.pk, actor=None, now=FAR, reason="because")
    deliver(claim)
    assert sum((counts for counts in by_day(world.campaign).values()), Counter()) == {"granted": 1, "delivered": 2}
    assert_counted(world.campaign)


def test_what_a_platform_says_was_fulfilled_before_was_not_delivered_here() -> None:
    world = World()
    world.claim(reason=Code.FULFILLED_ELSEWHERE)
    resolve_due(now=FAR)
    assert Claim.objects.get().state == State.CONFIRMED
    assert list(by_day(world.campaign).values()) == [{"granted": 1}]
    assert_counted(world.campaign)


def test_a_day_counts_by_its_reward_and_only_the_days_that_are_asked_for() -> None:
    world = World()
    make.make_reward(world.game, platform_ids={"kick": "kick-other"}, image=False)
    for days, reward in ((0, "kick-gold"), (1, "kick-gold"), (1, "kick-other"), (2, "kick-gold")):
        world.claim(platform_reward_id=reward, platform_user_id=str(days), granted_at=NOW + timedelta(days=days))
    resolve_due(now=FAR)
    place = world.campaign.rewards.get().pk
    assert by_day(world.campaign, TODAY, TODAY + 1) == {
        (TODAY, place): {"granted": 1},
        (TODAY + 1, ""): {"granted": 1},
        (TODAY + 1, place): {"granted": 1},
    }
    assert_counted(world.campaign)


def test_a_batch_of_deliveries_adds_one_row_for_its_day_and_no_statement() -> None:
    world = World()
    for number in range(20):
        world.link(str(number))
        world.claim(platform_user_id=str(number))
    resolve_due(now=FAR)
    leased = lease(FAR)
    assert len(leased) == 20
    ClaimCountChange.objects.all().delete()
    with CaptureQueriesContext(connection) as captured:
        results = [Result(one, FAR, 1, Outcome.DELIVERED, Code.DELIVERED, status=200) for one in leased]
        record_outcomes(results, now=FAR, random=no_jitter)
    assert len([q for q in captured if "claimcountchange" in q["sql"]]) == 1
    rows = set(ClaimCountChange.objects.values_list("state", "day", "claims"))
    assert rows == {("delivering", None, -20), ("delivered", None, 20), ("delivered", day_number(FAR), 20)}


def test_a_delivered_claim_that_goes_to_another_campaign_takes_its_deliveries_along() -> None:
    """One that its game fetched, and that was taken back when it was to be sent again, has no attempt that binds it."""
    world = World()
    world.link("1")
    claim = world.claim(platform_user_id="1")
    resolve_due(now=FAR)
    deliver(claim)
    resend_claim(claim_id=claim.pk, actor=None, now=FAR, reason="because")
    other = make.make_campaign(world.game, rewards=[world.reward])
    Claim.objects.filter(pk=claim.pk).update(attempted_at=None, assigned_campaign=other, resolve_at=FAR)
    resolve_due(now=FAR)
    assert Claim.objects.get().campaign == other
    assert by_day(world.campaign) == {}
    assert sum((counts for counts in by_day(other).values()), Counter()) == {"granted": 1, "delivered": 1}
    assert_counted(world.campaign, other)


def test_counts_by_day_that_are_wrong_are_found_named_and_mended() -> None:
    world = World()
    world.claim()
    resolve_due(now=FAR)
    place = world.campaign.rewards.get()
    changes = Changes()
    changes.on_day(world.campaign.pk, place.pk, "delivered", TODAY, 2)
    changes.write()
    while fold_changes():
        pass
    out = StringIO()
    with pytest.raises(CommandError, match="1 counts differ"):
        call_command("check_claim_counts", stdout=out)
    assert f"campaign {world.campaign.pk}, {place.pk} delivered on 2026-11-20: -2 claims" in out.getvalue()
    assert mend_counts() == 1
    assert_counted(world.campaign)


def test_the_migration_counts_what_happened_by_day() -> None:
    world = World()
    for user in ("1", "2"):
        world.link(user)
    claims = [world.claim(platform_user_id=user, granted_at=NOW - timedelta(int(user))) for user in ("1", "2")]
    make.make_reward(world.game, platform_ids={"kick": "kick-other"}, image=False)
    world.claim(platform_reward_id="kick-other", granted_at=midnight_of(TODAY) - timedelta(microseconds=1))
    world.claim(platform_reward_id="unknown")  # belongs to no campaign
    resolve_due(now=FAR)
    for at in (midnight_of(TODAY + 90), midnight_of(TODAY + 91) - timedelta(microseconds=1)):
        deliver(claims[0], at=at, outcome=Outcome.REJECTED)
        retry_claims(claim_ids=[claims[0].pk], actor=None, now=at, reason="")
    deliver(claims[0], at=midnight_of(TODAY + 91))
    right = by_day(world.campaign)
    ClaimDay.objects.all().delete()
    ClaimCountChange.objects.exclude(day=None).delete()
    import_module("fulfillment.migrations.0006_claim_days").count_days(None, connection.schema_editor())
    assert by_day(world.campaign) == right == happened(world.campaign)
    assert differences() == []


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
