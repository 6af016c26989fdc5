"""Several processes at the same moment, on connections of their own: what only the database can hold (L8)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from campaigns.models import Game
from linking.authorizing.asking import Answers, asked_of
from linking.authorizing.recording import record
from linking.authorizing.turns import check_due
from linking.authorizing.watching import watch_all
from linking.links import LinkRefused, add_consent, end_link, make_link
from linking.models import Link, ViewerAuthorization
from linking.rules.authorizing import ASKED_AGAIN
from portal.models import AuditEntry, PlatformCredential
from tests import factories
from tests.doubles.authorizations_server import AuthorizationsServer
from tests.factories import NOW
from tests.linking.authorizing.conftest import DAY, authorization, credential_at, linked
from tests.together import at_once

pytestmark = [pytest.mark.postgresql, pytest.mark.django_db(transaction=True)]
ROUNDS = 12
LATER = NOW + ASKED_AGAIN


@pytest.fixture
def game() -> Game:
    return factories.make_game()


@pytest.fixture
def server(settings: Any) -> Iterator[AuthorizationsServer]:
    settings.PORTAL_ALLOW_HTTP_LOOPBACK = True
    server = AuthorizationsServer()
    yield server
    server.stop()


def test_l9_two_processes_ask_once_for_each_viewer(game: Game, server: AuthorizationsServer) -> None:
    credential_at(game, server)
    links = linked(game, 30)
    server.granted = {link.viewer.platform_user_id: [] for link in links}
    check_due(clock=lambda: NOW - DAY)  # the turn is there
    assert at_once(*[lambda: check_due(clock=lambda: NOW)] * 4) == []
    assert sorted(user for users in server.asked for user in users) == sorted(server.granted)


def test_l8_a_second_silence_that_two_processes_write_down_ends_a_link_once(
    game: Game, server: AuthorizationsServer
) -> None:
    credential = credential_at(game, server)
    links = linked(game, 5)
    ViewerAuthorization.objects.update(missing_since=NOW)
    some = [asked_of(row) for row in ViewerAuthorization.objects.select_related("viewer")]
    silence = Answers(missing=[link.viewer_id for link in links])
    deed = lambda: record(credential, some, silence, doubted=False, now=LATER)  # noqa: E731
    assert at_once(*[deed] * 4) == []
    assert Link.objects.filter(end_reason="revoked", ended_at=LATER).count() == 5
    assert AuditEntry.objects.filter(action="unlinked").count() == 5


def test_l8_consent_at_the_moment_of_the_second_silence_leaves_a_link_that_stands(
    game: Game, server: AuthorizationsServer
) -> None:
    credential = credential_at(game, server)
    for _ in range(ROUNDS):
        (link,) = linked(game)
        record_silence = silence_about(credential, link)
        anew = lambda link=link: make_link(  # noqa: E731
            game=game, viewer=link.viewer, player=link.player, scopes=[], now=LATER
        )
        assert at_once(record_silence, anew) == []
        assert Link.objects.filter(viewer=link.viewer, ended_at=None).count() == 1
        row = authorization(link)
        assert (row.missing_since, row.due_at) == (None, LATER + DAY)


def test_l8_unlinking_at_the_moment_of_the_second_silence_ends_the_link_once_and_in_no_circle(
    game: Game, server: AuthorizationsServer
) -> None:
    credential = credential_at(game, server)
    for _ in range(ROUNDS):
        (link,) = linked(game)
        unlink = lambda link=link: end_link(link=link, reason="viewer", now=LATER)  # noqa: E731
        assert at_once(silence_about(credential, link), unlink, unlink) == []
        row = authorization(link)
        assert (row.due_at, row.missing_since) == (None, None)
    assert AuditEntry.objects.filter(action="unlinked").count() == ROUNDS


def test_l9_links_made_consented_to_and_ended_while_rows_are_written_wait_in_no_circle(
    game: Game, server: AuthorizationsServer
) -> None:
    credential = credential_at(game, server)
    links = linked(game, 20)
    some = [asked_of(row) for row in ViewerAuthorization.objects.select_related("viewer")]
    named = Answers(named={one.viewer_id: () for one in some})

    def consent() -> None:
        for link in reversed(links):
            add_consent(link=link, scopes=["a"], token=None, now=LATER)

    def relink() -> None:
        for link in links[::2]:
            end_link(link=link, reason="viewer", now=LATER)
            try:
                make_link(game=game, viewer=link.viewer, player=link.player, scopes=[], now=LATER)
            except LinkRefused:
                raise AssertionError("nobody else links them") from None

    keep = lambda: record(credential, some, named, doubted=False, now=LATER)  # noqa: E731
    net = lambda: watch_all(now=LATER, seconds=20, batch=3)  # noqa: E731
    assert at_once(consent, relink, keep, keep, net) == []
    net()
    assert ViewerAuthorization.objects.filter(due_at__isnull=False).count() == 20
    assert Link.objects.filter(ended_at=None).count() == 20


def silence_about(credential: PlatformCredential, link: Link) -> Callable[[], Any]:
    """Return what writes down that a viewer, who has been missing for an hour, is missing again."""
    ViewerAuthorization.objects.filter(pk=link.viewer_id).update(missing_since=NOW)
    one = asked_of(ViewerAuthorization.objects.select_related("viewer").get(pk=link.viewer_id))
    silence = Answers(missing=[link.viewer_id])
    return lambda: record(credential, [one], silence, doubted=False, now=LATER)
