"""Trying a test campaign: made-up messages of its platforms, and step by step what became of them."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_safe
from unfold.widgets import UnfoldAdminSelectWidget

from campaigns.hooks import CampaignPage
from campaigns.models import Campaign, CampaignPlatform, CampaignReward, CampaignTester
from campaigns.rules import zones
from campaigns.rules.phases import Phase
from fulfillment.admin.words import reason_name, state_chip, utc
from fulfillment.claims import NotPossible
from fulfillment.inventory import RELATED, shown
from fulfillment.models import Claim, ClaimEvent, DeliveryAttempt, Simulation
from fulfillment.models.simulations import SCENARIO_NAMES
from fulfillment.rules.simulated import Scenario
from fulfillment.rules.states import State
from fulfillment.simulating import simulate
from portal import platforms
from portal.admin_pages import AdminPage
from portal.live import look_again
from portal.models import Organization
from portal.organizations import active_organization, game_scope, may
from portal.reach import in_games
from portal.roles import Permission

_WATCHED = timedelta(minutes=2)
"""So long the page looks again by itself."""

_SETTLED = frozenset(State) - {State.RECEIVED, State.READY, State.DELIVERING}

EXPECTED: dict[str, str | Promise] = {
    Scenario.SINGLE: _("Taken, and delivered to the game if the tester is linked; else it waits for the link."),
    Scenario.BATCH: _("A claim of every reward, each delivered. A reward that the tester has already is a duplicate."),
    Scenario.DUPLICATE: _("Each message is answered as success, and there is one claim."),
    Scenario.LATE: _("Held as late: staff may release it."),
    Scenario.UNLINKED: _("Waits for a link. Nothing is delivered, and nothing is lost."),
    Scenario.UNMAPPED: _("In quarantine until somebody says which reward it is for."),
    Scenario.BAD_SIGNATURE: _("Refused. Nothing is stored."),
}


class SimulateForm(forms.Form):
    """What is tried, on which platform, by whom."""

    scenario = forms.ChoiceField(
        label=_("What to try"), choices=SCENARIO_NAMES, widget=forms.RadioSelect, initial=Scenario.SINGLE.value
    )
    platform = forms.ChoiceField(label=_("Platform"), widget=UnfoldAdminSelectWidget)
    tester = forms.ModelChoiceField(
        CampaignTester.objects.none(),
        label=_("Who claims"),
        required=False,
        empty_label=_("nobody: somebody is made up"),
        help_text=_("A tester of the campaign. Not needed for somebody who has not linked, nor for a forged message."),
        widget=UnfoldAdminSelectWidget,
    )
    reward = forms.ModelChoiceField(
        CampaignReward.objects.none(),
        label=_("Reward"),
        required=False,
        empty_label=_("the first of the campaign"),
        widget=UnfoldAdminSelectWidget,
    )

    def __init__(self, *args: Any, campaign: Campaign, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        counted = campaign.platforms.filter(counted_by=CampaignPlatform.CountedBy.PLATFORM)
        there = set(counted.values_list("platform", flat=True))
        fields: Any = self.fields
        fields["platform"].choices = [pair for pair in platforms.choices() if pair[0] in there]
        fields["tester"].queryset = campaign.testers.order_by("platform", "note", "pk")
        fields["tester"].label_from_instance = lambda one: f"{one} · {platforms.get(one.platform).name}"
        fields["reward"].queryset = campaign.rewards.select_related("reward").order_by("position", "pk")

    def clean(self) -> dict[str, Any]:
        """Hold tester and platform together."""
        cleaned = super().clean() or self.cleaned_data
        tester, platform = cleaned.get("tester"), cleaned.get("platform")
        if tester and platform and tester.platform != platform:
            self.add_error("tester", _("This tester is of another platform. Choose one of the platform above."))
        return cleaned


def simulate_figure(campaign: Campaign) -> list[tuple[str, str, str]]:
    """Lead from a published test campaign to trying it."""
    if not campaign.test_mode or campaign.status != Campaign.Status.PUBLISHED:
        return []
    return [(_t("Try it"), _t("Simulate messages …"), reverse("admin:campaigns_campaign_simulate", args=[campaign.pk]))]


@require_safe
def simulations_view(request: HttpRequest) -> HttpResponse:
    """Show which campaigns can be tried, and the last tries."""
    organization = _organization(request)
    testing = _campaigns(request, organization).filter(test_mode=True).order_by("-created_at")
    tried = in_games(Simulation.objects.filter(organization=organization), game_scope(request))
    context: dict[str, Any] = {
        **admin.site.each_context(request),
        "title": _t("Simulate"),
        "ready": testing.filter(status=Campaign.Status.PUBLISHED)[:50],
        "drafts": testing.filter(status=Campaign.Status.DRAFT)[:20],
        "tried": tried.select_related("campaign").order_by("-id")[:20],
    }
    return TemplateResponse(request, "admin/fulfillment/simulations.html", context)


@require_http_methods(["GET", "POST"])
def simulate_view(request: HttpRequest, campaign: Campaign) -> HttpResponse:
    """Ask what to try with one test campaign, and do it."""
    if not may(request, Permission.EDIT_CAMPAIGNS):
        raise PermissionDenied
    form = SimulateForm(request.POST if request.method == "POST" else None, campaign=campaign)
    if request.method == "POST" and form.is_valid():
        try:
            made = simulate(
                campaign=campaign,
                platform=form.cleaned_data["platform"],
                scenario=Scenario(form.cleaned_data["scenario"]),
                tester=form.cleaned_data["tester"],
                reward=form.cleaned_data["reward"],
                actor=request.user,  # type: ignore[arg-type]
                now=timezone.now(),
            )
        except NotPossible as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, _t("Sent. What became of it is shown below."))
            return HttpResponseRedirect(reverse("admin:simulation", args=[made.pk]))
    context: dict[str, Any] = {
        **admin.site.each_context(request),
        "title": _t("Simulate: %(name)s") % {"name": campaign.name},
        "campaign": campaign,
        "form": form,
        "expected": [(name, EXPECTED[key]) for key, name in SCENARIO_NAMES],
        "fits": campaign.test_mode and campaign.status == Campaign.Status.PUBLISHED,
        "held": _why_held(campaign, now=timezone.now()),
        "back": reverse("admin:campaigns_campaign_change", args=[campaign.pk]),
    }
    return TemplateResponse(request, "admin/fulfillment/simulate.html", context)


def _why_held(campaign: Campaign, *, now: datetime) -> str:
    """Say why what is claimed now would be held, and what to do; empty while rewards can be claimed."""
    phase = campaign.phase(now)
    if phase in (Phase.SCHEDULED, Phase.ANNOUNCED):
        told = _t(
            "The campaign has not started, so each claim is held as granted before the start. To try all of the way to the "
            "game, have the test start earlier: %(time)s is what it has now."
        )
        return told % {"time": zones.describe(campaign.starts_at, campaign.time_zone)} if campaign.starts_at else ""
    if phase is Phase.CLOSED:
        return _t(
            "Claiming has closed, so each claim is held as late. To try all of the way to the game, clone the test."
        )
    return ""


@require_safe
def simulation_view(request: HttpRequest, simulation_id: str) -> HttpResponse:
    """Show what the webhook answered, and each claim's way since."""
    organization = _organization(request)
    mine = in_games(Simulation.objects.filter(organization=organization), game_scope(request))
    made = get_object_or_404(mine.select_related("campaign"), pk=simulation_id)
    claims = list(_claims(made))
    settled = all(claim.state in _SETTLED for claim in claims)
    context: dict[str, Any] = {
        **admin.site.each_context(request),
        "title": _t("Simulation: %(what)s") % {"what": made.get_scenario_display()},
        "made": made,
        "platform": platforms.get(made.platform).name,
        "expected": EXPECTED[made.scenario],
        "sent": [
            {**message, "number": number, "taken": 200 <= message["status"] < 300}
            for number, message in enumerate(made.messages, start=1)
        ],
        "claims": _ways(claims),
        "settled": settled,
        "again": reverse("admin:campaigns_campaign_simulate", args=[made.campaign_id]),
        "purge": reverse("admin:purge_test_campaign", args=[made.campaign_id]) if may(request, Permission.BULK) else "",
    }
    response = TemplateResponse(request, "admin/fulfillment/simulation.html", context)
    if not settled and timezone.now() - made.made_at < _WATCHED:
        look_again(response, request, seconds=2)  # nothing is lost by looking away
    return response


def _claims(made: Simulation) -> Any:
    named = {claim_id for message in made.messages for claim_id in message["claims"]}
    rows = Claim.objects.filter(
        organization=made.organization_id, platform=made.platform, platform_claim_id__in=sorted(named)
    )
    return rows.select_related(*RELATED).order_by("pk")


def _ways(claims: list[Claim]) -> list[dict[str, Any]]:
    """Return each claim with its history and its attempts, in two queries for all of them."""
    ids = [claim.pk for claim in claims]
    events: dict[str, list[ClaimEvent]] = {}
    for event in ClaimEvent.objects.filter(claim__in=ids).order_by("pk"):
        events.setdefault(event.claim_id, []).append(event)
    attempts: dict[str, list[DeliveryAttempt]] = {}
    for attempt in DeliveryAttempt.objects.filter(delivery__in=ids).order_by("pk"):
        attempts.setdefault(attempt.delivery_id, []).append(attempt)
    return [
        {
            "claim": claim,
            "url": reverse("admin:fulfillment_claim_change", args=[claim.pk]),
            "chip": state_chip(claim.state),
            "why": reason_name(claim.state, claim.reason),
            "reads": shown(claim).next_text,
            "received": utc(claim.received_at),
            "steps": [
                {"at": event.at, "chip": state_chip(event.to_state), "why": reason_name(event.to_state, event.reason)}
                for event in events.get(claim.pk, [])
            ],
            "attempts": attempts.get(claim.pk, []),
        }
        for claim in claims
    ]


def _organization(request: HttpRequest) -> Organization:
    organization = active_organization(request)
    if organization is None or not may(request, Permission.EDIT_CAMPAIGNS):
        raise PermissionDenied
    return organization


def _campaigns(request: HttpRequest, organization: Organization) -> Any:
    return in_games(Campaign.objects.filter(organization=organization), game_scope(request))


PAGES = (
    AdminPage(
        "simulate/",
        "simulate",
        simulations_view,
        Permission.EDIT_CAMPAIGNS,
        _("Simulate"),
        "science",
        keeps_to_games=True,
    ),
    AdminPage(
        "simulate/<str:simulation_id>/",
        "simulation",
        simulation_view,
        Permission.EDIT_CAMPAIGNS,
        keeps_to_games=True,
    ),
)
CAMPAIGN_PAGES = (CampaignPage("simulate/", "simulate", simulate_view, permission=Permission.EDIT_CAMPAIGNS),)
