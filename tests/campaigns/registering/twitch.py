"""A game whose viewers are registered with Twitch, and a real server that answers as Twitch does."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from campaigns.models import HeartbeatSource, RegisteredIdentifier, Viewer
from campaigns.registering.running import Run, run_due
from campaigns.registering.tokens import ViewerToken
from campaigns.registering.wanting import want_identifiers
from tests.doubles.twitch_server import Grant, TwitchServer
from tests.factories import NOW, make_credential, make_game, make_organization, make_viewer
from tests.watching import make_source

HOUR, DAY, MINUTE = timedelta(hours=1), timedelta(days=1), timedelta(minutes=1)
State = RegisteredIdentifier.State


class World:
    """A game whose Twitch heartbeats name viewers by registered identifiers, and Twitch itself."""

    def __init__(self, server: TwitchServer) -> None:
        self.server = server
        self.organization = make_organization()
        self.game = make_game(self.organization)
        self.credential = make_credential(
            self.organization,
            "twitch",
            client_id=server.client_id,
            client_secret=server.client_secret,
            id_url=server.url,
            api_url=server.url,
        )
        self.source = self.add_source()

    def add_source(self, **fields: Any) -> HeartbeatSource:
        return make_source(self.game, "registered", "twitch", credential=self.credential, **fields)

    def viewer(self) -> Viewer:
        return make_viewer(self.organization, "twitch")

    def want(
        self, viewer: Viewer, grant: Grant | None, *, now: datetime = NOW, expires_in: timedelta = 4 * HOUR
    ) -> int:
        token = grant and ViewerToken(
            access_token=grant.access, refresh_token=grant.refresh, expires_at=now + expires_in
        )
        return want_identifiers(game_id=self.game.pk, viewer=viewer, token=token, now=now)

    def linked(self, *, now: datetime = NOW, **grant: Any) -> tuple[Viewer, Grant]:
        """Make a viewer who is registered at ``now``."""
        viewer = self.viewer()
        given = self.server.grant(viewer.platform_user_id, **grant)
        self.want(viewer, given, now=now)
        self.run(now)
        return viewer, given

    def run(self, now: datetime = NOW) -> Run:
        return run_due(clock=lambda: now, random=lambda: 0.0)


def row(viewer: Viewer) -> RegisteredIdentifier:
    return RegisteredIdentifier.objects.get(viewer=viewer)


def tokens_of(viewer: Viewer) -> tuple[str, str, datetime | None]:
    found = row(viewer)
    return str(found.access_token), str(found.refresh_token), found.token_expires_at
