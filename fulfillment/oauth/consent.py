"""The page on which a player says whether a client may act for them (A1): ``GET /oauth2/authorize``, ``/oauth/authorize``."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from campaigns.models import Game
from fulfillment.oauth.asking import (
    Asked,
    SentBack,
    Unanswerable,
    denied,
    grant_code,
    grantable,
    permitted,
    read_request,
)
from fulfillment.oauth.persons import accounts_of, is_member
from fulfillment.rules.redirects import form_source
from fulfillment.rules.scopes import ANALYTICS, CLAIMS_READ, CLAIMS_WRITE, GAME_STATE_READ, GAME_STATE_WRITE
from linking.models import GameSignIn, Player
from portal.models import Organization, User
from portal.ratelimit import limited
from portal.staff import ask_for_second_factor, lacks_second_factor

OF_PLAYERS = {
    CLAIMS_READ: _("See your rewards: which you got, when, and whether they have arrived."),
    CLAIMS_WRITE: _("Mark your rewards as handed over in the game."),
    GAME_STATE_READ: _(
        "See what your game tells while you stream: the state of your matches, and whether you are live."
    ),
    GAME_STATE_WRITE: _("Tell the portal, while you stream, what happens in your game."),
}
OF_STAFF = {ANALYTICS: _("Read the figures of the studio's games, on your behalf as a member of its staff.")}


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@limited("consent", limit=30)
def authorize(request: HttpRequest, *, demands_state: bool = False) -> HttpResponse:
    """Say who asks for what, and go back to it with the answer.

    The form is posted to the very address that was asked with, and everything is checked again. What it holds besides is
    whom the page was shown to: who has signed in as somebody else since is asked anew.
    """
    try:
        asked = read_request(request.GET, demands_state=demands_state, now=timezone.now())
    except Unanswerable as problem:
        return render(request, "idp/oidc/error.html", {"sentence": problem.sentence}, status=400)
    except SentBack as mistake:
        return _go_to(mistake.location)
    if not request.user.is_authenticated:
        return _sign_in(request, asked)
    user = request.user
    organization = asked.client.organization
    accounts, member = accounts_of(user, organization), is_member(user, organization)
    as_staff = member and ANALYTICS in asked.scopes
    if not accounts and not as_staff:
        return _no_account(request, asked)
    if as_staff and lacks_second_factor(user):
        return ask_for_second_factor()
    scopes = grantable(asked, is_member=member)
    if asked.scopes and not scopes:
        return _go_to(denied(asked))
    if request.method == "POST" and request.POST.get("account") == user.public_id:
        allowed = request.POST.get("answer") == "allow"
        return _answer(request, asked, grant_code(asked, user=user, scopes=scopes) if allowed else denied(asked))
    return _ask(request, asked, accounts, scopes, user=user)


def _ask(
    request: HttpRequest, asked: Asked, accounts: list[Player], scopes: tuple[str, ...], *, user: User
) -> HttpResponse:
    may = permitted(asked.client, scopes)
    context: dict[str, Any] = {
        **_client_context(asked),
        "accounts": [
            {"name": str(player), "id": player.player_id, "platform_name": player.game.name, "is_game": True}
            for player in accounts
        ],
        "of_players": [text for scope, text in OF_PLAYERS.items() if scope in may] if accounts else [],
        "of_staff": [text for scope, text in OF_STAFF.items() if scope in may],
        "account": user.public_id,
        "changed": request.method == "POST",
        "host": asked.host,
    }
    response = render(request, "idp/oidc/authorization_form.html", context)
    if source := form_source(asked.redirect_uri):
        # Browsers check the redirect that answers the form, too.
        response._csp_update = {"form-action": [source]}  # type: ignore[attr-defined]
    return response


def _answer(request: HttpRequest, asked: Asked, location: str) -> HttpResponse:
    """Go back to the client; by a link, where the policy of the page before could not name its address."""
    if form_source(asked.redirect_uri):
        return _go_to(location)
    return render(request, "idp/oidc/return.html", {**_client_context(asked), "target": location, "host": asked.host})


def _go_to(location: str) -> HttpResponse:
    # Not Django's own redirect, which knows no schemes of native games.
    return HttpResponse(status=302, headers={"Location": location})


def _sign_in(request: HttpRequest, asked: Asked) -> HttpResponse:
    """Ask for the sign-in; where some games have one of their own, say which ways there are."""
    organization = asked.client.organization
    if not _other_sign_ins(organization):
        return redirect_to_login(request.get_full_path())
    return _no_account(request, asked)


def _no_account(request: HttpRequest, asked: Asked) -> HttpResponse:
    organization = asked.client.organization
    context = {
        **_client_context(asked),
        "connect_url": reverse("connect_organization", args=[organization.slug]),
        "sign_in_url": redirect_to_login(request.get_full_path()).url if _portal_accounts(organization) else "",
        "again_url": request.get_full_path(),
    }
    return render(request, "idp/oidc/no_account.html", context)


def _client_context(asked: Asked) -> dict[str, Any]:
    return {"client": asked.client, "organization": asked.client.organization}


def _other_sign_ins(organization: Organization) -> bool:
    """Say whether a game of the organization lets players prove themselves otherwise than by a portal account."""
    return GameSignIn.objects.filter(game__organization=organization).exclude(method=GameSignIn.Method.PORTAL).exists()


def _portal_accounts(organization: Organization) -> bool:
    """Say whether a game of the organization uses portal accounts: also one that has no sign-in set up does (L2)."""
    others = GameSignIn.objects.exclude(method=GameSignIn.Method.PORTAL).values("game")
    ours = GameSignIn.objects.filter(method=GameSignIn.Method.PORTAL, game__organization=organization)
    return ours.exists() or Game.objects.filter(organization=organization).exclude(pk__in=others).exists()
