"""The page that tries all again that failed since a time: narrowed, counted, confirmed, and worked off like any action (D5)."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from campaigns.models import Campaign, Game
from fulfillment.admin.bulk_pages import many_address
from fulfillment.admin.words import REASON_NAMES
from fulfillment.bulk import TooMany, choose_claims
from fulfillment.claims import RetryFilter
from fulfillment.models import BulkOperation
from fulfillment.models.bulk import MAX_CLAIMS
from fulfillment.rules.reasons import REASONS
from fulfillment.rules.states import State
from portal.admin_pages import AdminPage
from portal.models import Organization
from portal.organizations import active_organization, game_scope, may
from portal.reach import in_games
from portal.roles import Permission


def _reasons() -> list[tuple[str, str]]:
    """Return the reasons of what failed or waits for another attempt."""
    states = {State.FAILED, State.READY}
    return [("", _t("all")), *((c.value, str(n)) for c, n in REASON_NAMES.items() if REASONS[c].states & states)]


class RetrySinceForm(forms.Form):
    """Which of the claims that failed are tried again."""

    since = forms.DateTimeField(
        label=_("Since (UTC)"),
        help_text=_("What failed, or began to wait for another attempt, at this time or later."),
        widget=UnfoldAdminTextInputWidget(attrs={"type": "datetime-local"}),
        error_messages={"invalid": _("This is not a time. Write it as 2026-11-20T18:30.")},
    )
    game = forms.ModelChoiceField(
        Game.objects.none(), label=_("Game"), required=False, empty_label=_("all"), widget=UnfoldAdminSelectWidget
    )
    campaign = forms.ModelChoiceField(
        Campaign.objects.none(),
        label=_("Campaign"),
        required=False,
        empty_label=_("all"),
        widget=UnfoldAdminSelectWidget,
    )
    reason = forms.ChoiceField(
        label=_("Why it failed"), required=False, widget=UnfoldAdminSelectWidget, choices=_reasons
    )

    def __init__(self, *args: Any, organization: Organization, games: frozenset[str] | None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._organization, self._games = organization, games
        mine = in_games(Game.objects.filter(organization=organization), games)
        self.fields["game"].queryset = mine.order_by("name", "pk")  # type: ignore[attr-defined]
        campaigns = in_games(Campaign.objects.filter(organization=organization), games)
        campaigns = campaigns.exclude(status=Campaign.Status.DRAFT).order_by("-starts_at", "pk")
        self.fields["campaign"].queryset = campaigns  # type: ignore[attr-defined]

    def claims(self) -> Any:
        """Return the claims that fit, of the games within reach."""
        given = self.cleaned_data
        wanted = RetryFilter(
            organization_id=self._organization.pk,
            game_id=given["game"].pk if given["game"] else None,
            campaign_id=given["campaign"].pk if given["campaign"] else None,
            reason=given["reason"],
            since=given["since"],
        )
        return in_games(wanted.claims(), self._games)

    def clean(self) -> dict[str, Any]:
        """Refuse what nothing fits."""
        cleaned = super().clean() or self.cleaned_data
        if not self.errors and not self.claims().exists():
            raise forms.ValidationError(_("Nothing that fits has failed since then, so there is nothing to try again."))
        return cleaned


def retry_since_view(request: HttpRequest) -> HttpResponse:
    """Ask since when, and go on to the page that counts and asks for the reason."""
    organization = active_organization(request)
    if organization is None or not may(request, Permission.BULK):
        raise PermissionDenied
    posted = request.POST if request.method == "POST" else None
    form = RetrySinceForm(posted, organization=organization, games=game_scope(request))
    if posted is not None and form.is_valid():
        try:
            return HttpResponseRedirect(many_address(_choose(request, organization, form)))
        except TooMany:
            text = _(
                "These are more than %(count)s. Choose a later time, a campaign or a reason, and do the rest after."
            )
            form.add_error(None, text % {"count": f"{MAX_CLAIMS:,}"})
    context = {
        **admin.site.each_context(request),
        "title": _t("Retry all that failed since …"),
        "form": form,
        "back": reverse("admin:fulfillment_claim_changelist"),
    }
    return TemplateResponse(request, "admin/fulfillment/retry_since.html", context)


def _choose(request: HttpRequest, organization: Organization, form: RetrySinceForm) -> BulkOperation:
    return choose_claims(
        organization=organization,
        action=BulkOperation.Action.RETRY,
        claims=form.claims(),
        since=form.cleaned_data["since"],
        actor=request.user,  # type: ignore[arg-type]
        now=timezone.now(),
    )


PAGES = (AdminPage("claims/retry-since/", "retry_since", retry_since_view, Permission.BULK, keeps_to_games=True),)
