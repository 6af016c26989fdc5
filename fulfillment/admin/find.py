"""Finding a player or claim by any id, and the page of one person: links, claims, states (the support desk's two pages)."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _

from campaigns.models import Viewer
from fulfillment.admin.search import find_claim_ids, find_players, find_viewers
from fulfillment.admin.words import ago, picture, reason_name, sees_people, state_chip, utc
from fulfillment.inventory import RELATED, shown
from fulfillment.models import Claim
from linking.authorizing.shown import is_lapsed, staff_text
from linking.models import Link, Player
from portal import platforms
from portal.admin_pages import AdminPage
from portal.models import Organization
from portal.organizations import active_organization, may
from portal.roles import Permission

CLAIMS_SHOWN = 50
_LONGEST_QUERY = 200


def find_view(request: HttpRequest) -> HttpResponse:
    """Look for viewers, players and claims by an exact id or name."""
    organization = _organization(request)
    query = request.GET.get("q", "").strip()[:_LONGEST_QUERY]
    people = sees_people(request)
    ids = find_claim_ids(organization, query, people=people) if query else []
    context: dict[str, Any] = {
        **admin.site.each_context(request),
        "title": _t("Find a player or claim"),
        "query": query,
        "sees_people": people,
        "viewers": find_viewers(organization, query) if query and people else [],
        "players": find_players(organization, query) if query and people else [],
        "claims": _rows(_claims().filter(pk__in=ids[:CLAIMS_SHOWN])),
        "found": len(ids),
        "all_url": f"{reverse('admin:fulfillment_claim_changelist')}?q=",
    }
    return TemplateResponse(request, "admin/fulfillment/find.html", context)


def viewer_view(request: HttpRequest, viewer_id: str) -> HttpResponse:
    """Show one viewer: their links and claims."""
    organization = _organization(request, Permission.SEE_PEOPLE)
    viewer = Viewer.objects.filter(organization=organization, pk=viewer_id).first()
    if viewer is None:
        raise Http404
    facts = [
        (_t("Platform"), platforms.get(viewer.platform).name),
        (_t("User id there"), viewer.platform_user_id),
        (_t("Login"), viewer.login or "–"),
        (_t("Viewer id here"), viewer.pk),
        (_t("First seen"), utc(viewer.created_at)),
    ]
    return _person(
        request,
        title=_t("Viewer: %(name)s") % {"name": viewer},
        facts=facts,
        links=Link.objects.filter(viewer=viewer),
        claims=_claims().filter(viewer=viewer),
        search=viewer.pk,
        page=reverse("admin:campaigns_viewer_change", args=[viewer.pk]),
    )


def player_view(request: HttpRequest, player_id: int) -> HttpResponse:
    """Show one game account: its links and claims."""
    organization = _organization(request, Permission.SEE_PEOPLE)
    player = Player.objects.filter(game__organization=organization, pk=player_id).select_related("game").first()
    if player is None:
        raise Http404
    facts = [
        (_t("Game"), player.game.name),
        (_t("Player id"), player.player_id),
        (_t("Name"), player.name or "–"),
        (_t("First seen"), utc(player.created_at)),
    ]
    return _person(
        request,
        title=_t("Player: %(name)s") % {"name": player},
        facts=facts,
        links=Link.objects.filter(player=player),
        claims=_claims().filter(player=player),
        search=player.player_id,
        page=reverse("admin:linking_player_change", args=[player.pk]),
    )


PAGES = (
    AdminPage("find/", "find", find_view, Permission.SEE_PEOPLE_MASKED, _("Find a player or claim"), "person_search"),
    AdminPage("find/viewer/<str:viewer_id>/", "person_viewer", viewer_view, Permission.SEE_PEOPLE),
    AdminPage("find/player/<int:player_id>/", "person_player", player_view, Permission.SEE_PEOPLE),
)


def _organization(request: HttpRequest, permission: Permission = Permission.SEE_PEOPLE_MASKED) -> Organization:
    organization = active_organization(request)
    if organization is None or not may(request, permission):
        raise PermissionDenied
    return organization


def _claims() -> QuerySet[Claim]:
    return Claim.objects.select_related(*RELATED).defer("raw").order_by("-id")


def _rows(claims: QuerySet[Claim]) -> list[dict[str, Any]]:
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
        for claim in claims[:CLAIMS_SHOWN]
    ]


def _person(
    request: HttpRequest,
    *,
    title: str,
    facts: list[tuple[str, Any]],
    links: QuerySet[Link],
    claims: QuerySet[Claim],
    search: str,
    page: str,
) -> HttpResponse:
    context = {
        **admin.site.each_context(request),
        "title": title,
        "facts": facts,
        "links": [
            _link(request, link)
            for link in links.select_related("viewer__authorization", "player__game").order_by("-started_at", "-pk")[
                :100
            ]
        ],
        "claims": _rows(claims),
        "claims_shown": CLAIMS_SHOWN,
        "search": search,
        "page": page,
    }
    return TemplateResponse(request, "admin/fulfillment/person.html", context)


def _link(request: HttpRequest, link: Link) -> dict[str, Any]:
    mends = link.ended_at is None and may(request, Permission.MEND)
    return {
        "link": link,
        "platform": platforms.get(link.platform).name,
        "viewer_url": reverse("admin:person_viewer", args=[link.viewer_id]),
        "player_url": reverse("admin:person_player", args=[link.player_id]),
        "started": utc(link.started_at),
        "ended": utc(link.ended_at),
        "why": link.get_end_reason_display(),
        "lapsed": is_lapsed(link),
        "authorization": staff_text(link),
        "unlink_url": reverse("admin:linking_link_unlink", args=[link.pk]) if mends else "",
        "check_url": reverse("admin:linking_link_check", args=[link.pk])
        if mends and platforms.get(link.platform).authorizations is not None
        else "",
    }
