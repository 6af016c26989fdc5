"""A campaign as a file: the page that writes it, and the two that take one in: first looked at, then made (C9)."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.text import slugify
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_safe
from unfold.widgets import UnfoldAdminFileFieldWidget, UnfoldAdminSelectWidget

from campaigns.admin.campaign_header import when
from campaigns.files.exporting import document_of
from campaigns.files.importing import (
    CannotImport,
    ImportedAlready,
    document_in,
    import_campaign,
    keep_file,
    plan_of,
)
from campaigns.files.planning import ImportPlan, PlannedReward, game_named
from campaigns.hooks import CampaignPage
from campaigns.models import Campaign, CampaignFile, Channel, Game
from campaigns.rules.campaign_written import written
from campaigns.rules.document_text import LARGEST_FILE, as_json, as_yaml
from campaigns.rules.strict import Problem
from portal import platforms
from portal.admin_base import in_reach
from portal.admin_pages import AdminPage
from portal.next_page import next_page
from portal.organizations import may
from portal.roles import Permission
from portal.sentences import Sentence

_WAYS = {"json": (as_json, "application/json"), "yaml": (as_yaml, "application/yaml")}


@require_safe
def export_view(request: HttpRequest, campaign: Campaign) -> HttpResponse:
    """Say what the file has and what not; with ``as`` in the address, send it."""
    way = request.GET.get("as", "")
    if way in _WAYS:
        write, content_type = _WAYS[way]
        name = slugify(campaign.name)[:60] or "campaign"
        return HttpResponse(
            write(written(document_of(campaign))),
            content_type=f"{content_type}; charset=utf-8",
            headers={"Content-Disposition": f'attachment; filename="{name}.{way}"', "Cache-Control": "no-store"},
        )
    context = {
        **admin.site.each_context(request),
        "title": _t("As a file: %(name)s") % {"name": campaign.name},
        "campaign": campaign,
        "original": campaign,
        "testers": campaign.testers.count(),
        "opts": Campaign._meta,
        "back": next_page(request) or reverse("admin:campaigns_campaign_change", args=[campaign.pk]),
    }
    return TemplateResponse(request, "admin/campaigns/export.html", context)


class ImportForm(forms.Form):
    """A file, and the game in which the campaign is to be made."""

    file = forms.FileField(
        label=_("File"),
        help_text=_("JSON or YAML as a portal writes it, at most 8 MiB."),
        widget=UnfoldAdminFileFieldWidget(attrs={"accept": ".json,.yaml,.yml"}),
    )
    game = forms.ModelChoiceField(
        Game.objects.none(),
        label=_("Game"),
        required=False,
        empty_label=_("The game that the file names"),
        help_text=_("The campaign's rewards are looked for in this game."),
        widget=UnfoldAdminSelectWidget,
    )

    def __init__(self, *args: Any, request: HttpRequest, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["game"].queryset = _games(request).order_by("name")  # type: ignore[attr-defined]


@require_http_methods(["GET", "HEAD", "POST"])
def import_view(request: HttpRequest) -> HttpResponse:
    """Take a file; what it would make is the next page's."""
    _refuse_readers(request)
    form = ImportForm(request.POST or None, request.FILES or None, request=request)
    problems: list[Problem] = []
    if request.method == "POST" and form.is_valid():
        try:
            kept = _keep(request, form)
            return HttpResponseRedirect(reverse("admin:campaigns_campaign_import_look", args=[kept.pk]))
        except CannotImport as error:
            problems = error.problems
    context = {
        **admin.site.each_context(request),
        "title": _t("Import a campaign"),
        "form": form,
        "problems": problems,
        "opts": Campaign._meta,
        "back": reverse("admin:campaigns_campaign_changelist"),
    }
    return TemplateResponse(request, "admin/campaigns/import.html", context)


def _games(request: HttpRequest) -> Any:
    return in_reach(Game.objects.all(), request)


def _refuse_readers(request: HttpRequest) -> None:
    if not may(request, Permission.EDIT_CAMPAIGNS):
        raise PermissionDenied


def _keep(request: HttpRequest, form: ImportForm) -> CampaignFile:
    upload = form.cleaned_data["file"]
    # One byte more than is taken: what is larger is refused in words, without being read whole.
    data: bytes = upload.read(LARGEST_FILE + 1)
    game = form.cleaned_data["game"]
    if game is None:
        wanted = document_in(data).game
        game = game_named(wanted, _games(request))
        if game is None:
            told = _("There is no game “%(name)s” here. Choose below in which game the campaign is to be made.")
            raise CannotImport([Problem("campaign.game", Sentence(told, {"name": wanted.name}))])
    return keep_file(data=data, game=game, actor=request.user, now=timezone.now())  # type: ignore[arg-type]


@require_http_methods(["GET", "HEAD", "POST"])
def look_view(request: HttpRequest, file_id: str) -> HttpResponse:
    """Show what a kept file would make, reuse and refuse; on POST make it."""
    _refuse_readers(request)
    kept = CampaignFile.objects.select_related("game__organization", "campaign")
    file = in_reach(kept.filter(uploaded_by=request.user.pk), request).filter(pk=file_id).first()
    if file is None:
        raise Http404
    try:
        if request.method == "POST" or file.used_at is not None:
            return _made(request, file)
        plan = plan_of(file, games=_games(request))
    except CannotImport as error:
        return _shown(request, file, None, error.problems)
    return _shown(request, file, plan, plan.problems)


def _made(request: HttpRequest, file: CampaignFile) -> HttpResponse:
    try:
        campaign = import_campaign(
            file_id=file.pk,
            games=_games(request),
            actor=request.user,  # type: ignore[arg-type]
            now=timezone.now(),
        )
    except ImportedAlready as error:
        messages.info(request, _t("The campaign of this file was made already. Nothing more was made."))
        return _to(error.campaign)
    messages.success(request, _t("“%(name)s” is here, as a draft.") % {"name": campaign.name})
    return _to(campaign)


def _to(campaign: Campaign | None) -> HttpResponse:
    if campaign is None:
        return HttpResponseRedirect(reverse("admin:campaigns_campaign_changelist"))
    return HttpResponseRedirect(reverse("admin:campaigns_campaign_change", args=[campaign.pk]))


def _shown(request: HttpRequest, file: CampaignFile, plan: ImportPlan | None, problems: list[Problem]) -> HttpResponse:
    context: dict[str, Any] = {
        **admin.site.each_context(request),
        "title": _t("Import: what would be made"),
        "file": file,
        "plan": plan,
        "problems": problems,
        "opts": Campaign._meta,
        "back": reverse("admin:campaigns_campaign_import"),
    }
    if plan is not None:
        context |= {"facts": _facts(plan), "rewards": [_reward(planned) for planned in plan.rewards]}
    return TemplateResponse(request, "admin/campaigns/import_look.html", context)


def _facts(plan: ImportPlan) -> list[tuple[str, Any]]:
    campaign, document = plan.campaign, plan.document
    counted = {"platform": _t("the platform counts"), "portal": _t("the portal counts")}
    names = [
        f"{platforms.get(one.platform).name if platforms.is_known(one.platform) else one.platform} "
        f"({counted[one.counted_by]})"
        for one in document.platforms
    ]
    facts = [
        (_t("Name"), campaign.name),
        (_t("Game"), plan.game.name),
        (_t("Start"), when(campaign.starts_at, campaign.time_zone)),
        (_t("End"), when(campaign.ends_at, campaign.time_zone)),
        (_t("Platforms"), ", ".join(names) or "–"),
        (_t("Channels that count"), campaign.get_scope_display()),
    ]
    if plan.further_games:
        facts.append((_t("Further games"), ", ".join(game.name for game in plan.further_games)))
    if document.channels:
        facts.append((_t("Allow-list"), _listed(plan)))
    return facts


def _listed(plan: ImportPlan) -> str:
    listed = plan.document.channels
    known = set(
        Channel.objects.filter(
            organization=plan.game.organization, platform__in={one.platform for one in listed}
        ).values_list("platform", "platform_channel_id")
    )
    new = sum((one.platform, one.id) not in known for one in listed)
    return _t("%(count)s channels, of which %(new)s are new here") % {"count": f"{len(listed):,}", "new": f"{new:,}"}


def _reward(planned: PlannedReward) -> dict[str, Any]:
    row = planned.row
    rule = row.event_name if planned.entry.event else _t("%(minutes)s minutes") % {"minutes": row.minutes}
    if planned.is_new:
        outcome = _t("New: it is made, with its picture.") if row.reward.image else _t("New: it is made.")
    else:
        outcome = _t("Reused: %(match)s. Its own texts, picture and ids stay as they are.") % {
            "match": planned.matched_by
        }
    return {
        "name": planned.entry.item.name,
        "rule": f"{row.get_rule_display()}: {rule}",
        "outcome": outcome,
        "is_new": planned.is_new,
        "notices": planned.notices,
    }


CAMPAIGN_PAGES = (CampaignPage("export/", "export", export_view, _("As a file …")),)

PAGES = (
    AdminPage(
        "campaigns/campaign/import/",
        "campaigns_campaign_import",
        import_view,
        Permission.EDIT_CAMPAIGNS,
        keeps_to_games=True,
    ),
    AdminPage(
        "campaigns/campaign/import/<str:file_id>/",
        "campaigns_campaign_import_look",
        look_view,
        Permission.EDIT_CAMPAIGNS,
        keeps_to_games=True,
    ),
)
