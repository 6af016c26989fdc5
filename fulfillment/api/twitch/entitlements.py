"""Twitch's entitlements: list them, and set their status (Helix, Get and Update Drops Entitlements) (A1 to A5, D3)."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from django.http import HttpResponse
from django.utils import timezone
from rest_framework.request import Request

from campaigns.models import Game, Viewer
from fulfillment.api.callers import Caller
from fulfillment.api.pages import Query, find_game, read_page
from fulfillment.api.problems import Problem
from fulfillment.api.twitch.asking import Asked, Update, read_parameters, read_update
from fulfillment.api.twitch.base import HelixView
from fulfillment.api.twitch.cursors import cursor_of
from fulfillment.api.twitch.names import find_names
from fulfillment.api.twitch.shape import COLUMNS, WIDE_COLUMNS, own_items, wide_items
from fulfillment.api.views import json_response
from fulfillment.fulfilling import Answer, Said, find_claims, say
from fulfillment.rules.scopes import CLAIMS_READ, CLAIMS_WRITE
from linking.models import Player
from portal.platforms.twitch import TWITCH

_RESULTS = {
    Answer.DONE: "SUCCESS",
    Answer.READ_ONLY: "UNAUTHORIZED",
    Answer.UNKNOWN: "NOT_FOUND",
    Answer.NOT_NOW: "UPDATE_FAILED",
}
_INVALID = "INVALID_ID"


class UpdateEntitlements(HelixView):
    """Where the published contract has the update: a path of its own."""

    http_method_names = ["patch"]
    scopes = {"GET": CLAIMS_READ, "PATCH": CLAIMS_WRITE}

    def patch(self, request: Request) -> HttpResponse:
        """Set the status of 1 to 100 entitlements, and tell what became of each, grouped by result."""
        update = read_update(self.json_body(request))
        return json_response({"data": update_entitlements(self.caller, update)})


class Entitlements(UpdateEntitlements):
    """The entitlements of the token's organization, or with a player's token of that player alone."""

    http_method_names = ["get", "head", "patch"]

    def get(self, request: Request) -> HttpResponse:
        """List entitlements in the order in which they became visible."""
        return json_response(list_entitlements(self.caller, read_parameters(request.query_params)))


def list_entitlements(caller: Caller, asked: Asked) -> dict[str, Any]:
    """Return a page as Helix does; ``pagination`` is empty on the last. Raises ``Problem``."""
    if caller.user is not None and asked.user_id is not None:
        _demand_own_id(caller, asked.user_id)
    wide = caller.client.other_platforms
    query = Query(
        shape=TWITCH.key,
        limit=asked.first + 1,  # one more than is shown tells whether there is another page
        after=asked.after,
        claim_ids=asked.ids,
        user_id=asked.user_id,
        game=_game(caller, asked.game_id) if asked.game_id is not None else None,
        fulfilled=asked.fulfilled,
    )
    found = read_page(caller, query, WIDE_COLUMNS if wide else COLUMNS)
    rows = found[: asked.first]
    names = find_names(rows, wide=wide)
    items = wide_items(rows, names) if wide else own_items(rows, names)
    if asked.ids:
        _demand_known(caller, asked.ids, {item["id"] for item in items})
    return {"data": items, "pagination": {"cursor": cursor_of(rows[-1][-1])} if len(found) > len(rows) else {}}


def update_entitlements(caller: Caller, update: Update) -> list[dict[str, Any]]:
    """Set a status and return Helix's groups: a result and the ids that had it. A group without ids is left out."""
    said = [Said(claim_id, fulfilled=update.fulfilled) for claim_id in update.ids]
    answers = say(caller=caller, shape=TWITCH.key, sayings=said, now=timezone.now()) if said else {}
    groups: dict[str, list[str]] = {result: [] for result in (*_RESULTS.values(), _INVALID)}
    for claim_id, answer in answers.items():
        groups[_RESULTS[answer]].append(claim_id)
    groups[_INVALID] += update.invalid
    return [{"status": result, "ids": ids} for result, ids in groups.items() if ids]


def _game(caller: Caller, game_id: str) -> Game:
    game = find_game(caller, game_id, shape=TWITCH.key)
    if game is None:
        raise Problem(HTTPStatus.FORBIDDEN, "The organization does not own the game that game_id names.")
    return game


def _demand_own_id(caller: Caller, user_id: str) -> None:
    """Refuse another user's id. A player's token lists the player's entitlements with its own id as without."""
    organization = caller.organization_id
    of_twitch = Viewer.objects.filter(
        organization=organization, platform=TWITCH.key, user=caller.user, platform_user_id=user_id
    )
    of_game = Player.objects.filter(game__organization=organization, user=caller.user, player_id=user_id)
    if of_twitch.exists() or (caller.client.other_platforms and of_game.exists()):
        return
    raise Problem(HTTPStatus.BAD_REQUEST, "user_id must match the user ID in the user access token.")


def _demand_known(caller: Caller, ids: tuple[str, ...], listed: set[str]) -> None:
    """Refuse ids that the caller may not see, whether or not there is such a claim (A2). Those out of sight are known."""
    others = [claim_id for claim_id in ids if claim_id not in listed]
    if others and len(find_claims(caller, TWITCH.key, others)) < len(others):
        raise Problem(HTTPStatus.FORBIDDEN, "The organization does not own an entitlement that id names.")
