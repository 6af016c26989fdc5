"""Whatever is watched, claimed and delivered, and whenever it is counted, the file says what a few lists say."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from typing import Any

import pytest
import time_machine
from django.db import transaction
from hypothesis import example, given, settings
from hypothesis import strategies as st

from campaigns.models import CampaignPlatform
from campaigns.watch.days import bring_up_to_date
from fulfillment.api.twitch.report_files import COLUMNS
from fulfillment.claim_counts import fold_changes
from fulfillment.ledger import Move, lock_claims, move_claims
from fulfillment.models import Claim
from fulfillment.resolve import resolve_due
from fulfillment.rules.states import State
from tests import factories as make
from tests.fulfillment.api.analytics.reading import DAY, MINUTE, NOW, fetch, lines, reports
from tests.watching import beat, count_all, make_source

pytestmark = pytest.mark.django_db

PLAYED = st.one_of(
    st.tuples(st.just("beat"), st.integers(-4320, -1), st.frozensets(st.sampled_from("abcd"), max_size=3)),
    st.tuples(st.just("claim"), st.integers(0, 4), st.integers(0, 3)),
    st.tuples(st.sampled_from(["deliver", "fail", "resend"]), st.integers(1, 3), st.integers(0, 9)),
    st.tuples(st.sampled_from(["count", "days", "fold"]), st.just(0), st.just(0)),
)


class Played:
    """A campaign, and beside it by the day what a few lists say of it."""

    def __init__(self) -> None:
        self.game = make.make_game()
        self.source = make_source(self.game)
        self.rewards = [make.make_reward(self.game, platform_ids={"kick": f"kick-{n}"}, image=False) for n in range(3)]
        self.campaign = make.make_campaign(
            self.game, rewards=self.rewards[:2], starts_at=NOW - 20 * DAY, published_at=NOW - 30 * DAY
        )
        CampaignPlatform.objects.create(
            campaign=self.campaign, platform="kick", platform_campaign_id="kick-one", counted_by="portal"
        )
        self.watched: set[tuple[str, int]] = set()
        self.happened: Counter[tuple[int, str, str]] = Counter()
        self.claims: list[Claim] = []

    def beat(self, minute: int, viewers: frozenset[str]) -> None:
        midnight = NOW.replace(hour=0)
        beat(self.source, viewers=sorted(viewers), minute=midnight + minute * MINUTE, received_at=NOW)
        self.watched |= {(viewer, minute) for viewer in viewers}

    def claim(self, days: int, reward: int) -> None:
        number = len(self.claims)
        claim = make.make_claim(
            self.game.organization,
            platform_reward_id=f"kick-{reward % 3}",
            platform_campaign_id="kick-one",
            platform_user_id=f"viewer-{number}",
            granted_at=NOW - days * DAY,
        )
        make.make_link(
            self.game,
            viewer=make.make_viewer(self.game.organization, platform_user_id=f"viewer-{number}"),
        )
        resolve_due(now=NOW)
        self.claims.append(claim)
        self.happened[-days, self._reward(claim), "claims"] += 1

    def _reward(self, claim: Claim) -> str:
        number = int(claim.platform_reward_id[-1])
        return self.rewards[number].pk if number < 2 else "none"

    def _move(self, number: int, before: tuple[State, ...], to: tuple[State, ...], days: int) -> Claim | None:
        if not self.claims:
            return None
        with transaction.atomic():
            [claim] = lock_claims([self.claims[number % len(self.claims)].pk])
            if claim.state not in before:
                return None
            for state in to:
                move_claims([Move(claim, state)], now=NOW - days * DAY)
        return claim

    def deliver(self, days: int, number: int) -> None:
        claim = self._move(number, (State.READY,), (State.DELIVERING, State.DELIVERED), days)
        if claim:
            self.happened[-days, self._reward(claim), "delivered"] += 1

    def fail(self, days: int, number: int) -> None:
        claim = self._move(number, (State.READY,), (State.DELIVERING, State.FAILED), days)
        if claim:
            self.happened[-days, self._reward(claim), "failed"] += 1

    def resend(self, days: int, number: int) -> None:
        self._move(number, (State.DELIVERED, State.FAILED), (State.READY,), days)

    def count(self, *_: int) -> None:
        count_all(now=NOW)

    def days(self, *_: int) -> None:
        bring_up_to_date(now=NOW, seconds=60)

    def fold(self, *_: int) -> None:
        fold_changes(limit=2)

    def expected(self) -> dict[tuple[int, str], tuple[int | None, ...]]:
        """Return the lines by day, counted from today, and reward; empty for the campaign's own."""
        lines: dict[tuple[int, str], tuple[int | None, ...]] = {}
        by_day: dict[int, list[tuple[str, int]]] = {}
        for viewer, minute in self.watched:
            by_day.setdefault(minute // 1440, []).append((viewer, minute))
        what = ("claims", "delivered", "failed")
        for day in range(-4, 0):
            rewards = sorted({reward for at, reward, _what in self.happened if at == day})
            for reward in rewards:
                lines[day, reward] = (None, None, *(self.happened[day, reward, one] for one in what))
            watched = by_day.get(day, [])
            if rewards or watched:
                sums = [sum(self.happened[day, reward, one] for reward in rewards) for one in what]
                lines[day, ""] = (len(watched), len({viewer for viewer, _minute in watched}), *sums)
        return lines


@settings(max_examples=20)
@example(
    [
        ("beat", -1, frozenset("ab")),
        ("claim", 1, 0),
        ("claim", 2, 2),
        ("deliver", 1, 0),
        ("count", 0, 0),
        ("days", 0, 0),
        ("beat", -1440, frozenset("a")),
        ("resend", 1, 0),
        ("deliver", 2, 0),
    ]
)
@given(st.lists(PLAYED, max_size=20))
def test_whatever_happens_the_file_says_what_a_few_lists_say(played: list[tuple[str, Any, Any]]) -> None:
    with time_machine.travel(NOW, tick=False), transaction.atomic():
        play = Played()
        for step, *arguments in played:
            getattr(play, step)(*arguments)
        count_all(now=NOW)
        client = make.make_api_client(play.game.organization)
        found: dict[tuple[int, str], tuple[int | None, ...]] = {}
        for report in reports(client):
            for line in lines(fetch(report["URL"])):
                day = (datetime.fromisoformat(line["date"]).replace(tzinfo=UTC) - NOW.replace(hour=0)).days
                key = (day, line["reward_id"])
                assert key not in found
                found[key] = tuple(int(line[column]) if line[column] else None for column in COLUMNS[7:])
        assert found == play.expected()
        transaction.set_rollback(True)
