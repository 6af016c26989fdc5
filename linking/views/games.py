"""A studio's games, and the page of one game."""

from __future__ import annotations

from allauth.account.adapter import get_adapter
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import cache_control, never_cache
from django.views.decorators.http import require_POST, require_safe

from campaigns.models import Game
from linking import pending
from linking.counting import counting_in
from linking.flow import remember_game
from linking.landing import account_cards, standing_of, steps
from linking.leaving import allow_sign_in
from linking.offers import campaigns_shown
from linking.players import choose_player as remember_player
from linking.players import players_of
from linking.scopes import registering_platforms
from linking.theming import game_context
from portal.contrast import theme_css
from portal.models import Organization


def find_game(organization: str, game: str) -> Game:
    """Return the game with this short name of the organization with that one. Raises ``Http404``."""
    found = Game.objects.select_related("organization").filter(organization__slug=organization, slug=game).first()
    if found is None:
        raise Http404
    return found


@never_cache
@require_safe
def connect_organization(request: HttpRequest, organization: str) -> HttpResponse:
    """List a studio's games; with one game, go straight to it (L1). This is the address that Kick is given."""
    studio = Organization.objects.filter(slug=organization).first()
    if studio is None:
        raise Http404
    games = list(Game.objects.filter(organization=studio).select_related("organization").order_by("name"))
    if len(games) == 1:
        return redirect("connect_game", studio.slug, games[0].slug)
    return render(request, "linking/organization.html", {"organization": studio, "games": listed(games)})


def listed(games: list[Game]) -> list[dict[str, str]]:
    """Return games for ``components/game_link.html``."""
    return [
        {
            "name": game.name,
            "organization_name": game.organization.name,
            "url": game_context(game)["game_url"],
            "logo_url": game.logo.url if game.logo else "",
        }
        for game in games
    ]


@never_cache
@require_safe
def connect_game(request: HttpRequest, organization: str, game: str) -> HttpResponse:
    """Show the steps from a game account to a reward, which are done and which is next (L1)."""
    found = find_game(organization, game)
    now = timezone.now()
    remember_game(request, found)
    standing = standing_of(request, found, now=now)
    campaigns = campaigns_shown(found, now=now)
    counting = counting_in(item["campaign"] for item in campaigns)
    context = {
        **game_context(found),
        "steps": steps(standing, counting),
        "counted_here": counting.by_portal,
        "registers_on": registering_platforms(found),
        "linked": bool(standing.links) and standing.player is not None,
        "just_linked": request.GET.get("linked", "") in standing.links,
        "cards": account_cards(standing),
        "platforms": standing.platforms,
        "campaigns": campaigns,
    }
    return allow_sign_in(render(request, "linking/game.html", context), standing)


@require_POST
def choose_player(request: HttpRequest, organization: str, game: str) -> HttpResponse:
    """Remember which of several game accounts is played with. Raises ``Http404`` for somebody else's."""
    found = find_game(organization, game)
    for player in players_of(request.user, found):
        if str(player.pk) == request.POST.get("player"):
            remember_player(request, player)
            return redirect("connect_game", organization, game)
    raise Http404


@require_POST
def switch_player(request: HttpRequest, organization: str, game: str) -> HttpResponse:
    """Sign out, so that another game account can sign in; a platform account that waits for this game stays."""
    found = find_game(organization, game)
    waiting = pending.take_along(request, game=found)
    get_adapter(request).logout(request)
    pending.put_back(request, waiting)
    remember_game(request, found)
    return redirect("connect_game", organization, game)


@require_safe
@cache_control(public=True, max_age=86400)
def game_theme(request: HttpRequest, organization: str, game: str) -> HttpResponse:
    """Return the stylesheet with the game's accent colour; its address changes with the colour."""
    color = find_game(organization, game).accent_color
    try:
        css = theme_css(color) if color else ""
    except ValueError:
        css = ""
    return HttpResponse(css, content_type="text/css; charset=utf-8")
