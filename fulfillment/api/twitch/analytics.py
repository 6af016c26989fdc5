"""Twitch's game analytics (Helix, Get Game Analytics): a report for each game, as a link to its file (A1, A2, C8).

The seed's contract has it take a client's own token, the live API a user's alone: here both do. A user is a member of the
client's organization, who may see its campaigns (S1).
"""

from __future__ import annotations

from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

from django.http import HttpResponse
from django.utils import timezone
from rest_framework.request import Request

from campaigns.models import Game
from campaigns.rules.days import day_number, midnight_of
from fulfillment.api.callers import Caller
from fulfillment.api.pages import find_game
from fulfillment.api.problems import Problem
from fulfillment.api.twitch.base import HelixView
from fulfillment.api.twitch.names import shown_game_ids
from fulfillment.api.twitch.report_files import Report, link_to, may_see
from fulfillment.api.twitch.reports_asking import REPORT_TYPE, Asked, cursor_of, read_parameters
from fulfillment.api.views import json_response
from fulfillment.daily import Days, games_with_activity
from fulfillment.rules.scopes import ANALYTICS
from portal.platforms.twitch import TWITCH


class GameAnalytics(HelixView):
    """The reports of the games of the token's organization."""

    http_method_names = ["get", "head"]
    scopes = {"GET": ANALYTICS}

    def get(self, request: Request) -> HttpResponse:
        """List a link for each game in whose campaigns anything happened in the days that are asked about."""
        asked = read_parameters(request.query_params, today=day_number(timezone.now()))
        return json_response(list_reports(self.caller, asked))


def list_reports(caller: Caller, asked: Asked) -> dict[str, Any]:
    """Return a page as Helix does; ``pagination`` is empty on the last. Raises ``Problem``."""
    games = games_with_activity(caller.organization_id, asked.days)
    allowed = may_see(caller.client, caller.user)
    if asked.game_id is not None:
        game = find_game(caller, asked.game_id, shape=TWITCH.key) if allowed else None
        if game is None:
            raise Problem(HTTPStatus.NOT_FOUND, "The game that game_id names was not found.")
        found = list(games.filter(pk=game.pk))
    else:
        page = games.filter(pk__gt=asked.after).order_by("pk")
        found = list(page[: asked.first + 1]) if allowed else []  # one more than is shown tells of another page
    shown = found[: asked.first]
    return {
        "data": _reports(caller, shown, asked.days),
        "pagination": {"cursor": cursor_of(shown[-1].pk)} if len(found) > len(shown) else {},
    }


def _reports(caller: Caller, games: Sequence[Game], days: Days) -> list[dict[str, Any]]:
    ids = shown_game_ids(game.pk for game in games)
    first, last = days
    return [
        {
            "game_id": ids[game.pk],
            "URL": link_to(Report(caller.client.pk, caller.user.pk if caller.user else None, game.pk, first, last)),
            "type": REPORT_TYPE,
            "date_range": {"started_at": midnight_of(first), "ended_at": midnight_of(last)},
        }
        for game in games
    ]
