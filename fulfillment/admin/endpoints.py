"""The pages of a game's endpoint: address and secret, the breaker in words, a test delivery (D2, D5, S2)."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _

from fulfillment.admin.receiver_pages import Deed, ReceiverAdmin, ReceiverForm
from fulfillment.admin.words import endpoint_state
from fulfillment.endpoints import (
    endpoint_changed,
    forget_previous_secret,
    probe_now,
    resume_endpoint,
    rotate_secret,
    send_sample,
)
from fulfillment.models import Endpoint
from fulfillment.rules.retries import Outcome
from portal.roles import Permission

_OUTCOMES = {
    Outcome.DELIVERED: (_("The game backend accepted the test delivery."), "ok"),
    Outcome.REJECTED: (
        _(
            "The game backend answered and refused the made-up player. Real claims refused like this would fail for good."
        ),
        "attention",
    ),
    Outcome.ENDPOINT_FAULT: (
        _("The address or the secret is not right: with this answer the endpoint is paused."),
        "error",
    ),
}

_DEEDS = {
    "probe": Deed(
        title=_("Probe now"),
        text=_("One waiting delivery is tried at once. If it is accepted, all others follow within seconds."),
        button=_("Probe now"),
        call=lambda endpoint, **who: probe_now(endpoint=endpoint, **who),
        done=_("It is tried in a moment."),
        not_done=_("It is not paused any more."),
    ),
    "resume": Deed(
        title=_("Resume the endpoint"),
        text=_("Everything that waits is sent again, without a probe first. If calls fail again, it is paused again."),
        button=_("Resume"),
        call=lambda endpoint, **who: resume_endpoint(endpoint=endpoint, **who),
        done=_("The endpoint is at work again."),
        not_done=_("It was not paused."),
    ),
    "rotate": Deed(
        title=_("New signing secret"),
        text=_(
            "Deliveries are then signed with the new secret and with the one before, so that the game backend "
            "can change over at leisure. Forget the old one afterwards."
        ),
        button=_("Make a new secret"),
        call=lambda endpoint, **who: rotate_secret(endpoint=endpoint, **who),
    ),
    "forget": Deed(
        title=_("Forget the previous secret"),
        text=_("A game backend that still verifies with the previous secret refuses deliveries from now on."),
        button=_("Forget it"),
        call=lambda endpoint, **who: forget_previous_secret(endpoint=endpoint, **who),
        done=_("Deliveries are signed with the present secret alone."),
    ),
}


@admin.register(Endpoint)
class EndpointAdmin(ReceiverAdmin):
    """Where each game's rewards are delivered to; owners only."""

    menu_icon = "webhook"
    menu_order = 50
    view_permission = Permission.MANAGE
    edit_permission = Permission.MANAGE
    form = ReceiverForm
    deeds = _DEEDS
    back_label = _("Back to the endpoint")
    secret_text = _(
        "The game backend verifies deliveries with it. Who has it can forge them, so keep it where you keep passwords."
    )
    list_display = ("game", "mode", "url", "state_now", "last_success", "last_error")
    list_select_related = ("game",)
    ordering = ("game__name", "pk")
    sortable_by = ()
    change_form_before_template = "admin/fulfillment/endpoint_pull.html"
    fieldsets = (
        (None, {"fields": ("game", "enabled", "mode", "url", "concurrency")}),
        (_("Signature"), {"fields": ("secret", "former_secret")}),
    )

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        """Fix the game once the endpoint exists: deliveries stand on it."""
        return [*super().get_readonly_fields(request, obj), *(["game"] if obj else [])]

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody: it is switched off instead; a game without an endpoint cannot be published for."""
        return False

    def signs(self, receiver: Endpoint) -> bool:
        """Only what is pushed is signed."""
        return receiver.mode == Endpoint.Mode.PUSH

    def name_of(self, receiver: Endpoint) -> str:
        """An endpoint is known by its game."""
        return str(receiver.game)

    def state_of(self, receiver: Endpoint) -> tuple[SafeString, str]:
        """Return the state as a chip and in a sentence."""
        return endpoint_state(receiver, now=timezone.now())

    def save_model(self, request: HttpRequest, obj: Endpoint, form: Any, change: bool) -> None:
        """Store, and have the game's claims looked at again."""
        super().save_model(request, obj, form, change)
        endpoint_changed(endpoint=obj)

    def test_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Ask, then send a test delivery and show what came of it."""
        endpoint = self.mine(request, object_id)
        context: dict[str, Any] = {
            "title": _t("Send a test delivery"),
            "text": _t(
                "A signed delivery of a made-up player goes to this endpoint, with the field test set to true. "
                "No claim is touched; the answer is shown here."
            ),
            "button": _t("Send it"),
        }
        if request.method != "POST":
            return self.ask(request, endpoint, **context)
        result = send_sample(endpoint=endpoint, actor=request.user, now=timezone.now())  # type: ignore[arg-type]
        text, kind = _OUTCOMES.get(
            result.outcome,
            (_t("The game backend could not take it now. A real delivery would be tried again."), "attention"),
        )
        context |= {"result": result, "result_text": text, "result_kind": kind, "button": _t("Send another")}
        return self.ask(request, endpoint, **context)
