"""The page for a sign-in that came to nothing: what happened, what it means, what to do next."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from campaigns.models import Game
from linking.flow import last_game
from linking.providers.base import MISCONFIGURED, REJECTED, UNREACHABLE, UNUSABLE
from linking.theming import game_context
from portal import platforms

__all__ = ["DENIED", "MISCONFIGURED", "NOT_PROVEN", "REJECTED", "STALE", "UNREACHABLE", "UNUSABLE", "page"]

DENIED = "denied"
STALE = "stale"
NOT_PROVEN = "not_proven"

_STATUS = {
    DENIED: HTTPStatus.OK,
    STALE: HTTPStatus.BAD_REQUEST,
    REJECTED: HTTPStatus.BAD_REQUEST,
    NOT_PROVEN: HTTPStatus.FORBIDDEN,
    MISCONFIGURED: HTTPStatus.BAD_GATEWAY,
    UNREACHABLE: HTTPStatus.BAD_GATEWAY,
    UNUSABLE: HTTPStatus.BAD_GATEWAY,
}


def page(
    request: HttpRequest, kind: str, *, platform: str = "", game: Game | None = None, sentence: Any = ""
) -> HttpResponse:
    """Return the page for one kind of failure; the way back is the game's page where it is known."""
    game = game or last_game(request)
    name = platforms.get(platform).name if platform else _("the studio's sign-in")
    title, happened, advice = _words(kind, name)
    context = {
        **(game_context(game) if game else {}),
        "title": title,
        "happened": sentence or happened,
        "advice": advice,
        "retry_platform": platform,
        "base": "game_base.html" if game else "base.html",
    }
    return render(request, "linking/sign_in_failed.html", context, status=_STATUS[kind])


def _words(kind: str, name: str) -> tuple[str, str, list[str]]:
    unchanged = _("Nothing was changed, and no reward is lost.")
    again = _("Start again from the game's page.")
    if kind == DENIED:
        return (
            _("You did not connect an account"),
            _("You chose not to share your account with this game: %(name)s told us nothing about you.")
            % {"name": name},
            [_("If that was a slip, go back and connect again."), unchanged],
        )
    if kind == STALE:
        return (
            _("This sign-in is too old, or was used already"),
            _("The answer from %(name)s does not belong to a sign-in that is under way in this browser.")
            % {"name": name},
            [
                again,
                _("Do not use the back button or an old link in between, and finish within ten minutes."),
                _("If you came from inside an app, open the page in your normal browser."),
            ],
        )
    if kind == MISCONFIGURED:
        return (
            _("This connection is not set up correctly"),
            _("%(name)s refused this site's request. The studio has to mend that; you did nothing wrong.")
            % {"name": name},
            [_("Tell the studio, or come back later."), unchanged],
        )
    if kind == NOT_PROVEN:
        return _("Your game account could not be confirmed"), "", [again, unchanged]
    if kind == REJECTED:
        return (
            _("The sign-in was not completed"),
            _("%(name)s did not accept this sign-in: it came too late, or a second time.") % {"name": name},
            [again, unchanged],
        )
    return (
        _("%(name)s is not answering") % {"name": name[:1].upper() + name[1:]},
        _("We could not ask %(name)s who you are: there was no usable answer.") % {"name": name},
        [_("Wait a few minutes, then try again from the game's page."), unchanged],
    )
