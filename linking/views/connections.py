"""All links of a person, and ending one (L8)."""

from __future__ import annotations

from itertools import groupby
from typing import Any, cast

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from linking.cards import link_card, revoked_sentence
from linking.leaving import origin
from linking.links import active_links, end_link, links_of
from linking.models import Link
from linking.scopes import lacking_consent, registering_platforms
from linking.theming import game_context
from portal import platforms
from portal.models import PlatformCredential, User
from portal.ratelimit import limited

ENDED_SHOWN = 50


@never_cache
@login_required
@require_safe
def connections(request: HttpRequest) -> HttpResponse:
    """Show what is linked to what, by game, and what was."""
    user = cast(User, request.user)
    active = sorted(active_links(user), key=lambda link: (link.game.name, link.game_id, link.platform))
    lacking = lacking_consent(active)
    groups = [
        {**game_context(game), "cards": [link_card(link, lacking.get(link.pk)) for link in links]}
        for game, links in ((next_game, list(links)) for next_game, links in groupby(active, key=lambda k: k.game))
    ]
    ended = links_of(user).exclude(ended_at=None).order_by("-ended_at")[:ENDED_SHOWN]
    context = {
        "groups": groups,
        "ended": _ended(list(ended), active),
        "unlinked": request.GET.get("unlinked", "") == "1",
        "nav_current": "connections",
    }
    response = render(request, "linking/connections.html", context)
    organizations = {link.game.organization_id for link in active}
    credentials = PlatformCredential.objects.filter(organization__in=organizations, enabled=True)
    origins = sorted({origin(credential.sign_in_base) for credential in credentials})
    response._csp_update = {"form-action": origins}  # type: ignore[attr-defined]
    return response


def _ended(links: list[Link], active: list[Link]) -> list[dict[str, Any]]:
    """Return ended links for the page: with the way back for those that the platform ended and nobody has made again."""
    standing = {(link.player_id, link.platform) for link in active}
    shown = []
    for link in links:
        item: dict[str, Any] = {"link": link, "platform": platforms.get(link.platform).name}
        key = (link.player_id, link.platform)
        if link.end_reason == Link.EndReason.REVOKED and key not in standing:
            item |= {"why": revoked_sentence(link), **game_context(link.game)}
            standing.add(key)
        shown.append(item)
    return shown


@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
@limited("unlink", limit=30)
def unlink(request: HttpRequest, link_id: str) -> HttpResponse:
    """Say what unlinking loses and keeps, and unlink when the person says so. Raises ``Http404`` for another's link."""
    user = cast(User, request.user)
    link = links_of(user).filter(pk=link_id).first()
    if link is None:
        raise Http404
    if request.method == "POST":
        end_link(link=link, reason=Link.EndReason.VIEWER, now=timezone.now(), actor=user)
        return redirect(f"{reverse('connections')}?unlinked=1")
    if link.ended_at is not None:
        return redirect("connections")
    context = {
        **game_context(link.game),
        "link": link,
        "platform": platforms.get(link.platform),
        "registers": link.platform in registering_platforms(link.game),
        "nav_current": "connections",
    }
    return render(request, "linking/unlink.html", context)
