"""The page that grants a reward by hand: whom, of which campaign, which reward, and why (S1, S5)."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldBooleanWidget

from campaigns.models import Campaign, CampaignReward, Viewer
from campaigns.rules import zones
from fulfillment.acting import NotPossible
from fulfillment.admin.deed_form import ReasonForm
from fulfillment.admin.search import find
from fulfillment.admin.words import reason_name, state_chip
from fulfillment.grant import Person, Timing, claims_in, grant_by_hand, player_of, timing_of
from fulfillment.models import Claim
from linking.models import Player
from portal import platforms
from portal.admin_pages import AdminPage
from portal.ids import new_ulid
from portal.models import Organization
from portal.organizations import active_organization, game_scope, may
from portal.reach import in_games
from portal.roles import Permission

TEMPLATE = "admin/fulfillment/grant.html"
_LONGEST_QUERY = 200
_CLAIMS_SHOWN = 50


class GrantForm(ReasonForm):
    """Which reward of the campaign, and why; once more only if that is meant."""

    key = forms.CharField(widget=forms.HiddenInput)
    offer = forms.ModelChoiceField(CampaignReward.objects.none(), label=_("Reward"), widget=UnfoldAdminSelectWidget)
    again = forms.BooleanField(
        label=_("Once more: they were given something of this campaign by hand before, and that is meant"),
        required=False,
        widget=UnfoldBooleanWidget,
    )
    field_order = ("key", "offer", "again", "reason")

    def __init__(self, *args: Any, campaign: Campaign, given_before: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offers = CampaignReward.objects.filter(campaign=campaign).select_related("reward", "campaign__game")
        self.fields["offer"].queryset = offers.order_by("position", "pk")  # type: ignore[attr-defined]
        self.fields["offer"].label_from_instance = lambda offer: offer.reward.name  # type: ignore[attr-defined]
        if not given_before:
            del self.fields["again"]


def grant_view(request: HttpRequest) -> HttpResponse:
    """Ask step by step, each with its own address; grant on POST. What another organization has does not exist (S1)."""
    organization = active_organization(request)
    if organization is None or not may(request, Permission.BULK):
        raise PermissionDenied
    context = {**admin.site.each_context(request), "title": _t("Grant by hand")}
    person = _person(request, organization)
    if person is None:
        return TemplateResponse(request, "admin/fulfillment/grant_whom.html", context | _search(request, organization))
    context |= {"named": _named(person), "page_of": _page_of(person)}
    campaigns = _campaigns(request, organization, person)
    campaign = _campaign(request, campaigns)
    if campaign is None:
        context |= {"campaigns": campaigns, "asked": _asked(request)}
        return TemplateResponse(request, "admin/fulfillment/grant_campaign.html", context)
    claims = claims_in(person, campaign)
    given = claims.filter(source=Claim.Source.STAFF).exists()
    posted = request.POST if request.method == "POST" else None
    form = GrantForm(posted, campaign=campaign, given_before=given, initial=_initial(request, campaign))
    problem = ""
    if posted is not None and form.is_valid():
        try:
            return HttpResponseRedirect(_grant(request, person, form.cleaned_data))
        except NotPossible as refusal:
            problem = str(refusal)
    return TemplateResponse(request, TEMPLATE, context | _shown(request, person, campaign, claims, form, problem))


def _person(request: HttpRequest, organization: Organization) -> Person | None:
    """Return the person that the address names; None where it names none.

    Raises:
        Http404: there is no such person within reach.
    """
    scope = game_scope(request)
    found: Person | None
    if viewer := request.GET.get("viewer"):
        found = in_games(Viewer.objects.filter(organization=organization), scope).filter(pk=viewer).first()
    elif player := request.GET.get("player"):
        players = in_games(Player.objects.filter(game__organization=organization), scope).select_related("game")
        found = players.filter(pk=player).first() if player.isdecimal() and len(player) <= 18 else None
    else:
        return None
    if found is None:
        raise Http404
    return found


def _search(request: HttpRequest, organization: Organization) -> dict[str, Any]:
    query = request.GET.get("q", "").strip()[:_LONGEST_QUERY]
    found = find(organization, query, games=game_scope(request)) if query else None
    here = reverse("admin:grant")
    kept = {name: request.GET[name] for name in ("campaign", "reward") if request.GET.get(name)}
    people = [("viewer", one) for one in found.viewers] + [("player", one) for one in found.players] if found else []
    return {
        "query": query,
        "kept": kept,
        "people": [(_named(one), f"{here}?{urlencode({kind: one.pk, **kept})}") for kind, one in people],
    }


def _named(person: Person) -> str:
    if isinstance(person, Player):
        return _t("player %(name)s (%(id)s) of %(game)s") % {
            "name": person,
            "id": person.player_id,
            "game": person.game,
        }
    places = {"name": person, "id": person.platform_user_id, "platform": platforms.get(person.platform).name}
    return _t("viewer %(name)s (%(id)s) on %(platform)s") % places


def _page_of(person: Person) -> str:
    kind = "player" if isinstance(person, Player) else "viewer"
    return reverse(f"admin:person_{kind}", args=[person.pk])


def _campaigns(request: HttpRequest, organization: Organization, person: Person) -> QuerySet[Campaign]:
    """Return the campaigns that may give something to the person: published ones, of a player those of their game."""
    mine = in_games(Campaign.objects.filter(organization=organization), game_scope(request))
    mine = mine.exclude(published_at=None).select_related("game")
    if isinstance(person, Player):
        mine = mine.filter(game=person.game_id)
    if reward := request.GET.get("reward"):
        mine = mine.filter(rewards__reward=reward)
    return mine.order_by("-starts_at", "pk")


def _campaign(request: HttpRequest, campaigns: QuerySet[Campaign]) -> Campaign | None:
    chosen = request.GET.get("campaign")
    if not chosen:
        return None
    campaign = campaigns.filter(pk=chosen).first()
    if campaign is None:
        raise Http404
    return campaign


def _asked(request: HttpRequest) -> list[tuple[str, str]]:
    return [(name, request.GET[name]) for name in ("viewer", "player", "reward") if request.GET.get(name)]


def _initial(request: HttpRequest, campaign: Campaign) -> dict[str, Any]:
    reward = request.GET.get("reward", "")
    offer = CampaignReward.objects.filter(campaign=campaign, reward=reward).first() if reward else None
    return {"key": new_ulid(), "offer": offer}


def _grant(request: HttpRequest, person: Person, given: dict[str, Any]) -> str:
    """Grant it and return where to go on: the claim that was made."""
    claim = grant_by_hand(
        person=person,
        offer=given["offer"],
        key=given["key"],
        again=bool(given.get("again")),
        actor=request.user,  # type: ignore[arg-type]
        reason=given["reason"],
        now=timezone.now(),
    )
    messages.success(request, _t("Granted. This is the claim: it goes out by itself as soon as it can."))
    return reverse("admin:fulfillment_claim_change", args=[claim.pk])


def _shown(
    request: HttpRequest,
    person: Person,
    campaign: Campaign,
    claims: QuerySet[Claim],
    form: GrantForm,
    problem: str,
) -> dict[str, Any]:
    now = timezone.now()
    has = claims.select_related("reward", "assigned_reward").defer("raw").order_by("-id")[:_CLAIMS_SHOWN]
    return {
        "form": form,
        "problem": problem,
        "campaign": campaign,
        "timing": timing_of(campaign, now),
        "late": timing_of(campaign, now) is Timing.LATE,
        "closed": zones.describe(campaign.closes_at, campaign.time_zone) if campaign.closes_at else "",
        "player": player_of(person, campaign),
        "limit": campaign.per_player_limit,
        "has": [
            {"claim": one, "chip": state_chip(one.state), "why": reason_name(one.state, one.reason)} for one in has
        ],
        "back": f"{reverse('admin:grant')}?{urlencode(_asked(request))}",
    }


PAGES = (
    AdminPage(
        "grant/",
        "grant",
        grant_view,
        Permission.BULK,
        title=_("Grant by hand"),
        icon="volunteer_activism",
        keeps_to_games=True,
    ),
)
