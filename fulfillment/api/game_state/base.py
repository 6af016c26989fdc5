"""What all calls about game state have in common: plain errors, and that pages of every site may call them.

Overlays run in browsers, on whatever site. Who calls is told by the token alone, never by a cookie, so that any site may
be allowed to.
"""

from __future__ import annotations

from collections.abc import Sequence
from http import HTTPStatus
from typing import Any, ClassVar

from django.http import HttpResponse
from rest_framework.request import Request

from campaigns.models import Game
from fulfillment.api.callers import Caller
from fulfillment.api.problems import Problem
from fulfillment.api.views import PartnerView
from fulfillment.models import GameStateClient

NO_SUCH_GAME = "There is no such game: game_id is the id that the portal gave the game."
NOT_ALLOWED = "The client may not use the state of this game: an owner of the studio allows it on the client's page."
NOT_ENABLED = "The organization of the client is not enabled."

_PREFLIGHT_SECONDS = 86_400


class GameStateView(PartnerView):
    """One call about game state."""

    shape = "game-state"
    http_method_names = ["get", "head", "options"]
    any_scope: ClassVar[Sequence[str]] = ()
    """The scopes of which a client must have one."""

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Find out who asks, but for a browser's question whether a page may call: that comes without a token."""
        if request.method != "OPTIONS":
            super().initial(request, *args, **kwargs)

    def problem_body(self, status: int, message: str) -> dict[str, Any]:
        """Return the body of a refusal."""
        return {"status": status, "message": message}

    def admit(self, request: Request, caller: Caller) -> None:
        """Refuse whose organization is disabled, and who has none of the scopes. Raises ``Problem``."""
        if not caller.client.organization.enabled:
            raise Problem(HTTPStatus.FORBIDDEN, NOT_ENABLED)
        if not any(caller.may(scope) for scope in self.any_scope):
            raise self.missing_scope(" or ".join(self.any_scope))

    def missing_scope(self, scope: str) -> Problem:
        """Refuse with 403: the token is good, and another one would not help."""
        return Problem(HTTPStatus.FORBIDDEN, f"This needs the scope {scope}.")

    def options(self, request: Any, *args: Any, **kwargs: Any) -> Any:
        """Let pages of other sites call with a token, and with the ETag of what they have."""
        response = HttpResponse(status=HTTPStatus.NO_CONTENT)
        response["Allow"] = response["Access-Control-Allow-Methods"] = "GET, HEAD, OPTIONS"
        response["Access-Control-Allow-Headers"] = "Authorization, If-None-Match"
        response["Access-Control-Max-Age"] = str(_PREFLIGHT_SECONDS)
        return response

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        """Let pages of every site read the answer, refusals too."""
        response = super().finalize_response(request, response, *args, **kwargs)
        response["Access-Control-Allow-Origin"] = "*"
        response["Access-Control-Expose-Headers"] = "ETag, Retry-After"
        return response


def allowed_game(caller: Caller, game_id: str) -> Game:
    """Return the game whose state the client may use. Raises ``Problem``: another organization's game does not exist (A2)."""
    game = Game.objects.filter(pk=game_id, organization=caller.organization_id).first()
    if game is None:
        raise Problem(HTTPStatus.NOT_FOUND, NO_SUCH_GAME)
    if not GameStateClient.objects.filter(client=caller.client, game=game).exists():
        raise Problem(HTTPStatus.FORBIDDEN, NOT_ALLOWED)
    return game
