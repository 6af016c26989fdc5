"""``GET /game-state/v1/sessions``: what game servers stream just now, for overlays and extensions (G3).

What has ended is not there any more. A person's token sees the sessions that are about a channel of that person.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

import orjson
from django.db.models import Exists, OuterRef, Prefetch, QuerySet
from django.http import HttpResponseBase
from django.utils.cache import get_conditional_response
from rest_framework.request import Request

from campaigns.models import GameSession, GameSessionChannel
from fulfillment.api.callers import Caller
from fulfillment.api.game_state.asking import broadcaster, one_id
from fulfillment.api.game_state.base import GameStateView, allowed_game
from fulfillment.api.problems import Problem
from fulfillment.api.views import json_response
from fulfillment.game_state.broadcasters import id_of_channel, standing_links
from fulfillment.models import GameStateClient
from fulfillment.rules.scopes import GAME_STATE_READ

MOST_SESSIONS = 20
NO_SUCH_SESSION = "There is no such session, or it has ended."


class SessionView(GameStateView):
    """A call that answers states. Who shows what it got before is told where nothing has changed since."""

    any_scope = (GAME_STATE_READ,)

    def answer(self, request: Request, sessions: Sequence[GameSession], body: Any) -> HttpResponseBase:
        """Return the sessions, which came without their states, as ``body`` has them; 304 to who has them already."""
        etag = _etag(sessions)
        unchanged: HttpResponseBase | None = get_conditional_response(request._request, etag=etag)
        if unchanged is not None:
            unchanged["ETag"] = etag
            return unchanged
        shown = _with_states(sessions)
        response = json_response(body(shown))
        response["ETag"] = _etag(shown)
        return response

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        """Let browsers keep an answer, and ask each time whether it is still so."""
        response = super().finalize_response(request, response, *args, **kwargs)
        if response.has_header("ETag"):
            response["Cache-Control"] = "private, no-cache"
            response["Vary"] = "Authorization"
        return response


class Sessions(SessionView):
    """The open sessions, the newest first: about one broadcaster, or all that the caller may see."""

    def get(self, request: Request) -> HttpResponseBase:
        """List up to 20 sessions."""
        about, game_id = broadcaster(request.query_params), one_id(request.query_params, "game_id")
        sessions = visible_sessions(self.caller)
        if game_id is not None:
            sessions = sessions.filter(game=allowed_game(self.caller, game_id))
        if about is not None:
            platform, user_id = about
            channels = GameSessionChannel.objects.filter(
                session=OuterRef("pk"),
                channel__organization=self.caller.organization_id,
                channel__platform=platform,
                channel__platform_channel_id=user_id,
            )
            sessions = sessions.filter(Exists(channels))
        found = list(sessions.order_by("-pk")[:MOST_SESSIONS])
        return self.answer(request, found, lambda shown: {"data": [_shown(session) for session in shown]})


class OneSession(SessionView):
    """One open session."""

    def get(self, request: Request, session: str) -> HttpResponseBase:
        """Return the session, or 404 for one that the caller may not see, too (A2)."""
        found: list[GameSession] = []
        if session.isascii() and session.isalnum():
            found = list(visible_sessions(self.caller).filter(pk=session))
        if not found:
            raise Problem(HTTPStatus.NOT_FOUND, NO_SUCH_SESSION)
        return self.answer(request, found, _only)


def visible_sessions(caller: Caller) -> QuerySet[GameSession]:
    """Return the open sessions that a caller may see, with their channels and without their states."""
    pairs = GameStateClient.objects.filter(client=caller.client, game=OuterRef("game"))
    sessions = GameSession.objects.filter(Exists(pairs), organization=caller.organization_id, ended_at=None)
    if caller.user is not None:
        own = standing_links().filter(
            game=OuterRef("session__game"),
            player__user=caller.user,
            viewer__organization=OuterRef("channel__organization"),
            viewer__platform=OuterRef("channel__platform"),
            viewer__platform_user_id=OuterRef("channel__platform_channel_id"),
        )
        sessions = sessions.filter(Exists(GameSessionChannel.objects.filter(Exists(own), session=OuterRef("pk"))))
    channels = GameSessionChannel.objects.select_related("channel").order_by("channel")
    return sessions.defer("state").prefetch_related(Prefetch("channels", channels))


def _with_states(sessions: Sequence[GameSession]) -> list[GameSession]:
    """Return the sessions as they are by now, with their states; what has ended in this moment is left out."""
    open_now = GameSession.objects.filter(pk__in=[session.pk for session in sessions], ended_at=None)
    fields = ("state", "revision", "last_message_at")
    now = {pk: values for pk, *values in open_now.values_list("pk", *fields)}
    shown = [session for session in sessions if session.pk in now]
    for session in shown:
        for field, value in zip(fields, now[session.pk], strict=True):
            setattr(session, field, value)
    return shown


def _only(shown: Sequence[GameSession]) -> dict[str, Any]:
    if not shown:
        raise Problem(HTTPStatus.NOT_FOUND, NO_SUCH_SESSION)
    return _shown(shown[0])


def _etag(sessions: Sequence[GameSession]) -> str:
    """Return a mark that changes with the state and with who is live. A weak one: the time of the last message may differ."""
    parts = [
        (
            session.pk,
            session.revision,
            bool(session.connection),
            [(one.channel_id, one.live) for one in session.channels.all()],
        )
        for session in sessions
    ]
    return f'W/"{hashlib.sha256(orjson.dumps(parts)).hexdigest()[:32]}"'


def _shown(session: GameSession) -> dict[str, Any]:
    return {
        "id": session.pk,
        "game_id": session.game_id,
        "session_id": session.session_key,
        "authoritative": session.authoritative,
        "connected": bool(session.connection),
        "started_at": session.started_at,
        "last_message_at": session.last_message_at,
        "broadcasters": [
            {
                "id": id_of_channel(one.channel),
                "platform": one.channel.platform,
                "login": one.channel.login,
                "name": one.channel.name,
                "live": one.live,
            }
            for one in session.channels.all()
        ],
        "revision": session.revision,
        "data": orjson.Fragment(session.state),
    }
