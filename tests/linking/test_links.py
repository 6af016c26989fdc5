"""Making and ending links: L5, L6, L7, L8."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection

from campaigns.models import Game, Viewer
from linking import hooks
from linking.links import LinkRefused, active_links, end_link, make_link
from linking.models import Link, Player
from portal.models import AuditEntry
from tests import factories
from tests.factories import NOW

pytestmark = pytest.mark.django_db

REASON = Link.EndReason.VIEWER


@pytest.fixture
def heard() -> Iterator[list[tuple[str, bool, datetime, bool]]]:
    """What the hooks were told: the link, whether it is active, when, and whether a transaction was open."""
    calls: list[tuple[str, bool, datetime, bool]] = []

    def listen(link: Link, now: datetime) -> None:
        calls.append((link.pk, link.ended_at is None, now, connection.in_atomic_block))

    hooks.link_changed.append(listen)
    yield calls
    hooks.link_changed.remove(listen)


def link(game: Game, viewer: Viewer, player: Player, now: datetime = NOW) -> Link:
    return make_link(game=game, viewer=viewer, player=player, scopes=["user:read"], now=now)


def test_l5_a_link_binds_viewer_and_player_and_is_told_and_recorded(game: Game, heard: list[Any]) -> None:
    user = factories.make_user()
    viewer, player = factories.make_viewer(game.organization), factories.make_player(game, user=user)
    made = link(game, viewer, player)
    assert (made.viewer, made.player, made.platform, made.scopes) == (viewer, player, "kick", "user:read")
    assert heard == [(made.pk, True, NOW, True)]
    viewer.refresh_from_db()
    assert viewer.user == user
    entry = AuditEntry.objects.get(action="linked")
    assert (entry.actor, entry.object_id, entry.organization) == (user, made.pk, game.organization)


def test_the_same_link_twice_is_one_link_and_tells_once(game: Game, heard: list[Any]) -> None:
    viewer, player = factories.make_viewer(game.organization), factories.make_player(game)
    assert link(game, viewer, player) == link(game, viewer, player, NOW + timedelta(seconds=1))
    assert (Link.objects.count(), len(heard)) == (1, 1)


def test_l6_a_viewer_of_another_player_is_refused_and_stays_there(game: Game, heard: list[Any]) -> None:
    viewer, first, second = factories.make_viewer(game.organization), *(factories.make_player(game) for _ in "ab")
    standing = link(game, viewer, first)
    with pytest.raises(LinkRefused) as refused:
        link(game, viewer, second)
    assert refused.value.code == "viewer_taken"
    assert viewer.name in str(refused.value.sentence) and "unlink" in str(refused.value.way_out)
    assert list(Link.objects.filter(ended_at=None)) == [standing] and len(heard) == 1


def test_l6_a_player_with_another_viewer_of_the_platform_is_refused(game: Game) -> None:
    one, two = (factories.make_viewer(game.organization) for _ in "ab")
    player = factories.make_player(game)
    link(game, one, player)
    with pytest.raises(LinkRefused) as refused:
        link(game, two, player)
    assert refused.value.code == "player_taken" and one.name in str(refused.value.sentence)


def test_l5_one_player_may_have_a_viewer_on_each_platform_and_a_viewer_a_player_in_each_game(game: Game) -> None:
    player = factories.make_player(game)
    kick, twitch = (factories.make_viewer(game.organization, platform) for platform in ("kick", "twitch"))
    link(game, kick, player)
    link(game, twitch, player)
    other = factories.make_game(game.organization)
    link(other, kick, factories.make_player(other))
    assert Link.objects.filter(ended_at=None).count() == 3


def test_i4_another_organizations_game_links_the_same_platform_user_freely(game: Game) -> None:
    link(game, factories.make_viewer(game.organization, platform_user_id="77"), factories.make_player(game))
    other = factories.make_game(factories.make_organization())
    link(other, factories.make_viewer(other.organization, platform_user_id="77"), factories.make_player(other))
    assert Link.objects.filter(viewer__platform_user_id="77", ended_at=None).count() == 2
    with pytest.raises(ValueError, match="belong"):
        link(other, factories.make_viewer(game.organization), factories.make_player(other))
    with pytest.raises(ValueError, match="belong"):
        link(game, factories.make_viewer(game.organization), factories.make_player(other))


@pytest.mark.parametrize(
    ("cool_down", "hours_later", "same_player", "allowed"),
    [
        (0, 0, False, True),
        (24, 0, False, False),
        (24, 23.9, False, False),
        (24, 24, False, True),
        (24, 0, True, True),
        (24, 400, False, True),
    ],
)
def test_l6_relinking_obeys_the_games_cool_down(
    game: Game, cool_down: int, hours_later: float, same_player: bool, allowed: bool
) -> None:
    Game.objects.filter(pk=game.pk).update(relink_cool_down_hours=cool_down)
    game.refresh_from_db()
    viewer, first, second = factories.make_viewer(game.organization), *(factories.make_player(game) for _ in "ab")
    end_link(link=link(game, viewer, first), reason=REASON, now=NOW)
    target, now = first if same_player else second, NOW + timedelta(hours=hours_later)
    if allowed:
        assert link(game, viewer, target, now).ended_at is None
        return
    with pytest.raises(LinkRefused) as refused:
        link(game, viewer, target, now)
    assert (refused.value.code, refused.value.until) == ("cool_down", NOW + timedelta(hours=cool_down))


def test_l5_l8_ending_keeps_the_row_with_time_and_reason_and_is_told_once(game: Game, heard: list[Any]) -> None:
    user = factories.make_user()
    viewer = factories.make_viewer(game.organization)
    made = link(game, viewer, factories.make_player(game, user=user))
    later = NOW + timedelta(hours=1)
    end_link(link=made, reason=REASON, now=later, actor=user)
    end_link(link=made, reason="staff", now=later + timedelta(hours=1))
    stored = Link.objects.get()
    assert (stored.ended_at, stored.end_reason) == (later, "viewer")
    assert heard[1:] == [(made.pk, False, later, True)]
    viewer.refresh_from_db()
    assert viewer.user is None and not active_links(user).exists()
    assert AuditEntry.objects.filter(action="unlinked").count() == 1
    with pytest.raises(ValueError, match="nonsense"):
        end_link(link=made, reason="nonsense", now=later)


@pytest.mark.parametrize("rival", ["viewer", "player", "same"])
def test_l5_a_race_ends_in_the_constraint_and_is_told_like_any_refusal(game: Game, rival: str) -> None:
    """The rival's row appears after the checks and before ours, which is what two requests at once can do.

    On this one connection it goes again with the transaction that the refusal ends.
    """
    viewer, player = factories.make_viewer(game.organization), factories.make_player(game)
    other_viewer, other_player = factories.make_viewer(game.organization), factories.make_player(game)
    pair = {"viewer": (viewer, other_player), "player": (other_viewer, player), "same": (viewer, player)}[rival]
    inserted: list[Link] = []
    savepoints: list[str] = []

    def insert_rival(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if sql.startswith("SAVEPOINT"):
            savepoints.append(sql)
            if len(savepoints) == 2:  # the checks are done, the insert is about to come
                inserted.append(factories.make_link(game, viewer=pair[0], player=pair[1]))
        return execute(sql, params, many, context)

    with connection.execute_wrapper(insert_rival):
        if rival == "same":
            assert link(game, viewer, player) == inserted[0]
        else:
            with pytest.raises(LinkRefused) as refused:
                link(game, viewer, player)
            assert refused.value.code == f"{rival}_taken"
    assert len(inserted) == 1 and Link.objects.count() == (1 if rival == "same" else 0), "ours was not made"


def test_l8_whoever_unlinks_is_not_taken_for_the_viewer_any_more_while_another_game_is_linked(game: Game) -> None:
    elsewhere = factories.make_game(game.organization)
    viewer = factories.make_viewer(game.organization)
    stays = factories.make_player(game, user=factories.make_user())
    leaves = factories.make_player(elsewhere, user=factories.make_user())
    link(game, viewer, stays)
    ending = link(elsewhere, viewer, leaves, NOW + timedelta(hours=1))
    viewer.refresh_from_db()
    assert viewer.user == leaves.user
    end_link(link=ending, reason=Link.EndReason.VIEWER, now=NOW + timedelta(hours=2))
    viewer.refresh_from_db()
    assert viewer.user == stays.user
