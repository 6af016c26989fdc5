"""Several requests at the same moment, on connections of their own: what only the database can hold (L2, L5)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from typing import Any

import pytest

from linking.links import LinkRefused, make_link
from linking.models import GameSignIn, Link, Player
from linking.players import redeem_link_token
from linking.rules.link_tokens import TokenRefused
from tests import factories
from tests.factories import NOW
from tests.linking.test_link_tokens import SECRET, minted
from tests.together import at_once

pytestmark = [pytest.mark.postgresql, pytest.mark.django_db(transaction=True)]


def outcomes(deeds: list[Callable[[], Any]]) -> list[str]:
    """Do all at once; return for each "done" or the code of its refusal, sorted."""
    found: list[str] = []

    def work(deed: Callable[[], Any]) -> None:
        try:
            deed()
            found.append("done")
        except LinkRefused as refusal:
            found.append(refusal.code)
        except TokenRefused as refusal:
            found.append(refusal.fault)

    assert at_once(*(partial(work, deed) for deed in deeds)) == []
    return sorted(found)


def test_l5_eight_players_who_want_one_viewer_at_once_get_one_link() -> None:
    game = factories.make_game()
    viewer = factories.make_viewer(game.organization)
    players = [factories.make_player(game) for _ in range(8)]

    def deed(player: Player) -> Callable[[], Any]:
        return lambda: make_link(game=game, viewer=viewer, player=player, scopes=[], now=NOW)

    assert outcomes([deed(player) for player in players]) == ["done"] + ["viewer_taken"] * 7
    assert Link.objects.count() == 1


def test_l5_one_confirmation_sent_eight_times_at_once_is_one_link() -> None:
    game = factories.make_game()
    viewer, player = factories.make_viewer(game.organization), factories.make_player(game)
    deed = lambda: make_link(game=game, viewer=viewer, player=player, scopes=[], now=NOW)  # noqa: E731
    assert outcomes([deed] * 8) == ["done"] * 8
    assert Link.objects.count() == 1


def test_l2_a_token_pressed_eight_times_at_once_is_used_once() -> None:
    game = factories.make_game()
    GameSignIn.objects.create(game=game, method="link_token", token_secret=SECRET)
    now = datetime.now(UTC)
    token = minted(now, aud=game.pk)
    deed = lambda: redeem_link_token(game=game, token=token, now=now)  # noqa: E731
    assert outcomes([deed] * 8) == ["done"] + ["used"] * 7
    assert Player.objects.count() == 1
