"""A studio whose game servers and overlays ask about game state."""

from __future__ import annotations

from typing import Any

from django.test import Client

from campaigns.channel_of import channel_of_viewer
from campaigns.models import Channel, Game, GameSession
from fulfillment.models import ApiClient
from linking.models import Link
from portal.models import User
from tests import factories as make

ROOT = "/game-state/v1/"


class GameStudio:
    """A game, a client that may stream and read its state, and people who play and stream it."""

    def __init__(self, **client: Any) -> None:
        self.game: Game = make.make_game()
        self.client: ApiClient = make.make_api_client(self.game.organization, **client)
        make.allow_game_state(self.client, self.game)
        self.token = make.make_api_token(self.client)

    def streamer(
        self, player_id: str = "", platform: str = "twitch", *, game: Game | None = None, user: User | None = None
    ) -> Link:
        """Make a player whose account is linked."""
        game = game or self.game
        fields = {"player_id": player_id} if player_id else {}
        viewer = make.make_viewer(game.organization, platform, login="mira", name="Mira")
        return make.make_link(game, viewer=viewer, player=make.make_player(game, user=user, **fields))

    def channel(self, link: Link) -> Channel:
        return channel_of_viewer(link.viewer)

    def session(self, *links: Link, game: Game | None = None, **fields: Any) -> GameSession:
        return make.make_game_session(game or self.game, *[self.channel(link) for link in links], **fields)

    def persons(self, user: User, *scopes: str) -> str:
        """Return the token of a person who allowed the client these scopes by name."""
        return make.make_api_token(self.client, user=user, scopes=scopes)

    def ask(self, call: str, token: str | None = None, *, etag: str = "", **parameters: Any) -> Any:
        headers = {"Authorization": f"Bearer {self.token if token is None else token}"}
        if etag:
            headers["If-None-Match"] = etag
        return Client().get(ROOT + call, parameters, headers=headers)


def named(link: Link) -> str:
    return f"{link.platform}:{link.viewer.platform_user_id}"
