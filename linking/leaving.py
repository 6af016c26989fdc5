"""Leaving for a sign-in elsewhere: where a form may lead (S3), and the way there."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from linking import failures
from linking.flow import Flow, app_of, begin, oidc_provider, state_data
from linking.landing import Standing, standing_of
from linking.models import GameSignIn
from linking.players import Method
from linking.providers.base import UNREACHABLE, UNUSABLE, SignInFailed
from linking.theming import game_context
from portal import platforms


def origin(url: str) -> str:
    """Return scheme, host and port of an address."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def sign_in_origins(standing: Standing) -> list[str]:
    """Return the origins that this game's sign-in forms lead to."""
    found = {origin(credential.sign_in_base) for credential in standing.credentials.values()}
    for platform in standing.platforms:
        found.update(platform.sign_in_origins)
    oidc: GameSignIn | None = standing.sign_ins.get(Method.OIDC.value)
    if oidc is not None:
        found.add(origin(oidc.issuer))
    return sorted(found)


def allow_sign_in(response: HttpResponse, standing: Standing) -> HttpResponse:
    """Let the page's forms lead to this game's sign-ins: browsers check the redirect that answers a form, too."""
    response._csp_update = {"form-action": sign_in_origins(standing)}  # type: ignore[attr-defined]
    return response


def leave(request: HttpRequest, *, flow: Flow, again: bool = False) -> HttpResponse:
    """Start a sign-in and return the redirect to it, or the page that says why it cannot start.

    Where the way leads through an origin that the page before could not know of, a page with a link comes between.
    """
    begin(request, flow)
    try:
        provider = _provider(request, flow, again=again)
        response: HttpResponse = provider.redirect(request, process="login", data=state_data(flow))
    except SignInFailed as error:
        return failures.page(request, error.kind, platform=flow.platform, game=flow.game)
    except OSError:  # what requests raises: the studio's sign-in does not answer
        return failures.page(request, UNREACHABLE, platform=flow.platform, game=flow.game)
    except (KeyError, TypeError, ValueError):
        return failures.page(request, UNUSABLE, platform=flow.platform, game=flow.game)
    target = response.headers.get("Location", "")
    if target and origin(target) not in sign_in_origins(standing_of(request, flow.game, now=timezone.now())):
        context = {**game_context(flow.game), "target": target, "host": urlsplit(target).hostname}
        return render(request, "linking/leaving.html", context)
    return response


def _provider(request: HttpRequest, flow: Flow, *, again: bool) -> Any:
    from allauth.socialaccount.providers import registry

    app = app_of(flow, again=again)
    if not flow.platform:
        return oidc_provider(request, app)
    return registry.get_class(flow.platform)(request, app=app)


def can_start(platform: str) -> bool:
    """Tell whether a platform is one at which viewers sign in; not whether the studio has set it up."""
    return platforms.is_known(platform) and platforms.get(platform).has_sign_in
