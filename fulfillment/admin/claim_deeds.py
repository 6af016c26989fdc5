"""Deeds on one claim: for each a page that asks for the reason, and a POST that does it (F4, S1, S5)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from fulfillment.admin.deed_form import AssignForm, ReasonForm
from fulfillment.admin.words import reason_name, state_chip
from fulfillment.claims import (
    OPERATIONS,
    RESENDS_WITHOUT_PRODUCER,
    NotPossible,
    Outcome,
    resends_of,
    standing_of,
)
from fulfillment.models import Claim
from fulfillment.rules.codes import Action
from fulfillment.rules.possible import why_not
from fulfillment.rules.states import State
from portal.admin_base import OrganizationAdmin
from portal.next_page import keeping_filters
from portal.organizations import game_scope, may
from portal.roles import Permission


@dataclass(frozen=True)
class Deed:
    """What the page of one operation says."""

    button: str | Promise
    text: str | Promise
    done: str | Promise
    style: str = "drops-button-primary"


DEEDS: Mapping[Action, Deed] = {
    Action.RETRY: Deed(
        _("Retry"),
        _("It is worked out again, or sent again, at once. The game backend sees the same idempotency key as before."),
        _("The claim is due at once; what comes of it is told below."),
    ),
    Action.HOLD: Deed(
        _("Hold"),
        _("It is not sent until somebody releases it. The viewer reads that the claim is being looked at."),
        _("The claim is held."),
    ),
    Action.RELEASE: Deed(
        _("Release"),
        _("It goes on in spite of why it is held, and is delivered if nothing else stands in its way."),
        _("The claim is released and goes on."),
    ),
    Action.RESEND: Deed(
        _("Send again"),
        _(
            "The game has accepted this already. It is sent once more with the same idempotency key; a game that fetches its "
            "claims finds it in its list again, under the same id. A game backend that keeps to that grants nothing twice. "
            "Use it when the player did not find the reward."
        ),
        _("The claim goes to the game once more."),
    ),
    Action.ASSIGN_REWARD: Deed(
        _("Assign a reward"),
        _(
            "Say which reward this claim is for. It is worked out again and goes on by itself. Other claims with the same ids "
            "stay as they are: where all of them are wrong, correct the ids at the reward, and those not sent yet follow."
        ),
        _("The reward is assigned; the claim is worked out again."),
    ),
    Action.ABANDON: Deed(
        _("Close without delivery"),
        _("The reward is not delivered. The viewer reads that the claim was closed. It can be reopened later."),
        _("The claim is closed."),
        style="drops-button-danger",
    ),
    Action.REOPEN: Deed(
        _("Reopen"),
        _("The claim is worked out again as if it had just arrived, and delivered if it can be."),
        _("The claim is reopened."),
    ),
}


def possible_deeds(request: HttpRequest, claim: Claim, actions: tuple[Action, ...]) -> list[tuple[str, str, str]]:
    """Return address, label and style of those of ``actions`` that fit the claim now and that the person may do.

    To give an unsent claim another reward is offered last whatever its reason: nobody sees from that that it is mapped wrongly.
    """
    found: list[tuple[str, str, str]] = []
    for action in dict.fromkeys((*actions, Action.ASSIGN_REWARD)):
        if action in DEEDS and may(request, OPERATIONS[action].permission) and not why_not(action, standing_of(claim)):
            url = keeping_filters(request, reverse(f"admin:fulfillment_claim_{action.value}", args=[claim.pk]))
            style = DEEDS[action].style if action is Action.ABANDON or not found else ""
            found.append((url, f"{_button(action, claim)} …", style))
    return found


def unlink_deed(request: HttpRequest, claim: Claim) -> list[tuple[str, str]]:
    """Return address and label of the page that ends the claim's link on the player's request (L8), if it is active."""
    if claim.link is None or claim.link.ended_at is not None or not may(request, Permission.MEND):
        return []
    return [(reverse("admin:linking_link_unlink", args=[claim.link_id]), _t("Unlink on request …"))]


def _button(action: Action, claim: Claim) -> str:
    remap = action is Action.ASSIGN_REWARD and claim.state != State.QUARANTINED
    return _t("Change the reward") if remap else str(DEEDS[action].button)


class ClaimDeeds(OrganizationAdmin):
    """The pages of the operations on one claim."""

    def deed_urls(self) -> list[URLPattern]:
        """Return their addresses."""
        wrap = self.admin_site.admin_view
        return [
            path(
                f"<path:object_id>/{action.value}/",
                wrap(partial(self.deed_view, action)),
                name=f"fulfillment_claim_{action.value}",
            )
            for action in DEEDS
        ]

    def deed_view(self, action: Action, request: HttpRequest, object_id: str) -> HttpResponse:
        """Ask on GET, do it on POST; refused to whom the role does not allow it, unknown to strangers."""
        claim: Claim | None = self.get_object(request, object_id)
        if claim is None or not self.has_view_permission(request, claim):
            raise Http404
        if not may(request, OPERATIONS[action].permission):
            raise PermissionDenied
        back = keeping_filters(request, reverse("admin:fulfillment_claim_change", args=[claim.pk]))
        form = _form(action, request, claim)
        problem = why_not(action, standing_of(claim))
        if request.method == "POST" and form.is_valid():
            refusal = _do(action, claim, form, request)
            if refusal is None:
                messages.success(request, str(DEEDS[action].done))
                return HttpResponseRedirect(back)
            problem = refusal
        context = {
            **self.admin_site.each_context(request),
            "title": _button(action, claim),
            "subtitle": None,
            "claim": claim,
            "reward_name": claim.reward.name if claim.reward else _t("unknown reward"),
            "chip": state_chip(claim.state),
            "reason_name": reason_name(claim.state, claim.reason),
            "deed": DEEDS[action],
            "button": _button(action, claim),
            "note": _resends(request, claim) if action is Action.RESEND else "",
            "problem": problem,
            "form": form,
            "opts": self.opts,
            "back": back,
        }
        return TemplateResponse(request, "admin/fulfillment/deed.html", context)


def _form(action: Action, request: HttpRequest, claim: Claim) -> ReasonForm:
    data = request.POST if request.method == "POST" else None
    if action is Action.ASSIGN_REWARD:
        return AssignForm(data, organization=claim.organization, games=game_scope(request))
    return ReasonForm(data)


def _resends(request: HttpRequest, claim: Claim) -> str:
    """Say how often it was sent again, and who may go on."""
    times = resends_of(claim.pk)
    said = ngettext("It was sent again %(times)s time so far.", "It was sent again %(times)s times so far.", times) % {
        "times": times
    }
    limit = _t("After %(limit)s times it takes a producer or an owner.") % {"limit": RESENDS_WITHOUT_PRODUCER}
    return said if may(request, Permission.BULK) else f"{said} {limit}"


def _do(action: Action, claim: Claim, form: ReasonForm, request: HttpRequest) -> str | None:
    """Do it; return why it could not be done, None if it was."""
    values: dict[str, Any] = {**form.cleaned_data, "actor": request.user, "now": timezone.now()}
    if action is Action.RESEND:
        values["beyond_limit"] = may(request, Permission.BULK)
    one = OPERATIONS[action].for_many is None
    try:
        outcome = OPERATIONS[action].call(**values, **({"claim_id": claim.pk} if one else {"claim_ids": [claim.pk]}))
    except NotPossible as error:
        return str(error)
    if isinstance(outcome, Outcome) and claim.pk in outcome.refused:
        return str(outcome.refused[claim.pk])
    return None
