"""``GET /game-state/v1/broadcasters``: for whom a game server may stream, by its own players' ids, and who of them is live."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.http import HttpResponse
from django.utils import timezone
from rest_framework.request import Request

from campaigns.channel_of import channels_of_viewers
from campaigns.game_state.live import Liveness, look_at, make_rows
from campaigns.models import Channel, Game
from fulfillment.api.callers import Caller
from fulfillment.api.game_state.asking import demanded_id, player_ids, wrong
from fulfillment.api.game_state.base import GameStateView, allowed_game
from fulfillment.api.views import json_response
from fulfillment.game_state.broadcasters import id_of_channel, standing_links
from fulfillment.rules.scopes import GAME_STATE_READ, GAME_STATE_WRITE
from linking.models import Link, Player


class Broadcasters(GameStateView):
    """The broadcasters that a game's players are. A person's token sees that person's own players alone."""

    any_scope = (GAME_STATE_READ, GAME_STATE_WRITE)

    def get(self, request: Request) -> HttpResponse:
        """List for each player the linked broadcasters."""
        ids = player_ids(request.query_params)
        game = allowed_game(self.caller, demanded_id(request.query_params, "game_id"))
        if not ids:
            if self.caller.user is None:
                raise wrong("player_id is missing: give it once for each player.")
            ids = list(
                Player.objects.filter(game=game, user=self.caller.user)
                .order_by("pk")
                .values_list("player_id", flat=True)
            )
        return json_response({"data": broadcasters_of(self.caller, game, ids, now=timezone.now())})


def broadcasters_of(caller: Caller, game: Game, ids: Sequence[str], *, now: datetime) -> list[dict[str, Any]]:
    """Return for each player id its linked broadcasters; none for players who are unknown, or not the caller's to see.

    Their channels are known from then on, so that the portal is told, or asks, whether they stream.
    """
    links = standing_links().filter(game=game, player__player_id__in=ids).select_related("viewer", "player")
    if caller.user is not None:
        links = links.filter(player__user=caller.user)
    found = list(links.order_by("platform"))
    channels = channels_of_viewers([link.viewer for link in found])
    live = look_at([channel.pk for channel in channels.values()], now=now)
    make_rows([key for key, one in live.items() if one.known_at is None])
    by_player: dict[str, list[Link]] = defaultdict(list)
    for link in found:
        by_player[link.player.player_id].append(link)
    return [
        {"player_id": one, "broadcasters": [_shown(channels[link.viewer_id], live) for link in by_player[one]]}
        for one in ids
    ]


def _shown(channel: Channel, live: dict[str, Liveness]) -> dict[str, Any]:
    standing = live[channel.pk]
    return {
        "id": id_of_channel(channel),
        "platform": channel.platform,
        "login": channel.login,
        "name": channel.name,
        "live": standing.live,
        "known_at": standing.known_at,
    }
