"""Starting a sign-in at a platform or at the studio, and the way back from the studio's."""

from __future__ import annotations

from allauth.socialaccount.models import SocialApp
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from linking import failures
from linking.adapters import sign_in_player
from linking.flow import Flow, remember_game
from linking.leaving import can_start, leave
from linking.players import NotProven, check_link_token, redeem_link_token
from linking.providers.oidc import answer_callback
from linking.rules.link_tokens import TokenRefused
from linking.scopes import needed_scopes
from linking.theming import game_context
from linking.views.games import find_game
from portal.ratelimit import limited


@never_cache
@require_POST
@limited("connect", limit=30)
def start_platform(request: HttpRequest, organization: str, game: str, platform: str) -> HttpResponse:
    """Go to the platform's consent page; with ``switch`` the platform is asked to show which account it is."""
    found = find_game(organization, game)
    if not can_start(platform):
        raise Http404
    remember_game(request, found)
    flow = Flow(game=found, platform=platform, scopes=tuple(needed_scopes(found, platform)))
    try:
        return leave(request, flow=flow, again="switch" in request.POST)
    except SocialApp.DoesNotExist:
        return failures.page(request, failures.MISCONFIGURED, platform=platform, game=found)


@never_cache
@require_POST
@limited("connect", limit=30)
def game_sign_in(request: HttpRequest, organization: str, game: str) -> HttpResponse:
    """Go to the studio's own sign-in (L2)."""
    found = find_game(organization, game)
    remember_game(request, found)
    try:
        return leave(request, flow=Flow(game=found, platform=""))
    except SocialApp.DoesNotExist:
        raise Http404 from None


@never_cache
@require_safe
@limited("connect-answer", limit=60, methods=("GET",))
def game_sign_in_callback(request: HttpRequest, game_id: str) -> HttpResponse:
    """Take the answer of the studio's own sign-in."""
    request.linking_own_callback = True  # type: ignore[attr-defined]
    return answer_callback(request, game_id)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@limited("token", limit=20, methods=("GET", "POST"))
def link_token(request: HttpRequest, organization: str, game: str) -> HttpResponse:
    """Show whose account a link from the game is for; only the button uses it up (whoever fetches ahead does not)."""
    found = find_game(organization, game)
    remember_game(request, found)
    token = request.POST.get("token") or request.GET.get("t", "")
    now = timezone.now()
    context = {**game_context(found), "token": token}
    try:
        if request.method == "POST":
            player = redeem_link_token(game=found, token=token, now=now)
            return sign_in_player(request, player, game=found)
        context["claims"] = check_link_token(game=found, token=token, now=now)
    except (TokenRefused, NotProven) as refusal:
        context["refusal"] = refusal.sentence
        return render(request, "linking/token.html", context, status=400)
    return render(request, "linking/token.html", context)
