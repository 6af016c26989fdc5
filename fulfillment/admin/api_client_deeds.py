"""What can be done with an API client: a new secret, the end of the old one, of its tokens, of the client (A1, S2)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminSelectWidget

from fulfillment.admin.api_client_words import client_state, examples, gateway_of, scopes_in_words
from fulfillment.admin.words import utc
from fulfillment.api_clients import (
    COUNTED_AT_MOST,
    SecretChanged,
    end_tokens,
    forget_previous_secret,
    last_used,
    previous_until,
    revoke,
    rotate_secret,
    secret_state,
    valid_tokens,
)
from fulfillment.models import ApiClient
from fulfillment.rules.clients import OVERLAPS
from portal import shown_once
from portal.admin_base import OrganizationAdmin
from portal.organizations import may
from portal.roles import Permission

_OVERLAP_NAMES = dict(
    zip(
        (int(span.total_seconds()) for span in OVERLAPS),
        (_("not at all"), _("1 hour"), _("1 day"), _("7 days"), _("30 days")),
        strict=True,
    )
)
_KEPT = "api_client_secret_{}"


class NewSecretForm(forms.Form):
    """How long the secret before stays valid; ``seen`` is the state of the page that it was asked on."""

    overlap = forms.TypedChoiceField(
        label=_("The present secret stays valid for"),
        choices=list(_OVERLAP_NAMES.items()),
        coerce=int,
        initial=86_400,
        widget=UnfoldAdminSelectWidget,
        help_text=_("Until then both work. If somebody has the secret who should not, choose “not at all”."),
    )
    seen = forms.CharField(widget=forms.HiddenInput)


def keep_secret(request: HttpRequest, client: ApiClient, secret: str) -> None:
    """Keep a new secret for this person's next look at the page that shows it."""
    shown_once.keep(request, _KEPT.format(client.pk), secret, now=timezone.now())


def secret_waits(request: HttpRequest, client: ApiClient) -> bool:
    """Tell whether a secret was made by this person and not shown yet."""
    return shown_once.waits(request, _KEPT.format(client.pk), now=timezone.now())


class ApiClientDeeds(OrganizationAdmin):
    """The pages of these deeds. What another organization owns does not exist; what the role does not allow is refused."""

    def deed_views(self) -> dict[str, Callable[..., HttpResponse]]:
        """Return the pages by name."""
        return {
            "secret": self.secret_view,
            "rotate": self.rotate_view,
            "forget": self.forget_view,
            "end_tokens": self.end_tokens_view,
            "revoke": self.revoke_view,
        }

    def secret_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Show a secret that was just made, this once."""
        client = self.mine(request, object_id)
        now = timezone.now()
        secret = shown_once.take(request, _KEPT.format(client.pk), now=now)
        context = {
            **self.admin_site.each_context(request),
            "title": _t("The secret of “%(name)s”") % {"name": client},
            "client": client,
            "secret": secret,
            "previous_until": utc(until) if (until := previous_until(client, now=now)) else "",
            "examples": examples(client, secret=secret) if secret else [],
            "gateway_url": gateway_of(client),
            "back": self.page(client),
            "opts": self.opts,
        }
        response = TemplateResponse(request, "admin/fulfillment/api_client_secret.html", context)
        response.headers["Cache-Control"] = "no-store"
        return response

    def rotate_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Ask how long the present secret stays valid, make a new one, and go to the page that shows it."""
        client = self.mine(request, object_id)
        if client.revoked_at:
            return self._refused(request, client)
        now = timezone.now()
        form = NewSecretForm(request.POST or None, initial={"seen": secret_state(client)})
        if request.method == "POST" and form.is_valid():
            self._rotate(request, client, form.cleaned_data)
            return HttpResponseRedirect(reverse("admin:fulfillment_apiclient_secret", args=[client.pk]))
        until = previous_until(client, now=now)
        return self.ask(
            request,
            client,
            title=_t("New secret for “%(name)s”") % {"name": client},
            texts=[
                _t(
                    "The client gets a new secret, which is shown once. Enter it in your program while the present one still "
                    "works. Access tokens that it has stay valid, whichever secret they were got with."
                )
            ],
            warning=_t(
                "The secret before the present one is valid until %(until)s. Making a new one now ends it at once: if "
                "a program still uses it, change that over first."
            )
            % {"until": f"{until:%Y-%m-%d %H:%M} UTC"}
            if until
            else "",
            button=_t("Make a new secret"),
            form=form,
        )

    def _rotate(self, request: HttpRequest, client: ApiClient, asked: dict[str, Any]) -> None:
        overlap = timedelta(seconds=asked["overlap"])
        try:
            secret = rotate_secret(
                client=client,
                overlap=overlap,
                actor=request.user,  # type: ignore[arg-type]
                now=timezone.now(),
                seen=asked["seen"],
            )
        except SecretChanged:
            return  # pressed twice: the page that comes next shows what the first press made
        keep_secret(request, client, secret)

    def forget_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Ask, then have the secret before the present one count no longer."""
        client = self.mine(request, object_id)
        until = previous_until(client, now=timezone.now())
        if client.revoked_at or until is None:
            messages.info(request, _t("Only the present secret is valid: there is no old one to forget."))
            return HttpResponseRedirect(self.page(client))
        if request.method == "POST":
            forget_previous_secret(client=client, actor=request.user, now=timezone.now())  # type: ignore[arg-type]
            return self._told(request, client, _t("The old secret no longer works. Only the present one is valid."))
        return self.ask(
            request,
            client,
            title=_t("Forget the old secret of “%(name)s”") % {"name": client},
            texts=[
                _t(
                    "The secret before the present one stops working now instead of at %(until)s. A program that still "
                    "uses it gets no more tokens."
                )
                % {"until": f"{until:%Y-%m-%d %H:%M} UTC"}
            ],
            button=_t("Forget it now"),
            style="drops-button-danger",
        )

    def end_tokens_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Ask, then end every token of the client."""
        client = self.mine(request, object_id)
        if client.revoked_at:
            return self._refused(request, client)
        if request.method == "POST":
            end_tokens(client=client, actor=request.user, now=timezone.now())  # type: ignore[arg-type]
            return self._told(request, client, _t("Its tokens have ended. With its secret it gets new ones."))
        return self.ask(
            request,
            client,
            title=_t("End the tokens of “%(name)s”") % {"name": client},
            texts=[
                _t(
                    "Calls with the tokens that it has now are refused from now on. With its secret it gets new ones: most "
                    "programs do so by themselves. Players who signed in through it have to allow it again."
                ),
                _t("If somebody else may have its secret, make a new secret first."),
            ],
            facts=self._facts(client),
            button=_t("End its tokens"),
            style="drops-button-danger",
        )

    def revoke_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Ask, then end the client for good."""
        client = self.mine(request, object_id)
        if client.revoked_at:
            return self._refused(request, client)
        if request.method == "POST":
            revoke(client=client, actor=request.user, now=timezone.now())  # type: ignore[arg-type]
            return self._told(
                request, client, _t("“%(name)s” is revoked. Its calls are refused from now on.") % {"name": client}
            )
        return self.ask(
            request,
            client,
            title=_t("Revoke “%(name)s”") % {"name": client},
            warning=_t("This is final: a revoked client never works again."),
            texts=[
                _t(
                    "Its secret and all its tokens end now, those of players who allowed it too. A program that uses it gets "
                    "no more claims and can mark none as fulfilled. Claims lose nothing: they wait until another client or "
                    "an endpoint takes them. It stays in the list, and its name in the history."
                ),
                _t("To change the secret only, make a new one instead."),
            ],
            facts=self._facts(client),
            button=_t("Revoke it for good"),
            style="drops-button-danger",
        )

    def _facts(self, client: ApiClient) -> list[tuple[str, Any]]:
        tokens = valid_tokens(client, now=timezone.now())
        return [
            (_t("Client id"), client.oauth_id),
            (_t("May do"), scopes_in_words(client)),
            (_t("Last used"), utc(used) if (used := last_used([client]).get(client.pk)) else _t("never")),
            (_t("Tokens of its own"), _capped(tokens.own)),
            (_t("Players who allowed it"), _capped(tokens.players)),
        ]

    # What these pages share.

    def mine(self, request: HttpRequest, object_id: str) -> ApiClient:
        """Return the client. Raises ``Http404`` for another organization's, ``PermissionDenied`` by role."""
        client: ApiClient | None = self.get_object(request, object_id)
        if client is None:
            raise Http404
        if not may(request, Permission.MANAGE):
            raise PermissionDenied
        return client

    def ask(self, request: HttpRequest, client: ApiClient, **shown: Any) -> HttpResponse:
        """Return the page that says what a deed does, and has the button."""
        context = {
            **self.admin_site.each_context(request),
            **shown,
            "client": client,
            "chip": client_state(client, now=timezone.now())[0],
            "back": self.page(client),
            "opts": self.opts,
        }
        return TemplateResponse(request, "admin/fulfillment/api_client_deed.html", context)

    def _refused(self, request: HttpRequest, client: ApiClient) -> HttpResponse:
        messages.info(
            request, _t("“%(name)s” is revoked, which is final: nothing of it can be changed.") % {"name": client}
        )
        return HttpResponseRedirect(self.page(client))

    def _told(self, request: HttpRequest, client: ApiClient, text: str) -> HttpResponse:
        messages.success(request, text)
        return HttpResponseRedirect(self.page(client))

    def page(self, client: ApiClient) -> str:
        """Return the address of a client's page."""
        return reverse("admin:fulfillment_apiclient_change", args=[client.pk])


def _capped(count: int) -> str:
    return f"{count:,}+" if count >= COUNTED_AT_MOST else f"{count:,}"
