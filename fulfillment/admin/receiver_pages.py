"""What the pages of every address share that the portal sends signed messages to: secrets, the breaker, a test (D5, S2)."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache

from fulfillment.admin.words import ago, utc
from fulfillment.endpoints import is_signing_secret
from fulfillment.message import new_signing_secret
from fulfillment.models.receivers import Receiver
from portal import shown_once
from portal.admin_base import OrganizationAdmin, display
from portal.admin_forms import SecretsForm
from portal.next_page import carried, next_page

Text = str | Promise


@dataclass(frozen=True)
class Deed:
    """Something that is done after it was asked about. ``call`` returns a new secret, or whether anything changed."""

    title: Text
    text: Text
    button: Text
    call: Callable[..., str | bool | None]
    done: Text = ""
    not_done: Text = ""


class ReceiverForm(SecretsForm):
    """A form with a signing secret."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "secret" in self.fields:
            self.fields["secret"].help_text = (
                _("Set. Leave empty to keep it. Another one begins with whsec_, as Standard Webhooks has it.")
                if self.stored_secrets["secret"]
                else _("Leave empty, and one is made. One of yours begins with whsec_, as Standard Webhooks has it.")
            )

    def clean_secret(self) -> str:
        """Take a secret that the portal can sign with."""
        secret: str = self.cleaned_data["secret"]
        if secret and not is_signing_secret(secret):
            raise forms.ValidationError(
                _("This is not in the form of Standard Webhooks: whsec_ and then 24 to 64 bytes in base64."),
                code="not_a_secret",
            )
        return secret


class ReceiverAdmin(OrganizationAdmin):
    """A receiver's pages. A secret is made where none is entered, and shown once; a replaced one goes on signing."""

    deeds: ClassVar[Mapping[str, Deed]]
    back_label: Text
    secret_text: Text
    """Says what the secret is for, on the page that shows it once."""

    change_form_outer_before_template = "admin/fulfillment/receiver_state.html"
    readonly_fields: Any = ("former_secret",)

    # What each kind of receiver says of itself.

    def signs(self, receiver: Any) -> bool:
        """Say whether messages to this receiver are signed, so that it needs a secret."""
        return True

    def name_of(self, receiver: Any) -> str:
        """Return what people know it by."""
        return str(receiver)

    @abstractmethod
    def state_of(self, receiver: Any) -> tuple[SafeString, str]:
        """Return the state as a chip and in a sentence."""

    def offered(self, receiver: Any) -> list[tuple[str, Text, bool]]:
        """Return address, label and whether it is the first choice, of all that can be done now."""
        if not self.signs(receiver):
            return []
        paused = receiver.opened_at is not None
        named: list[tuple[str, Text, bool]] = [
            ("probe", _("Probe now …"), True),
            ("resume", _("Resume …"), False),
        ]
        named = named if paused else []
        named += [("test", self.test_label, False), ("rotate", _("New signing secret …"), False)]
        named += [("forget", _("Forget the previous secret …"), False)] if receiver.previous_secret else []
        return [(self.address(name, receiver), label, first) for name, label, first in named]

    test_label: Text = _("Send a test delivery …")

    @abstractmethod
    def test_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Ask, then send a test message and show what came of it."""

    # Columns and fields.

    @display(description=_("state"))
    def state_now(self, receiver: Any) -> SafeString:
        """The state of the breaker, as icon and word."""
        return self.state_of(receiver)[0]

    @display(description=_("last success"))
    def last_success(self, receiver: Receiver) -> SafeString | str:
        """When it last accepted something."""
        return ago(receiver.last_success_at)

    @display(description=_("previous secret"))
    def former_secret(self, receiver: Receiver) -> str:
        """Whether an older secret still signs as well."""
        if receiver.previous_secret:
            return _t("Set: messages carry a signature with it too, until you forget it.")
        return _t("Not set.")

    # Saving.

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """Store; without a secret one is made, and a replaced one goes on signing beside the new one."""
        replaced = form.replaced_secrets()
        if not obj.secret and self.signs(obj):
            obj.secret = request._new_secret = new_signing_secret()  # type: ignore[attr-defined]
        elif change and replaced and form.stored_secrets["secret"]:
            obj.previous_secret = form.stored_secrets["secret"]
        super().save_model(request, obj, form, change)
        if change and replaced:
            self._record(request, "replaced signing secret", obj, obj, {"secret": "•••"}, {"secret": "••• (new)"})

    def response_add(self, request: HttpRequest, obj: Any, post_url_continue: str | None = None) -> HttpResponse:
        """Lead to the page that shows the secret that was made, this once."""
        secret = getattr(request, "_new_secret", "")
        return self.hand_over(request, obj, secret) if secret else super().response_add(request, obj, post_url_continue)

    def response_change(self, request: HttpRequest, obj: Any) -> HttpResponse:
        """Lead to the page that shows the secret that was made, this once."""
        secret = getattr(request, "_new_secret", "")
        return self.hand_over(request, obj, secret) if secret else super().response_change(request, obj)

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        """Add the state of the breaker and what can be done."""
        receiver: Any = context.get("original")
        if receiver is not None:
            chip, text = self.state_of(receiver)
            context |= {
                "receiver": receiver,
                "state_chip": chip,
                "state_text": text,
                "last_success": utc(receiver.last_success_at),
                "offered": self.offered(receiver),
            }
        return super().render_change_form(request, context, *args, **kwargs)

    # Deeds.

    def get_urls(self) -> list[URLPattern]:
        """Add the pages of the deeds."""
        views = {
            "test": self.test_view,
            "secret": self.secret_view,
            **{name: self._view_of(deed) for name, deed in self.deeds.items()},
        }
        return [
            *(
                path(
                    f"<path:object_id>/{name}/",
                    self.admin_site.admin_view(never_cache(view)),
                    name=f"{self.opts.app_label}_{self.opts.model_name}_{name}",
                )
                for name, view in views.items()
            ),
            *super().get_urls(),
        ]

    def _view_of(self, deed: Deed) -> Callable[[HttpRequest, str], HttpResponse]:
        def view(request: HttpRequest, object_id: str) -> HttpResponse:
            receiver = self.mine(request, object_id)
            if request.method != "POST":
                return self.ask(request, receiver, title=deed.title, text=deed.text, button=deed.button)
            came = deed.call(receiver, actor=request.user, now=timezone.now())
            if isinstance(came, str):
                return self.hand_over(request, receiver, came)
            messages.success(request, str(deed.not_done if came is False else deed.done))
            return HttpResponseRedirect(self.address("change", receiver))

        return view

    def mine(self, request: HttpRequest, object_id: str) -> Any:
        """Return the active organization's receiver with this id, for somebody who may change it.

        Raises:
            Http404: there is none in this organization.
            PermissionDenied: the person may not change it.
        """
        receiver = self.get_object(request, object_id)
        if receiver is None:
            raise Http404
        if not self.has_change_permission(request, receiver):
            raise PermissionDenied
        return receiver

    def ask(self, request: HttpRequest, receiver: Any, **shown: Any) -> HttpResponse:
        """Return the page that asks before something is done, or shows what came of a test."""
        return self._page(request, receiver, "admin/fulfillment/receiver_deed.html", **shown)

    def hand_over(self, request: HttpRequest, receiver: Any, secret: str) -> HttpResponse:
        """Lead to the page that shows a new secret: loaded again, it makes no further one."""
        shown_once.keep(request, self._kept(receiver), secret, now=timezone.now())
        return HttpResponseRedirect(carried(request, self.address("secret", receiver)))

    def secret_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Show the secret that was just made, once."""
        receiver = self.mine(request, object_id)
        looked = request.method == "GET"
        shown = {
            "title": _t("The signing secret"),
            "secret": shown_once.take(request, self._kept(receiver), now=timezone.now()) if looked else None,
            "secret_text": self.secret_text,
            "rotate": self.address("rotate", receiver) if "rotate" in self.deeds else "",
        }
        return self._page(request, receiver, "admin/fulfillment/receiver_secret.html", **shown)

    def _kept(self, receiver: Any) -> str:
        return f"signing_secret:{self.opts.model_name}:{receiver.pk}"

    def address(self, name: str, receiver: Any) -> str:
        """Return the address of a receiver's page."""
        return reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_{name}", args=[receiver.pk])

    def _page(self, request: HttpRequest, receiver: Any, template: str, **shown: Any) -> TemplateResponse:
        context = {
            **self.admin_site.each_context(request),
            "receiver": receiver,
            "receiver_name": self.name_of(receiver),
            "back": next_page(request) or self.address("change", receiver),
            "back_label": _t("Back to where you were") if next_page(request) else self.back_label,
            "opts": self.opts,
            **shown,
        }
        return TemplateResponse(request, template, context)
