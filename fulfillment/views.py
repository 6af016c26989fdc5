"""The viewer's pages about rewards."""

from __future__ import annotations

from typing import cast

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from fulfillment.code_deeds import NoCode, Revealed, reveal_code
from fulfillment.inventory import claims_of, shown
from fulfillment.inventory_page import history_context, inventory_context
from fulfillment.models import Claim, ClaimEvent
from fulfillment.rules.reasons import reason_of
from fulfillment.rules.states import State
from linking.viewers_of import viewers_of
from portal.live import live_address, live_part, wants_live_part
from portal.models import User
from portal.ratelimit import limited


@never_cache
@login_required
@require_safe
def inventory(request: HttpRequest) -> HttpResponse:
    """Show what waits for this person, how far they are in campaigns, and what they claimed, newest first."""
    context = inventory_context(request, now=timezone.now())
    if wants_live_part(request):
        return live_part(request, "fulfillment/inventory_live.html", context)
    return render(request, "fulfillment/inventory.html", {**context, "live_address": live_address(request)})


@never_cache
@login_required
@require_safe
def history(request: HttpRequest) -> HttpResponse:
    """Show the campaigns that are over and that this person took part in."""
    return render(request, "fulfillment/history.html", history_context(request, now=timezone.now()))


@never_cache
@login_required
@require_safe
def claim(request: HttpRequest, claim_id: str) -> HttpResponse:
    """Show one claim: where it is, how it got there, and what to do if it did not arrive.

    Raises:
        Http404: there is no such claim, or it is somebody else's.
    """
    return _claim_page(request, _mine(request, claim_id))


@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
@limited("code", limit=60)
def code(request: HttpRequest, claim_id: str) -> HttpResponse:
    """Show the code that a claim was given (D8). By POST alone: no address, and nothing that is kept, has the code in it.

    Raises:
        Http404: there is no such claim, or it is somebody else's.
    """
    found = _mine(request, claim_id)
    if request.method != "POST":  # somebody came back from signing in, or reloaded
        return redirect("claim", found.pk)
    try:
        revealed = reveal_code(claim_id=found.pk, user=cast(User, request.user), now=timezone.now())
    except NoCode:
        account = str(found.player) if found.player else ""
        messages.error(
            request,
            _("This code was given to the game account %(player)s. Sign in with it to see the code.")
            % {"player": account}
            if account and found.player and found.player.user_id != request.user.pk
            else _("There is no code to show at the moment. Look at the state of this reward below."),
        )
        return redirect("claim", found.pk)
    return _claim_page(request, _mine(request, claim_id), revealed)


def _mine(request: HttpRequest, claim_id: str) -> Claim:
    own = viewers_of(request, now=timezone.now())
    found = claims_of(cast(User, request.user), own).filter(pk=claim_id).first()
    if found is None:
        raise Http404
    return found


def _claim_page(request: HttpRequest, found: Claim, revealed: Revealed | None = None) -> HttpResponse:
    reward = shown(found)
    return render(
        request,
        "fulfillment/claim.html",
        {
            "reward": reward,
            "revealed": revealed,
            "steps": _story(found.pk, zone=reward.zone, game=found.game.name if found.game else _("the game")),
            "received_at": found.received_at,
            "nav_current": "inventory",
        },
    )


def _story(claim_id: str, *, zone: str, game: str) -> list[dict[str, object]]:
    """Return what happened to a claim in a player's words; moves that tell them nothing new are left out."""
    story: list[dict[str, object]] = []
    for event in ClaimEvent.objects.filter(claim_id=claim_id).order_by("at", "pk")[:200]:
        what, _next = reason_of(State(event.to_state), event.reason).for_viewer(
            platform=_("the platform"), game=game, where=""
        )
        if not story or str(story[-1]["what"]) != str(what):
            story.append({"when": event.at, "what": what, "zone": zone})
    return story
