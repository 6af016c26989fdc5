"""What is registered is looked at daily and stays so, as long as somebody is linked (L3, L10)."""

from __future__ import annotations

import pytest

from tests.campaigns.registering.twitch import DAY, HOUR, State, World, row
from tests.doubles.twitch_server import VHS
from tests.factories import NOW

pytestmark = pytest.mark.django_db


class TestKeepingUp:
    def test_l10_a_registration_that_is_gone_is_made_again(self, world: World) -> None:
        viewer, _grant = world.linked(scopes=["viewing_activity_read", "user_read"])
        world.server.connections.clear()
        world.run(NOW + HOUR)
        assert world.server.connections == {}
        world.run(NOW + DAY)
        assert world.server.connections == {viewer.platform_user_id: viewer.pk}
        assert (row(viewer).registered_at, row(viewer).checked_at) == (NOW + DAY, NOW + DAY)

    def test_l10_a_registration_under_another_identifier_is_set_right(self, world: World) -> None:
        viewer, _grant = world.linked(scopes=["viewing_activity_read", "user_read"])
        world.server.connections[viewer.platform_user_id] = "what another system wrote"
        world.run(NOW + DAY)
        assert world.server.connections == {viewer.platform_user_id: viewer.pk}

    def test_l10_a_registration_that_is_there_is_left_as_it_is(self, world: World) -> None:
        viewer, _grant = world.linked(scopes=["viewing_activity_read", "user_read"])
        world.run(NOW + DAY)
        assert (world.server.count("GET", VHS), world.server.count("PUT", VHS)) == (1, 1)
        assert (row(viewer).registered_at, row(viewer).checked_at) == (NOW, NOW + DAY)

    def test_l3_where_looking_needs_a_permission_that_is_not_asked_for_it_is_registered_again(
        self, world: World
    ) -> None:
        viewer, _grant = world.linked()
        world.server.connections.clear()
        world.run(NOW + DAY)
        assert world.server.connections == {viewer.platform_user_id: viewer.pk}
        assert row(viewer).state == State.REGISTERED
