"""One box for any id or name: one person found leads straight to their page, several are listed (A9)."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _

from fulfillment.admin.person_page import add_note_view, player_view, viewer_view
from fulfillment.admin.search import Found, find, find_claim_ids, find_claims_of_reward, quarantine_left_out
from fulfillment.admin.words import ago, picture, reason_name, sees_people, state_chip, utc
from fulfillment.inventory import RELATED, shown
from fulfillment.models import Claim
from linking.models import Link
from portal import platforms
from portal.admin_base import in_reach
from portal.admin_pages import AdminPage
from portal.organizations import active_organization, game_scope, may
from portal.roles import Permission

CLAIMS_SHOWN = 50
_LONGEST_QUERY = 200


def find_view(request: HttpRequest) -> HttpResponse:
    """Look for viewers, players and claims by an id or name; where only one person is meant, go to their page."""
    organization = active_organization(request)
    if organization is None or not may(request, Permission.SEE_PEOPLE_MASKED):
        raise PermissionDenied
    query = request.GET.get("q", "").strip()[:_LONGEST_QUERY]
    people = sees_people(request)
    found = find(organization, query, games=game_scope(request)) if query and people else Found([], [], [])
    straight = _straight_to(request, found)
    if straight:
        return HttpResponseRedirect(straight)
    ids, left_out = found.claims, ""
    if not found:
        ids = (
            find_claims_of_reward(organization, query) if people else find_claim_ids(organization, query, people=False)
        )
        if query and people:
            left_out = quarantine_left_out(organization, query, ids, all_games=game_scope(request) is None)
    context: dict[str, Any] = {
        **admin.site.each_context(request),
        "title": _t("Find a player or claim"),
        "query": query,
        "sees_people": people,
        "viewers": [(viewer, platforms.get(viewer.platform).name) for viewer in found.viewers],
        "players": found.players,
        "claims": _rows(request, ids[:CLAIMS_SHOWN]),
        "found": len(ids),
        "left_out": left_out,
        "all_games": game_scope(request) is None,
        "all_url": f"{reverse('admin:fulfillment_claim_changelist')}?q=",
    }
    return TemplateResponse(request, "admin/fulfillment/find.html", context)


def _straight_to(request: HttpRequest, found: Found) -> str:
    """Return the address of the one person or claim that was found; empty if there are several, or none."""
    claims = list(in_reach(Claim.objects.filter(pk__in=found.claims[:2]), request).only("viewer", "player"))
    viewers = {viewer.pk for viewer in found.viewers} | {claim.viewer_id for claim in claims if claim.viewer_id}
    players = {player.pk for player in found.players} | {
        claim.player_id for claim in claims if claim.player_id and not claim.viewer_id
    }
    at = f"#claim-{claims[0].pk}" if len(claims) == 1 else ""
    if len(found.claims) > 1 and not (found.viewers or found.players) and len(viewers) != 1:
        return ""
    if len(viewers) == 1:
        [viewer] = viewers
        if players and Link.objects.filter(viewer=viewer, player__in=players, ended_at=None).count() < len(players):
            return ""
        return reverse("admin:person_viewer", args=[viewer]) + at
    if len(players) == 1 and not viewers:
        return reverse("admin:person_player", args=[*players]) + at
    if len(claims) == 1 and not viewers and not players:
        return reverse("admin:fulfillment_claim_change", args=[claims[0].pk])
    return ""


def _rows(request: HttpRequest, ids: list[str]) -> list[dict[str, Any]]:
    claims = in_reach(Claim.objects.filter(pk__in=ids), request).select_related(*RELATED).defer("raw")
    return [
        {
            "url": reverse("admin:fulfillment_claim_change", args=[claim.pk]),
            "picture": picture(claim.reward),
            "reward": claim.reward.name if claim.reward else _t("unknown reward"),
            "campaign": claim.campaign.name if claim.campaign else "–",
            "platform": platforms.get(claim.platform).name,
            "chip": state_chip(claim.state),
            "why": reason_name(claim.state, claim.reason),
            "reads": shown(claim).next_text,
            "granted": utc(claim.granted_at),
            "since": ago(claim.state_changed_at),
        }
        for claim in claims.order_by("-pk")
    ]


PAGES = (
    AdminPage(
        "find/",
        "find",
        find_view,
        Permission.SEE_PEOPLE_MASKED,
        _("Find a player or claim"),
        "person_search",
        keeps_to_games=True,
    ),
    AdminPage("find/viewer/<str:viewer_id>/", "person_viewer", viewer_view, Permission.SEE_PEOPLE, keeps_to_games=True),
    AdminPage("find/player/<int:player_id>/", "person_player", player_view, Permission.SEE_PEOPLE, keeps_to_games=True),
    AdminPage("find/note/<str:kind>/<str:key>/", "person_note", add_note_view, Permission.MEND, keeps_to_games=True),
)
