"""The console: what a studio would set up with Twitch and Kick, with the ids that they give."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from portal.sandbox import announcing, catalogue, claiming, eventsub
from portal.sandbox.faulting import faults_of
from portal.sandbox.forms import (
    ApplicationForm,
    CampaignForm,
    CategoryForm,
    RewardForm,
    UserForm,
)
from portal.sandbox.messages import DROP_TYPE
from portal.sandbox.models import (
    Application,
    Campaign,
    Category,
    EventSubscription,
    HeartbeatConnection,
    Platform,
    PlatformUser,
    Reward,
)
from portal.sandbox.signing import public_pem
from portal.sandbox.streaming import live_streams
from portal.sandbox.views.pages import platform_or_404

Context = dict[str, Any]


def _base_urls(request: HttpRequest, platform: str) -> list[tuple[str, str]]:
    """What stands here for id.twitch.tv and api.twitch.tv, or Kick's: the same root for both."""
    root = request.build_absolute_uri(f"/{platform}")
    return [("Sign-in base URL", root), ("API base URL", root)]


def _summary(request: HttpRequest, platform: str) -> Context:
    app = get_object_or_404(Application, platform=platform)
    return {
        "platform": platform,
        "label": catalogue.platform_label(platform),
        "app": app,
        "told": eventsub.is_told(app),
        "campaigns": Campaign.objects.filter(platform=platform)
        .select_related("category")
        .prefetch_related("entries__reward")
        .order_by("-pk"),
        "rewards": Reward.objects.filter(platform=platform).order_by("-pk"),
        "categories": Category.objects.filter(platform=platform).order_by("name"),
        "connections": HeartbeatConnection.objects.filter(user__platform=platform).count(),
        "base_urls": _base_urls(request, platform),
        "faults_on": faults_of(platform).in_words(),
        "live": live_streams(platform, now=timezone.now()),
        "subscriptions": EventSubscription.objects.filter(platform=platform).count(),
    }


@require_GET
def healthz(_request: HttpRequest) -> HttpResponse:
    """The process is alive."""
    return HttpResponse("ok", content_type="text/plain")


@require_GET
def overview(request: HttpRequest) -> HttpResponse:
    """What this is, and both platforms' registrations and ids."""
    known = Application.objects.values_list("platform", flat=True)
    sections = [_summary(request, platform) for platform in Platform.values if platform in known]
    return render(request, "overview.html", {"sections": sections})


def _forms(platform: str, app: Application, request: HttpRequest | None = None, which: str = "") -> Context:
    def data(name: str) -> Any:
        return request.POST if request is not None and name == which else None

    return {
        "app_form": ApplicationForm(data("app"), instance=app, auto_id="app-%s"),
        "category_form": CategoryForm(data("category"), auto_id="category-%s"),
        "reward_form": RewardForm(data("reward"), auto_id="reward-%s"),
        "campaign_form": CampaignForm(data("campaign"), platform=platform, auto_id="campaign-%s"),
        "user_form": UserForm(data("user"), platform=platform, auto_id="user-%s"),
    }


@require_http_methods(["GET", "POST"])
def platform_console(request: HttpRequest, platform: str) -> HttpResponse:
    """One platform's console: the registration, and forms for everything a studio makes there."""
    platform_or_404(platform)
    app = get_object_or_404(Application, platform=platform)
    which = request.POST.get("form", "")
    forms = _forms(platform, app, request if request.method == "POST" else None, which)
    chosen = forms.get(f"{which}_form")
    status = 200
    if chosen is not None and request.method == "POST":
        if chosen.is_valid():
            messages.success(request, _save(platform, which, chosen))
            # The form was sent to its own heading, to show its faults in view; what was done is said on top.
            return redirect(reverse("console", args=[platform]) + "#main")
        messages.error(request, "Nothing was saved. Below is what needs mending.")
        status = 400
        app.refresh_from_db()
    summary = _summary(request, platform)
    context = summary | forms | {"section": summary}
    context["users"] = catalogue.first_users(platform).prefetch_related("connections")
    context["user_count"] = PlatformUser.objects.filter(platform=platform).count()
    if platform == Platform.KICK:
        context["public_key"] = public_pem(claiming.private_key(platform))
    return render(request, "console.html", context, status=status)


def _save(platform: str, which: str, form: Any) -> str:
    """Do what a valid form asks, and say what was done."""
    values = form.cleaned_data
    if which == "app":
        form.save()
        return "The registration was saved."
    if which == "category":
        category = catalogue.add_category(platform=platform, name=values["name"])
        return f"The category {category.name} has the id {category.category_id}."
    if which == "reward":
        reward = catalogue.add_reward(platform=platform, name=values["name"], external_id=values["external_id"])
        return f"The reward {reward.name} has the id {reward.reward_id}."
    if which == "campaign":
        campaign = catalogue.add_campaign(
            platform=platform,
            name=values["name"],
            category=values["category"],
            minutes=form.chosen(),
        )
        return f"The campaign {campaign.name} has the id {campaign.campaign_id}."
    user = catalogue.add_user(
        platform=platform,
        display_name=values["display_name"],
        user_id=values["user_id"],
    )
    return f"The user {user.display_name} has the id {user.user_id}."


@require_POST
def challenge(request: HttpRequest) -> HttpResponse:
    """Send Twitch's challenge to the webhook URL and say whether it came back as it must."""
    app = get_object_or_404(Application, platform=Platform.TWITCH)
    told, passed = eventsub.send_challenge(eventsub.subscription_of(app), kind=DROP_TYPE, now=timezone.now())
    if passed:
        messages.success(
            request,
            "The challenge came back. Twitch would now enable the subscription.",
        )
    else:
        messages.error(request, f"The challenge did not come back. {told.in_plain_words()}")
    return redirect("console", platform=Platform.TWITCH)


@require_POST
def disconnect(request: HttpRequest, platform: str, user_id: str) -> HttpResponse:
    """What a viewer does in the platform's settings: end the studio's app. Twitch tells the portal."""
    user = get_object_or_404(PlatformUser, platform=platform_or_404(platform), user_id=user_id)
    now = timezone.now()
    claiming.disconnect(user=user, now=now)
    told = announcing.announce_disconnect(user=user, now=now)
    messages.success(request, f"{user.display_name} has disconnected the app.")
    if told is None:
        messages.info(request, "Kick tells nobody about it.")
    elif not told:
        messages.info(request, "Nobody was told: no enabled subscription asks for it.")
    for one in told or []:
        level = messages.SUCCESS if one.accepted() else messages.ERROR
        messages.add_message(request, level, f"user.authorization.revoke: {one.in_plain_words()}")
    return redirect("console", platform=platform)
