"""Both identities side by side, confirmed by a form that posts (L4)."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from linking import pending
from linking.flow import remember_game
from linking.landing import Standing, sign_in_actions, standing_of
from linking.leaving import allow_sign_in, can_start
from linking.links import LinkRefused, active_links, add_consent, make_link, refuse_or_find
from linking.pending import PendingLink
from linking.players import NotProven, prove_portal_player
from linking.theming import game_context
from linking.views.games import find_game
from portal import platforms
from portal.ratelimit import limited


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@limited("confirm", limit=30)
def confirm_link(request: HttpRequest, organization: str, game: str, platform: str) -> HttpResponse:
    """Show the two accounts about to be bound; bind them when the person says so.

    Reloading, going back and pressing twice are harmless: once the link exists, this page says so.
    """
    found = find_game(organization, game)
    if not can_start(platform):
        raise Http404
    now = timezone.now()
    remember_game(request, found)
    standing = standing_of(request, found, now=now)
    waiting = pending.find(request, game=found, platform=platform, now=now)
    if waiting is None:
        if platform in standing.links:
            return redirect(f"{standing.url('connect_game')}?linked={platform}")
        return _render(request, standing, platform, {"expired": True}, status=200)
    if request.method != "POST":
        return _ask(request, standing, waiting)
    if request.POST.get("token") != waiting.token or _shown_player(standing) != request.POST.get("player"):
        return _ask(request, standing, waiting, changed=True)
    return _bind(request, standing, waiting)


def _shown_player(standing: Standing) -> str:
    return standing.player.player_id if standing.player else ""


def _bind(request: HttpRequest, standing: Standing, waiting: PendingLink) -> HttpResponse:
    game, platform, now = standing.game, waiting.viewer.platform, timezone.now()
    user: Any = request.user
    try:
        player = standing.player
        if player is None:
            return _ask(request, standing, waiting)
        if player._state.adding:  # a portal account that is no player of this game yet
            player = prove_portal_player(user, game)
        make_link(
            game=game,
            viewer=waiting.viewer,
            player=player,
            scopes=waiting.scopes,
            token=waiting.viewer_token,
            now=now,
            actor=user,
        )
    except NotProven as refusal:
        return _render(request, standing, platform, {"refusal": refusal}, status=409)
    except LinkRefused as refusal:
        return _render(request, standing, platform, {"refusal": refusal, **_pair(standing, waiting)}, status=409)
    pending.drop(request, game=game, platform=platform)
    return redirect(f"{standing.url('connect_game')}?linked={platform}")


def _ask(request: HttpRequest, standing: Standing, waiting: PendingLink, *, changed: bool = False) -> HttpResponse:
    platform = waiting.viewer.platform
    context: dict[str, Any] = {"waiting": waiting, "changed": changed, **_pair(standing, waiting)}
    if standing.player is None:
        following = standing.url("confirm_link", platform)
        context["sign_in_actions"] = sign_in_actions(standing, following=following)
        context["choose"] = len(standing.players) > 1
    else:
        try:
            standing_link = refuse_or_find(
                game=standing.game, viewer=waiting.viewer, player=standing.player, now=timezone.now()
            )
        except LinkRefused as refusal:
            context["refusal"] = refusal
        else:
            scopes, token = waiting.scopes, waiting.viewer_token
            if standing_link is not None and add_consent(
                link=standing_link, scopes=scopes, token=token, now=timezone.now()
            ):
                pending.drop(request, game=standing.game, platform=platform)
                return redirect(f"{standing.url('connect_game')}?linked={platform}")
    return _render(request, standing, platform, context, status=409 if changed else 200)


def _pair(standing: Standing, waiting: PendingLink) -> dict[str, Any]:
    viewer = waiting.viewer
    platform = platforms.get(viewer.platform)
    right = {
        "name": str(viewer),
        "id": viewer.platform_user_id,
        "platform_name": platform.name,
        "role": _("Your %(platform)s account") % {"platform": platform.name},
        "switch": {
            "label": _("Not you? Switch"),
            "hint": platform.name,
            "url": standing.url("start_platform", platform.key),
            "method": "post",
            "hidden": {"switch": "1"},
            "kind": "quiet",
        },
    }
    if standing.player is None:
        return {"right": right}
    left = {
        "name": str(standing.player),
        "id": standing.player.player_id,
        "platform_name": standing.game.name,
        "is_game": True,
        "role": _("Your game account"),
        "switch": {
            "label": _("Not you? Switch"),
            "hint": standing.game.name,
            "url": standing.url("switch_player"),
            "method": "post",
            "kind": "quiet",
        },
    }
    return {"left": left, "right": right}


def _render(
    request: HttpRequest, standing: Standing, platform: str, context: dict[str, Any], *, status: int
) -> HttpResponse:
    full = {
        **game_context(standing.game),
        "platform": platforms.get(platform),
        "player": standing.player,
        "connect_url": standing.url("start_platform", platform),
        "confirm_url": standing.url("confirm_link", platform),
        "cancel_url": standing.url("cancel_link", platform),
        "can_unlink": "refusal" in context and standing.user.is_authenticated and active_links(standing.user).exists(),
        **context,
    }
    return allow_sign_in(render(request, "linking/confirm.html", full, status=status), standing)


@require_POST
def cancel_link(request: HttpRequest, organization: str, game: str, platform: str) -> HttpResponse:
    """Forget the platform account that waits, and go back to the game's page. Nothing was linked."""
    found = find_game(organization, game)
    pending.drop(request, game=found, platform=platform)
    return redirect("connect_game", organization, game)
