"""With the last link the registration goes, then the token, then its copies, whatever the platform answers (L8, L9, L10)."""

from __future__ import annotations

import pytest

from campaigns.models import RegisteredIdentifier
from campaigns.registering.wanting import unwant_identifiers
from campaigns.rules.registering import MOST_REMOVALS, SETTLE
from tests.campaigns.registering.twitch import DAY, HOUR, State, World, row, tokens_of
from tests.doubles.twitch_server import VHS
from tests.factories import NOW

pytestmark = pytest.mark.django_db


class TestRemoving:
    def test_l10_with_the_last_link_the_registration_goes_then_the_token_then_its_copies(self, world: World) -> None:
        viewer, grant = world.linked()
        assert unwant_identifiers(viewer_ids=[viewer.pk], now=NOW) == 1
        world.run(NOW + SETTLE)
        assert (world.server.connections, grant.ended) == ({}, True)
        found = row(viewer)
        assert (found.state, found.due_at, found.registered_at, found.checked_at) == (
            State.UNWANTED,
            None,
            None,
            NOW + SETTLE,
        )
        assert tokens_of(viewer) == ("", "", None)
        assert unwant_identifiers(viewer_ids=[viewer.pk], now=NOW) == 0

    def test_l10_a_later_link_wants_it_again(self, world: World) -> None:
        viewer, _grant = world.linked()
        unwant_identifiers(viewer_ids=[viewer.pk], now=NOW)
        world.run(NOW + SETTLE)
        world.want(viewer, world.server.grant(viewer.platform_user_id), now=NOW + HOUR)
        assert row(viewer).due_at == NOW + HOUR
        world.run(NOW + HOUR)
        assert world.server.connections == {viewer.platform_user_id: viewer.pk}
        assert RegisteredIdentifier.objects.count() == 1

    def test_l10_a_link_made_before_the_removal_was_done_cancels_it_even_without_a_new_token(
        self, world: World
    ) -> None:
        viewer, _grant = world.linked()
        unwant_identifiers(viewer_ids=[viewer.pk], now=NOW)
        world.want(viewer, None)
        assert (row(viewer).state, row(viewer).due_at) == (State.WANTED, NOW + SETTLE)
        world.run(NOW + SETTLE)
        assert row(viewer).state == State.REGISTERED
        assert world.server.count("DELETE", VHS) == 0

    def test_l8_a_viewer_who_withdrew_the_authorization_needs_no_removal(self, world: World) -> None:
        viewer, _grant = world.linked()
        world.server.end(viewer.platform_user_id)
        unwant_identifiers(viewer_ids=[viewer.pk], now=NOW)
        world.run(NOW + SETTLE)
        assert (row(viewer).state, row(viewer).due_at) == (State.UNWANTED, None)
        assert tokens_of(viewer) == ("", "", None)

    def test_l9_a_lapsed_one_is_removed_without_a_call(self, world: World) -> None:
        viewer, _grant = world.linked(scopes=[])
        calls = len(world.server.calls)
        assert unwant_identifiers(viewer_ids=[viewer.pk], now=NOW) == 1
        world.run(NOW + DAY)
        assert (row(viewer).state, row(viewer).due_at, len(world.server.calls)) == (State.UNWANTED, None, calls)

    def test_an_expired_token_is_refreshed_in_order_to_remove(self, world: World) -> None:
        viewer, grant = world.linked()
        grant.expired = True
        unwant_identifiers(viewer_ids=[viewer.pk], now=NOW)
        world.run(NOW + SETTLE)
        assert world.server.connections == {}
        assert all(one.ended or one.expired for one in world.server.grants)

    def test_l9_a_platform_that_never_answers_keeps_no_token_for_more_than_a_day(self, world: World) -> None:
        viewer, _grant = world.linked()
        unwant_identifiers(viewer_ids=[viewer.pk], now=NOW)
        world.server.fail("DELETE", VHS, *[500] * MOST_REMOVALS)
        now = NOW + SETTLE
        for _ in range(MOST_REMOVALS):
            world.run(now)
            now = row(viewer).due_at or now
        assert now < NOW + DAY
        assert (row(viewer).state, row(viewer).due_at, row(viewer).last_error) == (State.UNWANTED, None, "status:500")
        assert tokens_of(viewer) == ("", "", None)

    @pytest.mark.parametrize("killed_after", ["DELETE", "POST"])
    def test_a_removal_that_was_half_done_goes_on(self, world: World, killed_after: str) -> None:
        viewer, grant = world.linked()
        unwant_identifiers(viewer_ids=[viewer.pk], now=NOW)
        world.server.connections.clear()
        grant.ended = killed_after == "POST"
        world.run(NOW + SETTLE)
        assert (row(viewer).due_at, tokens_of(viewer)) == (None, ("", "", None))
