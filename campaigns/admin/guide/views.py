"""The pages of the guide (C1 to C5): a step each, which saves the draft and leads on to the next."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.translation import gettext as _t
from django.views.decorators.http import require_http_methods, require_safe

from campaigns.admin.campaign_pages import page_links
from campaigns.admin.guide.forms import BasicsForm, WhereForm, proposed_times
from campaigns.admin.guide.mistakes import mistakes
from campaigns.admin.guide.reward_step import reward_step
from campaigns.admin.guide.steps import (
    TITLES,
    Step,
    may_be_guided,
    neighbours,
    resumed_at,
    shown_checks,
    shown_steps,
    step_url,
)
from campaigns.admin.guide.told import TimesForm
from campaigns.editing import EditRefused, save_campaign
from campaigns.models import Campaign, Game
from campaigns.preflight import Checked, checklist
from campaigns.rules import zones
from portal.admin_base import in_reach
from portal.next_page import with_next
from portal.organizations import active_organization, may
from portal.roles import Permission

if TYPE_CHECKING:
    from campaigns.admin.campaigns import CampaignAdmin

STAY, CHANNELS = "stay", "channels"
"""Values of the button ``then``: the step again, or the page of channels, instead of the next step."""


def guide_urls(model_admin: CampaignAdmin) -> list[URLPattern]:
    """Return the addresses of the guide."""
    wrap = model_admin.admin_site.admin_view

    def begin(request: HttpRequest) -> HttpResponse:
        return begin_view(model_admin, request)

    def times(request: HttpRequest) -> HttpResponse:
        return times_view(request)

    def resume(request: HttpRequest, object_id: str) -> HttpResponse:
        campaign = _found(model_admin, request, object_id)
        return HttpResponseRedirect(step_url(campaign, resumed_at(campaign, now=timezone.now())))

    def step(request: HttpRequest, object_id: str, step: str) -> HttpResponse:
        return step_view(model_admin, request, object_id, step)

    return [
        path("begin/", wrap(begin), name="campaigns_campaign_begin"),
        path("begin/times/", wrap(times), name="campaigns_campaign_times"),
        path("<path:object_id>/guide/", wrap(resume), name="campaigns_campaign_steps"),
        path("<path:object_id>/guide/<slug:step>/", wrap(step), name="campaigns_campaign_guide"),
    ]


@require_http_methods(["GET", "HEAD", "POST"])
def _basics(request: HttpRequest, model_admin: CampaignAdmin, campaign: Campaign | None) -> HttpResponse:
    games = in_reach(Game.objects.order_by("name"), request)
    form = _basics_form(request, campaign, games)
    if request.method == "POST" and form.is_valid() and (stored := _saved(request, form)):
        return _on(request, stored, Step.BASICS)
    own_zone = getattr(request.user, "time_zone", "UTC")
    shown = TimesForm(request.POST) if request.method == "POST" else TimesForm(_as_posted(form))
    context = {"form": form, **shown.told(own_zone=own_zone), "own_zone": own_zone}
    if not games.exists():
        context["no_game"] = reverse("admin:campaigns_game_add")
    return _page(model_admin, request, campaign, Step.BASICS, context)


def _basics_form(request: HttpRequest, campaign: Campaign | None, games: Any) -> BasicsForm:
    sent = request.POST if request.method == "POST" else None
    if campaign is not None:
        return BasicsForm(sent, instance=campaign, games=games)
    zone = _proposed_zone(request)
    asked = {name: value for name, value in request.GET.items() if name in BasicsForm.Meta.fields}
    return BasicsForm(
        sent,
        instance=Campaign(organization=active_organization(request)),
        initial={"time_zone": zone, **proposed_times(zone, now=timezone.now()), **asked},
        games=games,
    )


def _proposed_zone(request: HttpRequest) -> str:
    """Return the zone of the organization's newest campaign; of its first one, the person's own."""
    newest = in_reach(Campaign.objects.order_by("-pk"), request).only("time_zone").first()
    zone: str = newest.time_zone if newest else getattr(request.user, "time_zone", "UTC")
    return zone


def _as_posted(form: BasicsForm) -> dict[str, Any]:
    """Return what a browser would send of the fields that the told times follow from."""
    sent: dict[str, Any] = {name: form[name].value() for name in ("time_zone", "announcement_days", "grace_days")}
    for name in ("starts_at", "ends_at"):
        parts = form.fields[name].widget.decompress(form[name].value())
        sent |= {
            f"{name}_{part}": value
            for part, value in zip(("date", "time", "occurrence"), parts, strict=True)
            if value is not None
        }
    return sent


def begin_view(model_admin: CampaignAdmin, request: HttpRequest) -> HttpResponse:
    """Show the first step of a campaign that is not there yet; saving it makes the draft."""
    if not model_admin.has_add_permission(request):
        raise PermissionDenied
    return _basics(request, model_admin, None)


@require_safe
def times_view(request: HttpRequest) -> HttpResponse:
    """Return the times that are asked about, in all zones, as a part of the first step; nothing is read or stored."""
    form = TimesForm(request.GET)
    context = form.told(own_zone=getattr(request.user, "time_zone", "UTC"))
    return TemplateResponse(request, "admin/campaigns/guide/times.html", context)


def step_view(model_admin: CampaignAdmin, request: HttpRequest, object_id: str, step: str) -> HttpResponse:
    """Show a step of a stored campaign, save it, and lead on. What can no longer be changed has its own page (C6)."""
    campaign = _found(model_admin, request, object_id)
    if step not in set(Step):
        raise Http404
    if not may_be_guided(campaign, now=timezone.now()):
        return HttpResponseRedirect(reverse("admin:campaigns_campaign_change", args=[campaign.pk]))
    steps: dict[Step, Callable[..., HttpResponse]] = {
        Step.BASICS: _basics,
        Step.WHERE: _where,
        Step.REWARDS: _rewards,
        Step.CHECK: _check,
    }
    return steps[Step(step)](request, model_admin, campaign)


def _found(model_admin: CampaignAdmin, request: HttpRequest, object_id: str) -> Campaign:
    campaign: Campaign | None = model_admin.get_object(request, object_id)
    if campaign is None:
        raise Http404
    if not model_admin.has_change_permission(request, campaign):
        raise PermissionDenied
    return campaign


@require_http_methods(["GET", "HEAD", "POST"])
def _where(request: HttpRequest, model_admin: CampaignAdmin, campaign: Campaign) -> HttpResponse:
    form = WhereForm(request.POST if request.method == "POST" else None, instance=campaign)
    if request.method == "POST" and form.is_valid() and (stored := _saved(request, form, form.write_platforms)):
        for notice in form.unlike_ids():
            messages.warning(request, str(notice))
        return _on(request, stored, Step.WHERE)
    listed = campaign.channels.filter(removed_at=None)[:10_000].count()
    return _page(model_admin, request, campaign, Step.WHERE, {"form": form, "listed": listed})


@require_http_methods(["GET", "HEAD", "POST"])
def _rewards(request: HttpRequest, model_admin: CampaignAdmin, campaign: Campaign) -> HttpResponse:
    shown = reward_step(request, campaign, now=timezone.now())
    if isinstance(shown, HttpResponse):
        return shown
    return _page(model_admin, request, campaign, Step.REWARDS, shown)


@require_safe
def _check(request: HttpRequest, model_admin: CampaignAdmin, campaign: Campaign) -> HttpResponse:
    checked = checklist(campaign, now=timezone.now())
    checks = shown_checks(campaign, checked)
    return _page(
        model_admin,
        request,
        campaign,
        Step.CHECK,
        {
            "checks": checks,
            "blocked": sum(1 for line in checks for shown in line.findings if shown.is_error),
            "seen_from": zones.describe(campaign.announces_at, campaign.time_zone) if campaign.announces_at else "",
            "is_draft": campaign.status == Campaign.Status.DRAFT,
            "may_publish": may(request, Permission.PUBLISH),
            "pages": [(with_next(url, request.path), label) for url, label in page_links(request, campaign)],
        },
        checked=checked,
    )


def _saved(request: HttpRequest, form: Any, write_lists: Callable[[], None] = lambda: None) -> Campaign | None:
    """Save what a step changed; None where it is refused beneath, with the reasons in the form."""
    try:
        return save_campaign(
            campaign=form.instance,
            changed=form.written(),
            actor=request.user,  # type: ignore[arg-type]
            now=timezone.now(),
            write_lists=write_lists,
        )
    except EditRefused as refused:
        for change in refused.changes:
            form.add_error(change.field if change.field in form.fields else None, str(change.sentence))
        return None


def _on(request: HttpRequest, campaign: Campaign, step: Step) -> HttpResponse:
    """Lead on from a step that was saved."""
    then = request.POST.get("then")
    if then == CHANNELS:
        channels = reverse("admin:campaigns_campaign_channels", args=[campaign.pk])
        return HttpResponseRedirect(with_next(channels, step_url(campaign, step)))
    following = neighbours(step)[1]
    if then == STAY or following is None:
        messages.success(request, _t("Saved."))
        return HttpResponseRedirect(step_url(campaign, step))
    return HttpResponseRedirect(step_url(campaign, following))


def _page(
    model_admin: CampaignAdmin,
    request: HttpRequest,
    campaign: Campaign | None,
    step: Step,
    context: dict[str, Any],
    checked: Sequence[Checked] = (),
) -> HttpResponse:
    """Show a step within the guide; the last one, which checks, tells what is to be mended in the others."""
    stored = campaign if campaign is not None and not campaign._state.adding else None
    before, after = neighbours(step)
    name = Campaign.objects.values_list("name", flat=True).get(pk=stored.pk) if stored else ""
    whole = {
        **model_admin.admin_site.each_context(request),
        "title": _t("New campaign") if stored is None else name,
        "step_title": TITLES[step],
        "steps": shown_steps(stored, step, checked),
        "number": list(Step).index(step) + 1,
        "campaign": stored,
        "before": step_url(stored, before) if stored and before else "",
        "after": step_url(stored, after) if stored and after else "",
        "after_title": TITLES[after] if after else "",
        "whole_page": reverse("admin:campaigns_campaign_change", args=[stored.pk]) if stored else "",
        "opts": model_admin.opts,
        "mistakes": mistakes(context),
        **context,
    }
    return TemplateResponse(request, f"admin/campaigns/guide/{step.name.lower()}.html", whole)
