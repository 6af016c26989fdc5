"""A worker that dies between call and record, or is overtaken, loses no registration and no token (L9, O4)."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from campaigns.registering.calls import Leased, perform
from campaigns.registering.leasing import LEASE, lease_due, record
from campaigns.registering.wanting import unwant_identifiers
from campaigns.rules.registering import SETTLE
from tests.campaigns.registering.twitch import State, World, row, tokens_of
from tests.factories import NOW

pytestmark = pytest.mark.django_db


class TestKilled:
    """A process that dies between call and record leaves a lease that runs out."""

    def lease(self, world: World, now: datetime = NOW) -> Leased:
        (leased,) = lease_due(credential_id=world.credential.pk, limit=5, now=now)
        return leased

    def test_o4_what_was_called_but_not_recorded_is_called_again_and_is_the_same(self, world: World) -> None:
        viewer = world.viewer()
        world.want(viewer, world.server.grant(viewer.platform_user_id))
        perform(self.lease(world))
        assert (row(viewer).state, row(viewer).due_at) == (State.WANTED, NOW + LEASE)
        assert str(world.run()) == "nothing was due"
        world.run(NOW + LEASE)
        assert row(viewer).state == State.REGISTERED
        assert world.server.connections == {viewer.platform_user_id: viewer.pk}

    def test_what_was_turned_round_during_a_call_is_not_overwritten_by_its_record(self, world: World) -> None:
        viewer = world.viewer()
        world.want(viewer, world.server.grant(viewer.platform_user_id))
        leased = self.lease(world)
        result = perform(leased)
        unwant_identifiers(viewer_ids=[viewer.pk], now=NOW)
        assert not record(leased, result, now=NOW, random=lambda: 0.0)
        assert (row(viewer).state, row(viewer).due_at) == (State.UNWANTED, NOW + SETTLE)
        world.run(NOW + SETTLE)
        assert world.server.connections == {}

    def test_l9_new_tokens_are_kept_even_if_the_row_was_turned_round_meanwhile(self, world: World) -> None:
        viewer = world.viewer()
        world.want(viewer, world.server.grant(viewer.platform_user_id), expires_in=timedelta(0))
        leased = self.lease(world)
        result = perform(leased)
        unwant_identifiers(viewer_ids=[viewer.pk], now=NOW)
        record(leased, result, now=NOW, random=lambda: 0.0)
        assert tokens_of(viewer)[0] == world.server.grants[-1].access
        assert row(viewer).state == State.UNWANTED

    def test_l9_tokens_of_a_newer_consent_are_not_replaced_by_a_late_refresh(self, world: World) -> None:
        viewer = world.viewer()
        world.want(viewer, world.server.grant(viewer.platform_user_id), expires_in=timedelta(0))
        leased = self.lease(world)
        result = perform(leased)
        newer = world.server.grant(viewer.platform_user_id)
        world.want(viewer, newer)
        record(leased, result, now=NOW, random=lambda: 0.0)
        assert tokens_of(viewer)[:2] == (newer.access, newer.refresh)
