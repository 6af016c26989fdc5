"""Erasing a person, saving what is stored about them, and emptying a test campaign: each asks with the count first (F8)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from unfold.widgets import UnfoldAdminTextInputWidget, UnfoldBooleanWidget

from campaigns.models import Campaign, GameEvent, Viewer
from fulfillment.admin.deed_form import ReasonForm
from fulfillment.erasure import Erasure, ErasureRefused, erase_player, erase_viewer, preview_player, preview_viewer
from fulfillment.export import export_player, export_viewer
from fulfillment.figures import counted
from fulfillment.models import Claim
from fulfillment.purging import Purged, PurgeRefused, count_for_purge, purge_test_campaign
from linking.models import Link, Player
from portal import audit, platforms
from portal.admin_pages import AdminPage
from portal.models import Organization
from portal.organizations import active_organization, game_scope, may
from portal.reach import in_games
from portal.roles import Permission
from portal.tombstones import is_tombstone

MOST_AT_ONCE = 10_000
"""So many claims one press removes: a request must end."""

_ERASED_TEXTS: Mapping[str, str | Promise] = {
    "links_ended": _("Active links, which end"),
    "claims": _("Claims, which stay without person and message"),
    "claims_closed": _("Of these not delivered: the reward is lost"),
    "deliveries": _("Deliveries, which stay without their body"),
    "attempts": _("Attempts, which stay without the answer"),
    "testers": _("Entries in lists of testers"),
    "notices": _("Notices to the person, which go"),
    "notes": _("Notes of staff, which go"),
    "identifiers": _("Registrations with the platform, which it is told to remove within minutes"),
    "channels": _("Channels known only because the person streamed"),
}
_PURGED_TEXTS: Mapping[str, str | Promise] = {
    "claims": _("Claims"),
    "events": _("Steps of their history"),
    "deliveries": _("Deliveries"),
    "attempts": _("Attempts to deliver"),
    "game_events": _("Game events"),
}


class ConfirmForm(forms.Form):
    """What has to be typed so that nothing is removed by a slip."""

    typed = forms.CharField(max_length=200, widget=UnfoldAdminTextInputWidget(attrs={"autocomplete": "off"}))

    def __init__(self, *args: Any, expected: str, label: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.expected = expected
        self.fields["typed"].label = label
        self.fields["typed"].help_text = expected

    def clean_typed(self) -> str:
        """Hold what was typed against what is meant."""
        typed: str = self.cleaned_data["typed"].strip()
        if typed != self.expected:
            raise forms.ValidationError(_("This is not the text below the field. Nothing was removed."))
        return typed


class EraseForm(ConfirmForm, ReasonForm):
    """Who is meant, why, and whether the linked accounts go too."""

    linked = forms.BooleanField(
        required=False,
        initial=True,
        widget=UnfoldBooleanWidget,
        label=_("Erase the accounts linked to it now as well"),
    )
    field_order = ("linked", "typed", "reason")

    def __init__(self, *args: Any, others: list[Viewer] | list[Player], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if others:
            self.fields["linked"].help_text = ", ".join(str(other) for other in others)
        else:
            del self.fields["linked"]


def erase_viewer_view(request: HttpRequest, viewer_id: str) -> HttpResponse:
    """Ask, with the count, and erase a viewer; with them the players they are linked to, if wanted."""
    organization = _organization(request)
    viewer = Viewer.objects.filter(organization=organization, pk=viewer_id).first()
    if viewer is None:
        raise Http404
    links = Link.objects.filter(viewer=viewer, ended_at=None).select_related("player")
    return _erase_page(
        request,
        person=viewer,
        named=f"{platforms.get(viewer.platform).name} {viewer}",
        identifier=viewer.platform_user_id,
        counted=preview_viewer(viewer),
        others=list({link.player_id: link.player for link in links}.values()),
        back=reverse("admin:campaigns_viewer_change", args=[viewer.pk]),
        export=reverse("admin:export_viewer", args=[viewer.pk]),
    )


def erase_player_view(request: HttpRequest, player_id: int) -> HttpResponse:
    """Ask, with the count, and erase a player; with it the viewers that are linked to it, if wanted."""
    organization = _organization(request)
    player = Player.objects.filter(game__organization=organization, pk=player_id).select_related("game").first()
    if player is None:
        raise Http404
    links = Link.objects.filter(player=player, ended_at=None).select_related("viewer")
    return _erase_page(
        request,
        person=player,
        named=f"{player.game} {player}",
        identifier=player.player_id,
        counted=preview_player(player),
        others=list({link.viewer_id: link.viewer for link in links}.values()),
        back=reverse("admin:linking_player_change", args=[player.pk]),
        export=reverse("admin:export_player", args=[player.pk]),
    )


def _erase_page(
    request: HttpRequest,
    *,
    person: Viewer | Player,
    named: str,
    identifier: str,
    counted: Erasure,
    others: list[Viewer] | list[Player],
    back: str,
    export: str,
) -> HttpResponse:
    posted = request.POST if request.method == "POST" else None
    label = _t("Type the id of the account")
    form = EraseForm(posted, expected=identifier, label=label, others=others)
    gone = is_tombstone(identifier)
    problem = ""
    if not gone and posted is not None and form.is_valid():
        also = others if form.cleaned_data.get("linked") else []
        try:
            _erase(request, [person, *also], form.cleaned_data["reason"])
        except ErasureRefused as refused:
            problem = str(refused.sentence)
        else:
            messages.success(request, _t("The person is erased. Totals and the audit trail stay, without who it was."))
            return HttpResponseRedirect(back)
    context = {
        **admin.site.each_context(request),
        "title": _t("Erase a person"),
        "named": named,
        "gone": gone,
        "problem": problem,
        "counts": [(text, getattr(counted, name)) for name, text in _ERASED_TEXTS.items() if getattr(counted, name)],
        "form": form,
        "back": back,
        "export": export,
    }
    return TemplateResponse(request, "admin/fulfillment/erase.html", context)


def _erase(request: HttpRequest, people: list[Viewer | Player], reason: str) -> None:
    """Erase all of them or none."""
    now, actor = timezone.now(), request.user
    with transaction.atomic():
        for person in people:
            if isinstance(person, Viewer):
                erase_viewer(viewer=person, actor=actor, reason=reason, now=now)  # type: ignore[arg-type]
            else:
                erase_player(player=person, actor=actor, reason=reason, now=now)  # type: ignore[arg-type]


def export_viewer_view(request: HttpRequest, viewer_id: str) -> HttpResponse:
    """Return what is stored about a viewer as a file."""
    viewers = Viewer.objects.filter(organization=_organization(request)).select_related("organization")
    viewer = viewers.filter(pk=viewer_id).first()
    if viewer is None:
        raise Http404
    return _file(request, viewer, export_viewer(viewer))


def export_player_view(request: HttpRequest, player_id: int) -> HttpResponse:
    """Return what is stored about a player as a file."""
    players = in_games(Player.objects.filter(game__organization=_organization(request)), game_scope(request))
    player = players.select_related("game__organization").filter(pk=player_id).first()
    if player is None:
        raise Http404
    return _file(request, player, export_player(player))


def _file(request: HttpRequest, person: Viewer | Player, stored: dict[str, Any]) -> HttpResponse:
    audit.record(
        actor=request.user,  # type: ignore[arg-type]
        action="exported personal data",
        obj=person,
        organization=active_organization(request),
    )
    response = HttpResponse(json.dumps(stored, indent=2, ensure_ascii=False), content_type="application/json")
    response["Content-Disposition"] = f'attachment; filename="{person._meta.model_name}-{person.pk}.json"'
    response["Cache-Control"] = "no-store"
    return response


def purge_view(request: HttpRequest, campaign_id: str) -> HttpResponse:
    """Ask, with the count, and remove the claims of a test campaign."""
    organization = _organization(request)
    mine = in_games(Campaign.objects.filter(organization=organization), game_scope(request))
    campaign = mine.filter(pk=campaign_id).first()
    if campaign is None:
        raise Http404
    back = reverse("admin:campaigns_campaign_change", args=[campaign.pk])
    posted = request.POST if request.method == "POST" else None
    form = ConfirmForm(posted, expected=campaign.name, label=_t("Type the campaign's name"))
    if posted is not None and form.is_valid():
        try:
            purged = purge_test_campaign(
                campaign=campaign,
                actor=request.user,  # type: ignore[arg-type]
                now=timezone.now(),
                most=MOST_AT_ONCE,
            )
        except PurgeRefused as refused:
            messages.error(request, str(refused.sentence))
        else:
            _tell(request, purged)
        return HttpResponseRedirect(back)
    counted = count_for_purge(campaign)
    context = {
        **admin.site.each_context(request),
        "title": _t("Remove test claims"),
        "campaign": campaign,
        "counts": [(text, getattr(counted, name)) for name, text in _PURGED_TEXTS.items() if getattr(counted, name)],
        "form": form,
        "back": back,
    }
    return TemplateResponse(request, "admin/fulfillment/purge.html", context)


def _tell(request: HttpRequest, purged: Purged) -> None:
    messages.success(
        request,
        ngettext("%(count)s test claim was removed.", "%(count)s test claims were removed.", purged.claims)
        % {"count": f"{purged.claims:,}"},
    )
    if purged.game_events:
        text = ngettext("%(count)s game event was removed.", "%(count)s game events were removed.", purged.game_events)
        messages.success(request, text % {"count": f"{purged.game_events:,}"})
    if purged.left:
        messages.warning(
            request,
            _t("%(count)s are left, because they are being sent or were too many for one time. Do it again for these.")
            % {"count": f"{purged.left:,}"},
        )


def _has_test_rows(campaign: Campaign) -> bool:
    """Tell whether there is something to remove, of which the counts may not know yet."""
    events = GameEvent.objects.filter(campaign_reward__campaign=campaign)
    return Claim.objects.filter(campaign=campaign).exists() or events.exists()


def test_claims_figure(campaign: Campaign) -> list[tuple[str, str, str]]:
    """Show on a test campaign's page how many claims it has, and lead to their removal."""
    if not campaign.test_mode:
        return []
    count = sum(counted(campaign).values())
    begun = campaign.starts_at is not None and campaign.starts_at <= timezone.now()  # before, nothing happens by itself
    if not count and not (begun and _has_test_rows(campaign)):
        return [(_t("Test claims"), "0", "")]
    page = reverse("admin:purge_test_campaign", args=[campaign.pk])
    return [(_t("Test claims"), f"{count:,} · {_t('Remove test claims …')}", page)]


def _organization(request: HttpRequest) -> Organization:
    organization = active_organization(request)
    if organization is None or not may(request, Permission.BULK):
        raise PermissionDenied
    return organization


PAGES = (
    AdminPage("erase/viewer/<str:viewer_id>/", "erase_viewer", erase_viewer_view, Permission.BULK),
    AdminPage("erase/player/<int:player_id>/", "erase_player", erase_player_view, Permission.BULK),
    AdminPage("export/viewer/<str:viewer_id>/", "export_viewer", export_viewer_view, Permission.BULK),
    AdminPage(
        "export/player/<int:player_id>/", "export_player", export_player_view, Permission.BULK, keeps_to_games=True
    ),
    AdminPage("purge/<str:campaign_id>/", "purge_test_campaign", purge_view, Permission.BULK, keeps_to_games=True),
)
