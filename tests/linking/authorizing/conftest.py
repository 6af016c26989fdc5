"""What these tests share: a game whose Twitch says on loopback who authorizes the app, and viewers linked there."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest

from campaigns.models import Game
from linking.authorizing.turns import Run, check_due
from linking.authorizing.watching import watch
from linking.models import Link, ViewerAuthorization
from portal.models import PlatformCredential
from tests import factories
from tests.doubles.authorizations_server import AuthorizationsServer
from tests.factories import NOW

DAY = timedelta(days=1)
Linked = Callable[..., list[Link]]


@pytest.fixture
def server(settings: Any) -> Iterator[AuthorizationsServer]:
    settings.PORTAL_ALLOW_HTTP_LOOPBACK = True
    server = AuthorizationsServer()
    yield server
    server.stop()


@pytest.fixture
def credential(game: Game, server: AuthorizationsServer) -> PlatformCredential:
    return credential_at(game, server)


def credential_at(game: Game, server: AuthorizationsServer) -> PlatformCredential:
    return factories.make_credential(game.organization, "twitch", id_url=server.url, api_url=server.url)


def linked(game: Game, count: int = 1, *, now: datetime = NOW - DAY, **fields: Any) -> list[Link]:
    """Link viewers of Twitch at ``now``; they are due a day later."""
    links = []
    for _ in range(count):
        viewer = factories.make_viewer(game.organization, "twitch")
        links.append(factories.make_link(game, viewer=viewer, started_at=now, **fields))
        watch(viewer=viewer, now=now)
    return links


def check(now: datetime = NOW) -> Run:
    return check_due(clock=lambda: now)


def authorization(link: Link) -> ViewerAuthorization:
    return ViewerAuthorization.objects.get(pk=link.viewer_id)


def user_id(link: Link) -> str:
    return link.viewer.platform_user_id


def grant(server: AuthorizationsServer, *links: Link, scopes: tuple[str, ...] = ()) -> None:
    for link in links:
        server.granted[user_id(link)] = list(scopes)


def leave(server: AuthorizationsServer, *links: Link) -> None:
    for link in links:
        server.granted.pop(user_id(link), None)
