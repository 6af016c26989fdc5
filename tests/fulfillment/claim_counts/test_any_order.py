"""The counts of claims are those of the claims, after whatever was done to them and while it is summed up."""

from __future__ import annotations

from collections import Counter
from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction
from hypothesis import example, given, settings
from hypothesis import strategies as st

from campaigns.models import Campaign
from fulfillment.arrivals import Arrival, record_claims
from fulfillment.claim_counts import claims_by_quarter, counts_of, differences, fold_changes
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
from fulfillment.models import Claim, ClaimCountChange, Delivery, Endpoint
from fulfillment.purging import purge_test_campaign
from fulfillment.resolve import resolve_due
from fulfillment.rules.codes import Code
from fulfillment.rules.retries import Outcome
from fulfillment.rules.states import State
from portal.platforms.messages import ClaimReceived
from tests.factories import NOW
from tests.fulfillment.claim_counts.recounting import (
    by_day,
    happened,
    minutes_counted,
    minutes_recounted,
    recounted,
)
from tests.fulfillment.deliveries import lease, no_jitter
from tests.fulfillment.test_resolve_any_order import FAR, Play, steps

pytestmark = pytest.mark.django_db


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
    assert minutes_counted(play.world.campaign) == minutes_recounted(play.world.campaign)
    assert differences() == []
