"""Whatever comes in whatever order, the claims end where a simple model has them, and no slot has two holders (R4, L6)."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta

import pytest
from django.db import transaction
from hypothesis import example, given, settings
from hypothesis import strategies as st

from campaigns.hooks import call_claims_may_resolve
from campaigns.models import Campaign, CampaignPlatform, Viewer
from fulfillment.models import Claim, ClaimEvent, Delivery
from fulfillment.resolve import resolve_due
from fulfillment.rules.states import State
from linking.hooks import call_link_changed
from linking.models import Link, Player
from tests import factories as make
from tests.factories import NOW
from tests.fulfillment.test_resolve import World

pytestmark = pytest.mark.django_db

FAR = NOW + timedelta(days=1000)
USERS = 3
PLAYERS = 2

users = st.integers(0, USERS - 1)
steps = st.one_of(
    st.tuples(st.just("arrive"), users, st.integers(0, 50)),
    st.tuples(st.just("link"), users, st.integers(0, PLAYERS - 1)),
    st.tuples(st.just("unlink"), users, st.just(0)),
    st.tuples(st.just("attempt"), st.integers(0, 5), st.just(0)),
    st.tuples(st.sampled_from(["map", "unmap", "pause", "resume", "again"]), st.just(0), st.just(0)),
)

CROWD = [("arrive", 0, 5), ("arrive", 2, 4), ("arrive", 0, 3), ("link", 0, 0), ("link", 2, 0), ("link", 1, 1)]
"""Two users with one player and several claims: from here slots change hands."""


class Play:
    """The steps on the real tables. Users 0 and 1 are on Kick, user 2 on Twitch."""

    def __init__(self) -> None:
        self.world = World()
        self.claims: list[Claim] = []
        self.players: list[Player] = [make.make_player(self.world.game) for _ in range(PLAYERS)]
        for user in range(USERS):
            make.make_viewer(self.world.organization, self.platform(user), platform_user_id=str(user))

    @staticmethod
    def platform(user: int) -> str:
        return "twitch" if user == 2 else "kick"

    def arrive(self, user: int, minutes: int) -> None:
        granted = NOW - timedelta(minutes=minutes) + timedelta(microseconds=len(self.claims))
        self.claims.append(self.world.claim(self.platform(user), platform_user_id=str(user), granted_at=granted))

    def link(self, user: int, number: int) -> bool:
        viewer = Viewer.objects.get(organization=self.world.organization, platform_user_id=str(user))
        active = Link.objects.filter(game=self.world.game, ended_at=None)
        if active.filter(viewer=viewer).exists():
            return False
        if active.filter(player=self.players[number], platform=viewer.platform).exists():
            return False
        call_link_changed(make.make_link(self.world.game, viewer=viewer, player=self.players[number]), NOW)
        return True

    def unlink(self, user: int, _: int) -> None:
        for link in Link.objects.filter(game=self.world.game, viewer__platform_user_id=str(user), ended_at=None):
            link.ended_at, link.end_reason = NOW, "viewer"
            link.save()
            call_link_changed(link, NOW)

    def attempt(self, number: int, _: int) -> bool:
        """Have a ready claim sent once, without success."""
        if number >= len(self.claims):
            return False
        ready = Claim.objects.filter(pk=self.claims[number].pk, state=State.READY, attempted_at=None)
        Delivery.objects.filter(claim__in=ready).update(attempt=1, body="{}")
        return bool(ready.update(attempted_at=NOW))

    def map(self, *_: int) -> None:
        self._set_ids({"kick": "kick-autumn", "twitch": "twitch-autumn"})

    def unmap(self, *_: int) -> None:
        self._set_ids({"kick": "other-k", "twitch": "other-t"})

    def _set_ids(self, ids: dict[str, str]) -> None:
        for platform, value in ids.items():
            CampaignPlatform.objects.filter(campaign=self.world.campaign, platform=platform).update(
                platform_campaign_id=value
            )
        self._tell()

    def pause(self, *_: int) -> None:
        self._pause(True)

    def resume(self, *_: int) -> None:
        self._pause(False)

    def _pause(self, paused: bool) -> None:
        Campaign.objects.filter(pk=self.world.campaign.pk).update(deliveries_paused=paused)
        self._tell()

    def _tell(self) -> None:
        call_claims_may_resolve(organization_id=self.world.organization.pk, campaign_id=self.world.campaign.pk)

    def again(self, *_: int) -> None:
        Claim.objects.update(resolve_at=NOW)

    def settle(self, *, limit: int = 500) -> None:
        for _ in range(200):
            if not resolve_due(now=FAR, limit=limit):
                return
        raise AssertionError("resolving does not come to rest")

    def states(self) -> list[str]:
        found = dict(Claim.objects.values_list("pk", "state"))
        return [found[claim.pk] for claim in self.claims]


@dataclass
class Model:
    """The same in a few lines: who holds a slot keeps it while it may, the oldest of the others gets what is free."""

    claims: list[tuple[int, int]] = field(default_factory=list)  # user, minutes
    links: dict[int, int] = field(default_factory=dict)
    holders: dict[int, int] = field(default_factory=dict)  # claim, player
    attempted: set[int] = field(default_factory=set)
    mapped: bool = True
    paused: bool = False

    def states(self) -> list[str]:
        result = {number: self._base(number) for number in range(len(self.claims))}
        self.holders = {
            number: player
            for number, player in self.holders.items()
            if number in self.attempted
            or (result[number] == State.READY and self.links[self.claims[number][0]] == player)
        }
        for number in sorted(result, key=lambda number: (-self.claims[number][1], number)):
            if result[number] == State.READY and number not in self.holders:
                user = self.claims[number][0]
                player = self.links[user]
                held = [(self.claims[other][0], owner) for other, owner in self.holders.items()]
                if any(user == other or player == owner for other, owner in held):
                    result[number] = State.DUPLICATE
                else:
                    self.holders[number] = player
        return [result[number].value for number in range(len(self.claims))]

    def _base(self, number: int) -> State:
        user = self.claims[number][0]
        if number not in self.attempted:
            if not self.mapped:
                return State.QUARANTINED
            if user not in self.links:
                return State.WAITING
        return State.HELD if self.paused else State.READY

    def take(self, step: tuple[str, int, int], done: bool) -> None:
        name, first, second = step
        if name == "arrive":
            self.claims.append((first, second))
        elif name == "link" and done:
            self.links[first] = second
        elif name == "unlink":
            self.links.pop(first, None)
        elif name == "attempt" and done:
            self.attempted.add(first)
        elif name in ("map", "unmap"):
            self.mapped = name == "map"
        elif name in ("pause", "resume"):
            self.paused = name == "pause"


def assert_sound(play: Play) -> None:
    rows = list(Claim.objects.exclude(player_slot=None))
    assert max(Counter((row.campaign_reward_id, row.player_id) for row in rows).values(), default=0) <= 1
    assert max(Counter((row.campaign_reward_id, row.viewer_id) for row in rows).values(), default=0) <= 1
    taken = {row.player_id for row in rows}
    used = {row.viewer_id for row in rows}
    for claim in Claim.objects.all():
        holds = claim.player_slot is not None
        assert holds == (claim.viewer_slot is not None)
        assert holds == (claim.state == State.READY or (claim.state == State.HELD and claim.attempted_at is not None))
        if claim.state == State.DUPLICATE:
            assert claim.player_id in taken or claim.viewer_id in used
        delivery = Delivery.objects.filter(pk=claim.pk).first()
        assert (delivery is not None and delivery.due_at is not None) == (claim.state == State.READY)
        last = ClaimEvent.objects.filter(claim=claim).order_by("-pk").first()
        assert last is not None and (last.to_state, last.reason) == (claim.state, claim.reason)


@settings(max_examples=40)
@example(6, [("unlink", 0, 0)])
@example(6, [("attempt", 0, 0), ("unlink", 0, 0), ("link", 0, 1), ("unlink", 2, 0), ("pause", 0, 0), ("resume", 0, 0)])
@example(6, [("unmap", 0, 0), ("arrive", 2, 50), ("map", 0, 0), ("pause", 0, 0), ("arrive", 0, 50), ("resume", 0, 0)])
@given(st.integers(0, len(CROWD)), st.lists(steps, max_size=10))
def test_claims_end_where_the_model_has_them(crowd: int, played: list[tuple[str, int, int]]) -> None:
    with transaction.atomic():
        play, model = Play(), Model()
        for step in CROWD[:crowd] + played:
            done = getattr(play, step[0])(*step[1:])
            model.take(step, bool(done))
            play.settle()
            assert play.states() == model.states(), step
        assert_sound(play)
        before = ClaimEvent.objects.count()
        play.again()
        play.settle()
        assert play.states() == model.states()
        assert ClaimEvent.objects.count() == before
        transaction.set_rollback(True)


@settings(max_examples=25)
@given(st.lists(st.tuples(steps, st.integers(0, 2)), max_size=20))
def test_however_little_is_worked_out_at_a_time_no_slot_has_two_holders(
    played: list[tuple[tuple[str, int, int], int]],
) -> None:
    with transaction.atomic():
        play = Play()
        for step, limit in played:
            getattr(play, step[0])(*step[1:])
            if limit:
                resolve_due(now=FAR, limit=limit)
        play.settle(limit=2)
        assert_sound(play)
        transaction.set_rollback(True)
