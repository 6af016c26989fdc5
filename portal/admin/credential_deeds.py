"""What is done with a platform credential on pages of its own: check it, renew its secrets and its address."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminPasswordWidget

from portal import audit, platforms, shown_once
from portal.admin.credential_results import groups_of, summary_of
from portal.admin_base import OrganizationAdmin
from portal.calling import problem_of
from portal.credential_checks import Outcome, examine
from portal.credential_checks.words import REFUSALS
from portal.models import PlatformCredential
from portal.platforms.calls import PlatformError
from portal.platforms.problems import explain
from portal.rotation import CredentialChanged, renew_client_secret, renew_webhook_secret, webhook_secret_state

_KEPT = "webhook_secret_{}"
_MODEL = "portal_platformcredential"


class ClientSecretForm(forms.Form):
    """The new client secret."""

    client_secret = forms.CharField(
        label=_("New client secret"),
        max_length=500,
        widget=UnfoldAdminPasswordWidget(attrs={"autocomplete": "new-password"}),
        help_text=_("Made in the platform's console. It is tried there first, and stored only if it works."),
    )


class SeenForm(forms.Form):
    """What the person saw, so that pressing twice does not do twice."""

    seen = forms.CharField(widget=forms.HiddenInput, required=False)


class CredentialDeeds(OrganizationAdmin):
    """The pages. What another organization owns does not exist (S1)."""

    def get_urls(self) -> list[URLPattern]:
        """Add the pages."""
        views: dict[str, Callable[..., HttpResponse]] = {
            "check": self.check_view,
            "client_secret": self.client_secret_view,
            "webhook_secret": self.webhook_secret_view,
            "shown_secret": self.shown_secret_view,
            "new_address": self.new_address,
            "forget_secret": self.forget_secret,
        }
        return [
            *(
                path(
                    f"<path:object_id>/{name.replace('_', '-')}/",
                    self.admin_site.admin_view(view),
                    name=f"{_MODEL}_{name}",
                )
                for name, view in views.items()
            ),
            *super().get_urls(),
        ]

    def check_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Say what a check does; asked to by POST, do it and show what works and what does not."""
        credential = self.mine(request, object_id)
        results = []
        if request.method == "POST":
            results = examine(credential, now=timezone.now())
            found = {outcome.value: sum(1 for one in results if one.outcome is outcome) for outcome in Outcome}
            self.note(request, credential, "checked", after=found)
        context = {
            "title": _t("Check: %(name)s") % {"name": platforms.get(credential.platform).name},
            "checked": request.method == "POST",
            "summary": summary_of(results),
            "groups": groups_of(results),
            "at": timezone.now(),
        }
        return self.page(request, credential, "admin/credential_check.html", context)

    def client_secret_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Take a new client secret, try it at the platform, and store it if it works."""
        credential = self.mine(request, object_id)
        form = ClientSecretForm(request.POST or None)
        if request.method == "POST" and form.is_valid():
            try:
                renew_client_secret(
                    credential=credential,
                    client_secret=form.cleaned_data["client_secret"].strip(),
                    actor=request.user,  # type: ignore[arg-type]
                    now=timezone.now(),
                )
            except PlatformError as error:
                form.add_error("client_secret", _why_not(error))
            except CredentialChanged:
                messages.warning(request, _t("Somebody else changed this credential just now. Nothing was stored."))
                return HttpResponseRedirect(self.back(credential))
            else:
                messages.success(
                    request, _t("The platform accepts the new client secret. It is stored, and in use from now on.")
                )
                return HttpResponseRedirect(self.back(credential))
        context = {
            "title": _t("Renew client secret"),
            "texts": [
                _t(
                    "Make a new secret in the platform's console and enter it here. The portal calls the platform with it; "
                    "only if the platform accepts it, the secret is stored."
                ),
                _t(
                    "A platform may end the old secret as soon as a new one is made. Until the new one is stored here, the portal "
                    "goes on with the token it has, but viewers cannot sign in: have this page open when you make it."
                ),
            ],
            "button": _t("Try it and store it"),
            "form": form,
        }
        return self.page(request, credential, "admin/confirm_deed.html", context)

    def webhook_secret_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Ask, make a new webhook secret, and go to the page that shows it."""
        credential = self.mine(request, object_id)
        if not platforms.get(credential.platform).is_told_webhook_secret:
            raise Http404
        form = SeenForm(request.POST or None, initial={"seen": webhook_secret_state(credential)})
        if request.method == "POST" and form.is_valid():
            now = timezone.now()
            try:
                secret = renew_webhook_secret(
                    credential_id=credential.pk,
                    seen=form.cleaned_data["seen"],
                    actor=request.user,  # type: ignore[arg-type]
                    now=now,
                )
            except CredentialChanged:
                pass  # pressed twice: the page that comes next shows what the first press made
            else:
                shown_once.keep(request, _KEPT.format(credential.pk), secret, now=now)
            return HttpResponseRedirect(reverse(f"admin:{_MODEL}_shown_secret", args=[credential.pk]))
        warning = _t(
            "There still is a secret from before, with which messages may be signed. Making a new one now ends it at once: "
            "such messages are then refused, and their claims are found later, by asking the platform."
        )
        context = {
            "title": _t("New webhook secret"),
            "warning": warning if credential.previous_webhook_secret else "",
            "texts": [
                _t(
                    "The portal makes a new secret and renews its event subscriptions with it, which takes some minutes. The "
                    "secret before stays accepted meanwhile, so that nothing is refused. It is forgotten by itself once "
                    "all subscriptions have the new one and a day has passed."
                )
            ],
            "button": _t("Make a new secret"),
            "form": form,
        }
        return self.page(request, credential, "admin/confirm_deed.html", context)

    def shown_secret_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Show a webhook secret that was just made, this once."""
        credential = self.mine(request, object_id)
        secret = shown_once.take(request, _KEPT.format(credential.pk), now=timezone.now())
        context = {"title": _t("The new webhook secret"), "secret": secret}
        response = self.page(request, credential, "admin/credential_secret.html", context)
        response.headers["Cache-Control"] = "no-store"
        return response

    def new_address(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Ask, then give the webhook a new secret address; the old one stops at once."""

        def renew(credential: PlatformCredential) -> None:
            credential.renew_url_token()
            credential.save(update_fields=["url_token", "url_token_hash"])

        return self._deed(
            request,
            object_id,
            renew,
            "renewed webhook address",
            title=_t("New webhook address"),
            text=_t(
                "The address that the platform calls now stops working at once. Claims are not lost, but arrive only "
                "after you have entered the new address in the platform's console."
            ),
            button=_t("Make a new address"),
            done=_t("The webhook has a new address. Copy it into the platform's console."),
        )

    def forget_secret(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Ask, then no longer accept the previous webhook secret."""

        def forget(credential: PlatformCredential) -> None:
            credential.previous_webhook_secret = ""
            credential.save(update_fields=["previous_webhook_secret"])

        return self._deed(
            request,
            object_id,
            forget,
            "forgot previous webhook secret",
            title=_t("Forget the previous secret"),
            text=_t("Messages that are still signed with the previous secret will be refused from now on."),
            button=_t("Forget it"),
            done=_t("The previous webhook secret is no longer accepted."),
        )

    def mine(self, request: HttpRequest, object_id: str) -> PlatformCredential:
        """Return the credential. Raises ``Http404`` for one that is not this organization's, or not this person's to change."""
        credential: PlatformCredential | None = self.get_object(request, object_id)
        if credential is None or not self.has_change_permission(request, credential):
            raise Http404
        return credential

    def back(self, credential: PlatformCredential) -> str:
        """Return the address of the credential's own page."""
        return reverse(f"admin:{_MODEL}_change", args=[credential.pk])

    def page(
        self, request: HttpRequest, credential: PlatformCredential, template: str, context: Mapping[str, Any]
    ) -> TemplateResponse:
        """Return one of these pages."""
        shared = {**self.admin_site.each_context(request), "opts": self.opts, "back": self.back(credential)}
        return TemplateResponse(request, template, {**shared, "credential": credential, **context})

    def note(
        self, request: HttpRequest, credential: PlatformCredential, action: str, after: dict[str, Any] | None = None
    ) -> None:
        """Write what was done into the audit trail (S5)."""
        audit.record(
            actor=request.user,  # type: ignore[arg-type]
            action=action,
            obj=credential,
            organization=credential.organization,
            after=after,
        )

    def _deed(
        self, request: HttpRequest, object_id: str, deed: Any, action: str, *, done: str, **shown: str
    ) -> HttpResponse:
        credential = self.mine(request, object_id)
        if request.method == "POST":
            deed(credential)
            self.note(request, credential, action)
            messages.success(request, done)
            return HttpResponseRedirect(self.back(credential))
        return self.page(request, credential, "admin/confirm_deed.html", shown)


def _why_not(error: PlatformError) -> str:
    if error.status in REFUSALS:
        return _t(
            "The platform does not accept this secret with the client id entered here (status %(status)s). The secret "
            "stored before is still in use. Copy the new one again, whole and without spaces."
        ) % {"status": error.status}
    happened, _advice = explain(problem_of(error))
    return _t("The secret could not be tried. %(problem)s The one stored before is still in use; try again later.") % {
        "problem": happened
    }
