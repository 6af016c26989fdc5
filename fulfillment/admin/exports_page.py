"""The page of exports: what there is to take away, by which filters, in which zone, with or without personal data (S1)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget, UnfoldBooleanWidget

from campaigns.models import Campaign, Game
from campaigns.rules import zones
from fulfillment.exports import KINDS, Asked, Filter, Kind, rows_of
from portal import audit
from portal.admin_base import in_reach
from portal.admin_pages import AdminPage
from portal.exports import CSV, FORMATS, JSON, ZONE, Table, export_response
from portal.organizations import active_organization, game_scope, may
from portal.roles import Permission

_UTC = "UTC"
_CAMPAIGNS_OFFERED = 500
_YEARS = range(2000, 2200)


class ExportForm(forms.Form):
    """What is to be in the file. A kind of export has those of the fields that it can be chosen by."""

    campaign = forms.ModelChoiceField(
        Campaign.objects.none(),
        label=_("Campaign"),
        required=False,
        empty_label=_("all"),
        widget=UnfoldAdminSelectWidget,
    )
    game = forms.ModelChoiceField(
        Game.objects.none(), label=_("Game"), required=False, empty_label=_("all"), widget=UnfoldAdminSelectWidget
    )
    state = forms.ChoiceField(label=_("State"), required=False, widget=UnfoldAdminSelectWidget)
    since = forms.DateTimeField(label=_("From"), required=False, widget=UnfoldAdminTextInputWidget)
    until = forms.DateTimeField(label=_("Until"), required=False, widget=UnfoldAdminTextInputWidget)
    zone = forms.ChoiceField(
        label=_("Time zone"),
        help_text=_("Of the times in the file and of those entered here."),
        initial=_UTC,
        widget=UnfoldAdminSelectWidget,
    )
    personal = forms.BooleanField(
        label=_("With personal data"),
        required=False,
        help_text=_("Ids and names of people, as they are. Without it they are masked. Who took them is kept."),
        widget=UnfoldBooleanWidget,
    )

    def __init__(self, *args: Any, kind: Kind, request: HttpRequest, **kwargs: Any) -> None:
        super().__init__(*args, **{"auto_id": f"id_{kind.key}_%s", **kwargs})
        fields: dict[str, Any] = self.fields
        for name in set(Filter) - set(kind.filters):
            del fields[name]
        if not kind.has_personal or not may(request, Permission.BULK):
            del fields["personal"]
        fields["zone"].choices = [(name, name) for name in zones.zone_names()]
        fields["game"].queryset = in_reach(Game.objects.all(), request).order_by("name", "pk")
        if "campaign" in fields:
            fields["campaign"].queryset = in_reach(Campaign.objects.all(), request).order_by("-starts_at", "-pk")
            fields["campaign"].choices = _newest(fields["campaign"])
        if "state" in fields:
            fields["state"].choices = [("", _("all")), *kind.states]
        for name in (Filter.SINCE, Filter.UNTIL):
            fields[name].help_text = kind.spans
            fields[name].widget.input_type = "datetime-local"

    def clean(self) -> dict[str, Any]:
        """Turn the times, which clocks in the zone show, into moments; of one that is shown twice the first is meant."""
        cleaned = super().clean() or self.cleaned_data
        for name in (Filter.SINCE, Filter.UNTIL):
            entered: datetime | None = cleaned.get(name)
            if entered is None or "zone" not in cleaned:
                continue
            if entered.year not in _YEARS:
                # At the ends of the calendar nothing can be reckoned any more: not in another zone, nor an id's time.
                self.add_error(name, _("This is too far away: there are no rows of that year."))
                continue
            try:
                naive = entered.replace(tzinfo=None)
                cleaned[name] = zones.to_utc(naive, cleaned["zone"], occurrence=zones.Occurrence.FIRST)
            except zones.ZoneError as error:
                self.add_error(name, str(error))
        since, until = cleaned.get(Filter.SINCE), cleaned.get(Filter.UNTIL)
        if since and until and until <= since:
            self.add_error(Filter.UNTIL, _("This is not after the other time: no row could be between them."))
        return cleaned


def _newest(field: Any) -> list[tuple[str, str]]:
    rows = field.queryset.values_list("pk", "name")[:_CAMPAIGNS_OFFERED]
    return [("", str(_("all"))), *((pk, name) for pk, name in rows)]


@require_http_methods(["GET", "HEAD", "POST"])
def exports_view(request: HttpRequest) -> HttpResponseBase:
    """Show what can be exported on GET; on POST send it, and keep who took what."""
    if active_organization(request) is None or not may(request, Permission.SEE_PEOPLE_MASKED):
        raise PermissionDenied
    asked = request.POST.get("kind", "")
    forms_ = {key: ExportForm(kind=kind, request=request) for key, kind in KINDS.items() if key != asked}
    if asked in KINDS:
        form = forms_[asked] = ExportForm(request.POST, kind=KINDS[asked], request=request)
        format_name = request.POST.get("format", "")
        if form.is_valid() and format_name in FORMATS:
            return _sent(request, KINDS[asked], form.cleaned_data, format_name)
    context = {
        **admin.site.each_context(request),
        "title": _t("Exports"),
        "kinds": [(kind, forms_[key]) for key, kind in KINDS.items()],
        "formats": [(CSV, "CSV"), (JSON, "JSON")],
        "zone_column": ZONE,
        "may_take_people": may(request, Permission.BULK),
        "faulty": asked if asked in KINDS else "",
    }
    return TemplateResponse(request, "admin/fulfillment/exports.html", context)


def _sent(request: HttpRequest, kind: Kind, chosen: Mapping[str, Any], format_name: str) -> HttpResponseBase:
    organization, now = active_organization(request), timezone.now()
    if organization is None:
        raise PermissionDenied
    filters: dict[str, Any] = {name.value: chosen[name] for name in kind.filters if chosen.get(name)}
    personal = bool(chosen.get("personal"))
    asked = Asked(organization=organization, now=now, games=game_scope(request), personal=personal, **filters)
    actor: Any = request.user
    audit.record(
        actor=actor,
        action=f"exported {kind.key}",
        obj=organization,
        organization=organization,
        after={
            "format": format_name,
            "zone": chosen["zone"],
            "personal data": "with" if personal else "without" if kind.has_personal else "none in it",
            **{
                name: value.isoformat() if isinstance(value, datetime) else str(value)
                for name, value in filters.items()
            },
        },
        now=now,
    )
    table = Table(organization, kind.key, kind.columns, rows_of(kind, asked), chosen["zone"], now)
    return export_response(table, format_name)


PAGES = (
    AdminPage(
        "exports/",
        "exports",
        exports_view,
        Permission.SEE_PEOPLE_MASKED,
        _("Exports"),
        "download",
        keeps_to_games=True,
    ),
)
