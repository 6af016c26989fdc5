"""Dropping a session: a page that says what it does and asks for the reason (S1, S5)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminTextInputWidget

from campaigns.admin.game_state.words import session_name
from campaigns.game_state.dropping import drop_session
from campaigns.models import GameSession
from portal.organizations import may
from portal.roles import Permission

if TYPE_CHECKING:
    from campaigns.admin.game_state.sessions import GameSessionAdmin


class ReasonForm(forms.Form):
    """Why a session is dropped."""

    reason = forms.CharField(
        label=_("Reason"),
        max_length=500,
        help_text=_(
            "Kept in the session's history, for your colleagues. The game's server is told only that staff did it."
        ),
        widget=UnfoldAdminTextInputWidget,
    )


def drop_view(admin: GameSessionAdmin, request: HttpRequest, session: GameSession) -> HttpResponse:
    """Ask on GET, drop on POST. Raises ``PermissionDenied`` by role."""
    if not may(request, Permission.EDIT_CAMPAIGNS):
        raise PermissionDenied
    back = reverse("admin:campaigns_gamesession_change", args=[session.pk])
    form = ReasonForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        reason = form.cleaned_data["reason"]
        if drop_session(session=session, actor=request.user, reason=reason, now=timezone.now()):  # type: ignore[arg-type]
            messages.success(request, _t("The session is dropped. Its connection is closed within seconds."))
        else:
            messages.info(request, _t("The session was over already: nothing was changed."))
        return HttpResponseRedirect(back)
    context = {
        **admin.admin_site.each_context(request),
        "title": _t("Drop session: %(name)s") % {"name": session_name(session, sees=True)},
        "texts": [
            _t(
                "The session ends now, and its connection is closed within seconds. What was earned in it stays earned."
            ),
            _t(
                "The game's server may connect again at once: that is then a new session, under the same id of the game."
            ),
        ],
        "keep_out": keep_out(request),
        "form": form,
        "over": session.ended_at is not None,
        "back": back,
        "opts": admin.opts,
    }
    return TemplateResponse(request, "admin/campaigns/game_state/drop.html", context)


def keep_out(request: HttpRequest) -> tuple[str, str]:
    """Return how a game server is kept out for good, and where that is done by those who may."""
    if not may(request, Permission.MANAGE):
        return _t(
            "To keep it out, ask an owner to take this game from the API client first: then nothing connects."
        ), ""
    text = _t("To keep it out, take this game from the API client first: then it is refused when it connects again.")
    try:
        return text, reverse("admin:fulfillment_apiclient_changelist")
    except NoReverseMatch:
        return text, ""
