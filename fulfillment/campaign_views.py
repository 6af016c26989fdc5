"""The viewer's page of a campaign, and the button that claims what was earned in it (F5)."""

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

from campaigns.models import Campaign, CampaignReward
from fulfillment.campaign_page import find_campaign, live_context, page_context
from fulfillment.claiming import ClaimRefused, Refusal, claim_reward
from fulfillment.inventory import status_in_words
from fulfillment.models import Claim
from fulfillment.progress_shown import link_page
from fulfillment.rules.states import State
from linking.flow import remember_game
from linking.landing import standing_of
from linking.leaving import allow_sign_in
from linking.viewers_of import OwnViewer, viewers_of
from portal.live import live_address, live_part, wants_live_part
from portal.models import User
from portal.ratelimit import limited


@never_cache
@require_safe
def campaign(request: HttpRequest, campaign_id: str) -> HttpResponse:
    """Show a campaign to whoever comes, and to who is signed in how far they are.

    Raises:
        Http404: there is no such campaign, or it is not announced yet.
    """
    now = timezone.now()
    own = viewers_of(request, now=now)
    found = find_campaign(campaign_id, own, now=now)
    context = live_context(request, found, own, now=now)
    if wants_live_part(request):
        return live_part(request, "fulfillment/campaign_live.html", context)
    remember_game(request, found.game)
    standing = standing_of(request, found.game, now=now)
    context |= page_context(request, found, standing, now=now)
    context["live_address"] = live_address(request)
    return allow_sign_in(render(request, "fulfillment/campaign.html", context), standing)


@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
@limited("claim", limit=60)
def claim_earned(request: HttpRequest, campaign_id: str, campaign_reward_id: str) -> HttpResponse:
    """Claim an earned reward for one of this person's viewers; pressing twice is one claim.

    Raises:
        Http404: there is no such reward here, or the viewer is not this person's.
    """
    now = timezone.now()
    own = viewers_of(request, now=now)
    found = find_campaign(campaign_id, own, now=now)
    if request.method != "POST":  # somebody came back from signing in, or reloaded
        return redirect("campaign", found.pk)
    row = next((row for row in found.rewards.all() if row.pk == campaign_reward_id), None)
    mine = _chosen(request, found, own)
    if row is None or mine is None:
        raise Http404
    try:
        made = claim_reward(viewer=mine.viewer, campaign_reward=row, actor=cast(User, request.user), now=now)
    except ClaimRefused as refusal:
        return _refused(request, refusal, row)
    _say(request, made, row)
    return redirect("inventory") if request.POST.get("back") == "inventory" else redirect("campaign", found.pk)


def _chosen(request: HttpRequest, campaign: Campaign, own: list[OwnViewer]) -> OwnViewer | None:
    """Return the viewer that the button was for, if it is this person's and may claim in this campaign."""
    wanted = request.POST.get("viewer", "")
    return next((one for one in own if one.viewer.pk == wanted and one.sees(campaign)), None)


def _say(request: HttpRequest, made: Claim, row: CampaignReward) -> None:
    names = {"reward": row.reward.name, "game": row.campaign.game.name}
    if made.state == State.RECEIVED:
        messages.success(request, _("You have claimed “%(reward)s”. It is sent to %(game)s by itself.") % names)
    else:
        _kind, state = status_in_words(made)
        messages.info(request, _("You had claimed “%(reward)s” already: %(state)s.") % {**names, "state": state})


def _refused(request: HttpRequest, refusal: ClaimRefused, row: CampaignReward) -> HttpResponse:
    status = 403 if refusal.code == Refusal.NOT_YOURS else 409
    context = {
        "refusal": refusal,
        "reward": row.reward,
        "campaign": row.campaign,
        "link_url": link_page(row.campaign) if refusal.code == Refusal.NOT_LINKED else "",
        "back": "inventory" if request.POST.get("back") == "inventory" else "campaign",
        "nav_current": "inventory",
    }
    return render(request, "fulfillment/claim_refused.html", context, status=status)
