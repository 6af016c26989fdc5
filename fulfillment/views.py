"""The viewer's pages about rewards."""

from __future__ import annotations

from typing import cast

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from fulfillment.inventory import PAGE_SIZE, claims_of, shown
from fulfillment.models import ClaimEvent
from fulfillment.rules.reasons import reason_of
from fulfillment.rules.states import State
from portal.models import User


@never_cache
@login_required
@require_safe
def inventory(request: HttpRequest) -> HttpResponse:
    """Show what this person claimed, newest first, and above it what waits for them."""
    claims = claims_of(cast(User, request.user)).order_by("-pk")
    before = request.GET.get("before", "")[:26]
    page = list((claims.filter(pk__lt=before) if before else claims)[: PAGE_SIZE + 1])
    rewards = [shown(claim) for claim in page[:PAGE_SIZE]]
    waiting = [] if before else [shown(claim) for claim in claims.filter(state=State.WAITING)[:PAGE_SIZE]]
    return render(
        request,
        "fulfillment/inventory.html",
        {
            "rewards": [reward for reward in rewards if not reward.needs_viewer],
            "waiting": waiting,
            "before": before,
            "older": page[PAGE_SIZE - 1].pk if len(page) > PAGE_SIZE else "",
            "nav_current": "inventory",
        },
    )


@never_cache
@login_required
@require_safe
def claim(request: HttpRequest, claim_id: str) -> HttpResponse:
    """Show one claim: where it is, how it got there, and what to do if it did not arrive.

    Raises:
        Http404: there is no such claim, or it is somebody else's.
    """
    found = claims_of(cast(User, request.user)).filter(pk=claim_id).first()
    if found is None:
        raise Http404
    reward = shown(found)
    return render(
        request,
        "fulfillment/claim.html",
        {
            "reward": reward,
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
