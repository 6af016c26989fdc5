"""The pages of a game's endpoint: address and secret, the breaker in words, a test delivery (D2, D5, S2)."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache

from fulfillment.admin.words import ago, endpoint_state, utc
from fulfillment.endpoints import (
    endpoint_changed,
    forget_previous_secret,
    is_signing_secret,
    probe_now,
    resume_endpoint,
    rotate_secret,
    send_sample,
)
from fulfillment.message import new_signing_secret
from fulfillment.models import Endpoint
from fulfillment.rules.retries import Outcome
from portal.admin_base import OrganizationAdmin, display
from portal.admin_forms import SecretsForm
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


class EndpointForm(SecretsForm):
    """The form of an endpoint."""

    def clean_secret(self) -> str:
        """Take a secret that the portal can sign with."""
        secret: str = self.cleaned_data["secret"]
        if secret and not is_signing_secret(secret):
            raise forms.ValidationError(
                _("This is not in the form of Standard Webhooks: whsec_ and then 24 to 64 bytes in base64."),
                code="not_a_secret",
            )
        return secret


@admin.register(Endpoint)
class EndpointAdmin(OrganizationAdmin):
    """Where each game's rewards are delivered to; owners only."""

    menu_icon = "webhook"
    menu_order = 50
    view_permission = Permission.MANAGE
    edit_permission = Permission.MANAGE
    form = EndpointForm
    list_display = ("game", "mode", "url", "state_now", "last_success", "last_error")
    list_select_related = ("game",)
    ordering = ("game__name", "pk")
    sortable_by = ()
    change_form_outer_before_template = "admin/fulfillment/endpoint_state.html"
    fieldsets = (
        (None, {"fields": ("game", "enabled", "mode", "url", "concurrency")}),
        (_("Signature"), {"fields": ("secret", "former_secret")}),
    )
    readonly_fields = ("former_secret",)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        """Fix the game once the endpoint exists: deliveries stand on it."""
        return [*super().get_readonly_fields(request, obj), *(["game"] if obj else [])]

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody: it is switched off instead; a game without an endpoint cannot be published for."""
        return False

    @display(description=_("state"))
    def state_now(self, endpoint: Endpoint) -> SafeString:
        """The state of the breaker, as icon and word."""
        return endpoint_state(endpoint, now=timezone.now())[0]

    @display(description=_("last success"))
    def last_success(self, endpoint: Endpoint) -> SafeString | str:
        """When it last accepted something."""
        return ago(endpoint.last_success_at)

    @display(description=_("previous secret"))
    def former_secret(self, endpoint: Endpoint) -> str:
        """Whether an older secret still signs as well."""
        if endpoint.previous_secret:
            return _t("Set: deliveries carry a signature with it too, until you forget it.")
        return _t("Not set.")

    # Saving.

    def save_model(self, request: HttpRequest, obj: Endpoint, form: Any, change: bool) -> None:
        """Store; without a secret one is made, and a replaced one goes on signing beside the new one."""
        replaced = form.replaced_secrets()
        if not obj.secret and obj.mode == Endpoint.Mode.PUSH:
            obj.secret = request._new_secret = new_signing_secret()  # type: ignore[attr-defined]
        elif change and replaced and form.stored_secrets["secret"]:
            obj.previous_secret = form.stored_secrets["secret"]
        super().save_model(request, obj, form, change)
        if change and replaced:
            self._record(request, "replaced signing secret", obj, obj, {"secret": "•••"}, {"secret": "••• (new)"})
        endpoint_changed(endpoint=obj)

    def response_add(self, request: HttpRequest, obj: Endpoint, post_url_continue: str | None = None) -> HttpResponse:
        """Show the secret that was made, this once."""
        secret = getattr(request, "_new_secret", "")
        return (
            self._shown_once(request, obj, secret) if secret else super().response_add(request, obj, post_url_continue)
        )

    def response_change(self, request: HttpRequest, obj: Endpoint) -> HttpResponse:
        """Show the secret that was made, this once."""
        secret = getattr(request, "_new_secret", "")
        return self._shown_once(request, obj, secret) if secret else super().response_change(request, obj)

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        """Add the state of the breaker and what can be done."""
        endpoint: Endpoint | None = context.get("original")
        if endpoint is not None:
            chip, text = endpoint_state(endpoint, now=timezone.now())
            context |= {
                "endpoint": endpoint,
                "endpoint_chip": chip,
                "endpoint_text": text,
                "last_success": utc(endpoint.last_success_at),
                "paused": endpoint.opened_at is not None,
                "pushes": endpoint.mode == Endpoint.Mode.PUSH,
            }
        return super().render_change_form(request, context, *args, **kwargs)

    # Deeds.

    def get_urls(self) -> list[URLPattern]:
        """Add the pages of the deeds."""
        views = {
            "test": self.test_view,
            "probe": self.probe_view,
            "resume": self.resume_view,
            "rotate": self.rotate_view,
            "forget": self.forget_view,
        }
        return [
            *(
                path(
                    f"<path:object_id>/{name}/",
                    self.admin_site.admin_view(never_cache(view)),
                    name=f"fulfillment_endpoint_{name}",
                )
                for name, view in views.items()
            ),
            *super().get_urls(),
        ]

    def test_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Ask, then send a test delivery and show what came of it."""
        endpoint = self._mine(request, object_id)
        context: dict[str, Any] = {
            "title": _t("Send a test delivery"),
            "text": _t(
                "A signed delivery of a made-up player goes to this endpoint, with the field test set to true. "
                "No claim is touched; the answer is shown here."
            ),
            "button": _t("Send it"),
        }
        if request.method != "POST":
            return self._ask(request, endpoint, **context)
        result = send_sample(endpoint=endpoint, actor=request.user, now=timezone.now())  # type: ignore[arg-type]
        text, kind = _OUTCOMES.get(
            result.outcome,
            (_t("The game backend could not take it now. A real delivery would be tried again."), "attention"),
        )
        context |= {"result": result, "result_text": text, "result_kind": kind, "button": _t("Send another")}
        return self._ask(request, endpoint, **context)

    def probe_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Ask, then have a paused endpoint tried at once."""
        endpoint = self._mine(request, object_id)
        if request.method != "POST":
            return self._ask(
                request,
                endpoint,
                title=_t("Probe now"),
                text=_t("One waiting delivery is tried at once. If it is accepted, all others follow within seconds."),
                button=_t("Probe now"),
            )
        done = probe_now(endpoint=endpoint, actor=request.user, now=timezone.now())  # type: ignore[arg-type]
        return self._told(
            request, endpoint, _t("It is tried in a moment.") if done else _t("It is not paused any more.")
        )

    def resume_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Ask, then let a paused endpoint work again."""
        endpoint = self._mine(request, object_id)
        if request.method != "POST":
            return self._ask(
                request,
                endpoint,
                title=_t("Resume the endpoint"),
                text=_t(
                    "Everything that waits is sent again, without a probe first. If calls fail again, it is paused again."
                ),
                button=_t("Resume"),
            )
        done = resume_endpoint(endpoint=endpoint, actor=request.user, now=timezone.now())  # type: ignore[arg-type]
        return self._told(request, endpoint, _t("The endpoint is at work again.") if done else _t("It was not paused."))

    def rotate_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Ask, then make a new secret and show it once."""
        endpoint = self._mine(request, object_id)
        if request.method != "POST":
            return self._ask(
                request,
                endpoint,
                title=_t("New signing secret"),
                text=_t(
                    "Deliveries are then signed with the new secret and with the one before, so that the game backend "
                    "can change over at leisure. Forget the old one afterwards."
                ),
                button=_t("Make a new secret"),
            )
        secret = rotate_secret(endpoint=endpoint, actor=request.user, now=timezone.now())  # type: ignore[arg-type]
        return self._shown_once(request, endpoint, secret)

    def forget_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Ask, then sign with the present secret alone."""
        endpoint = self._mine(request, object_id)
        if request.method != "POST":
            return self._ask(
                request,
                endpoint,
                title=_t("Forget the previous secret"),
                text=_t("A game backend that still verifies with the previous secret refuses deliveries from now on."),
                button=_t("Forget it"),
            )
        forget_previous_secret(endpoint=endpoint, actor=request.user, now=timezone.now())  # type: ignore[arg-type]
        return self._told(request, endpoint, _t("Deliveries are signed with the present secret alone."))

    def _mine(self, request: HttpRequest, object_id: str) -> Endpoint:
        endpoint: Endpoint | None = self.get_object(request, object_id)
        if endpoint is None:
            raise Http404
        if not self.has_change_permission(request, endpoint):
            raise PermissionDenied
        return endpoint

    def _ask(self, request: HttpRequest, endpoint: Endpoint, **shown: Any) -> HttpResponse:
        context = {
            **self.admin_site.each_context(request),
            **shown,
            "endpoint": endpoint,
            "back": self._page(endpoint),
            "opts": self.opts,
        }
        return TemplateResponse(request, "admin/fulfillment/endpoint_deed.html", context)

    def _shown_once(self, request: HttpRequest, endpoint: Endpoint, secret: str) -> HttpResponse:
        context = {
            **self.admin_site.each_context(request),
            "title": _t("The signing secret"),
            "secret": secret,
            "endpoint": endpoint,
            "back": self._page(endpoint),
            "opts": self.opts,
        }
        response = TemplateResponse(request, "admin/fulfillment/endpoint_secret.html", context)
        response.headers["Cache-Control"] = "no-store"
        return response

    def _told(self, request: HttpRequest, endpoint: Endpoint, text: str) -> HttpResponse:
        messages.success(request, text)
        return HttpResponseRedirect(self._page(endpoint))

    def _page(self, endpoint: Endpoint) -> str:
        return reverse("admin:fulfillment_endpoint_change", args=[endpoint.pk])
