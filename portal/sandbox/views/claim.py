"""The inventory page of both platforms in one: a user claims a reward, and the portal is told."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from portal.sandbox import announcing, claiming, eventsub
from portal.sandbox.catalogue import entries_of, first_users, platform_label
from portal.sandbox.faulting import faults_of
from portal.sandbox.models import (
    Application,
    CampaignReward,
    Claim,
    Platform,
    PlatformUser,
    WebhookAttempt,
)

LISTED_CLAIMS = 50


def _say(request: HttpRequest, attempt: WebhookAttempt) -> None:
    if attempt.withheld():
        messages.error(request, f"No webhook was sent. {attempt.error.removeprefix('Not sent. ')}")
    elif attempt.accepted():
        messages.success(request, f"The webhook was sent and answered with {attempt.status}.")
    elif attempt.status is not None:
        messages.error(request, f"The webhook was sent, but answered with {attempt.status}.")
    else:
        messages.error(request, f"The webhook brought no answer: {attempt.error}")


@require_http_methods(["GET", "POST"])
def claim(request: HttpRequest) -> HttpResponse:
    """Choose a user and a reward and claim it; below, the claims so far with their webhooks."""
    if request.method == "POST":
        platform = request.POST.get("platform", "")
        user = PlatformUser.objects.filter(platform=platform, user_id=request.POST.get("user", "")).first()
        entry_pk = request.POST.get("entry", "")
        entry = (
            CampaignReward.objects.filter(pk=entry_pk, campaign__platform=platform).first()
            if entry_pk.isdigit()
            else None
        )
        if user is not None and entry is not None:
            now = timezone.now()
            made = claiming.record_claim(user=user, entry=entry, now=now)
            _say(request, announcing.send_claim(claim=made, now=now))
            return redirect("claim-detail", claim_id=made.claim_id)
        messages.error(
            request,
            "Nothing was claimed: choose a user and a reward of the same platform.",
        )
    claims = (
        Claim.objects.select_related("user", "entry__reward", "entry__campaign")
        .prefetch_related("attempts")
        .order_by("-pk")[:LISTED_CLAIMS]
    )
    context = {"sections": _sections(), "claims": claims, "total": Claim.objects.count()}
    return render(
        request,
        "claim.html",
        context,
        status=400 if request.method == "POST" else 200,
    )


def _sections() -> list[dict[str, Any]]:
    """For each platform who can claim what, and whether the portal would hear of it."""
    apps = {app.platform: app for app in Application.objects.all()}
    return [
        {
            "platform": platform,
            "label": platform_label(platform),
            "users": first_users(platform),
            "faults_on": faults_of(platform).in_words(),
            "entries": entries_of(platform),
            "told": eventsub.is_told(apps[platform]),
        }
        for platform in Platform.values
        if platform in apps
    ]


@require_http_methods(["GET"])
def claim_detail(request: HttpRequest, claim_id: str) -> HttpResponse:
    """One claim with every webhook that was sent about it, word for word."""
    made = get_object_or_404(
        Claim.objects.select_related("user", "entry__reward", "entry__campaign"),
        claim_id=claim_id,
    )
    attempts = WebhookAttempt.objects.filter(claim=made).order_by("-pk")
    context = {
        "claim": made,
        "attempts": attempts,
        "label": platform_label(made.platform),
    }
    return render(request, "claim_detail.html", context)


@require_POST
def send_again(request: HttpRequest, claim_id: str) -> HttpResponse:
    """Send the same claim again, as a platform does when an answer was lost."""
    made = get_object_or_404(Claim, claim_id=claim_id)
    _say(request, announcing.send_claim(claim=made, now=timezone.now()))
    return redirect("claim-detail", claim_id=made.claim_id)
