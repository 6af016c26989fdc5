"""The organization's apps on the platforms: written by owners, secrets never shown (I4, P1, S2)."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib import admin, messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _

from portal import audit, platforms
from portal.admin_base import OrganizationAdmin, display
from portal.admin_forms import SecretsForm
from portal.models import PlatformCredential
from portal.roles import Permission


def webhook_address(credential: PlatformCredential) -> str:
    """Return the address that the platform is given to call (P1)."""
    return f"{settings.BASE_URL}/webhooks/{credential.platform}/{credential.url_token}"


class CredentialForm(SecretsForm):
    """The form of a credential."""

    def offered_platforms(self) -> list[tuple[str, str]]:
        """Return the platforms at which an organization has an app."""
        return [(platform.key, platform.name) for platform in platforms.with_sign_in()]

    def clean_webhook_secret(self) -> str:
        """Hold to what the platform takes: Twitch, EventSub, "Create a secret": 10 to 100 ASCII characters."""
        secret: str = self.cleaned_data["webhook_secret"]
        if secret and not (10 <= len(secret) <= 100 and secret.isascii()):
            self.add_error("webhook_secret", _("A webhook secret has 10 to 100 ASCII characters."))
        return secret


@admin.register(PlatformCredential)
class PlatformCredentialAdmin(OrganizationAdmin):
    """One app for each platform; owners only."""

    menu_icon = "key"
    menu_order = 20
    view_permission = Permission.MANAGE
    edit_permission = Permission.MANAGE
    form = CredentialForm
    list_display = ("platform_name", "client_id", "enabled", "secrets_set", "public_key_fetched_at")
    ordering = ("platform",)
    readonly_fields = ("platform_name", "webhook_url", "previous_secret", "public_key_fetched_at")
    change_form_before_template = "admin/credential_deeds.html"
    fieldsets = (
        (None, {"fields": ("platform", "enabled", "client_id", "client_secret", "platform_organization_id")}),
        (_("Webhook"), {"fields": ("webhook_url", "webhook_secret", "previous_secret", "public_key_fetched_at")}),
        (_("Other addresses than the platform's own"), {"fields": ("id_url", "api_url")}),
    )

    @display(description=_("platform"), ordering="platform")
    def platform_name(self, credential: PlatformCredential) -> str:
        """The platform by its name."""
        return platforms.get(credential.platform).name

    @display(description=_("secrets"))
    def secrets_set(self, credential: PlatformCredential) -> str:
        """Which secrets are set, never what they are."""
        state = {True: _t("set"), False: _t("not set")}
        shown = [_t("client secret: %s") % state[bool(credential.client_secret)]]
        if platforms.get(credential.platform).signs_with_shared_secret:
            shown.append(_t("webhook secret: %s") % state[bool(credential.webhook_secret)])
        return " · ".join(shown)

    @display(description=_("webhook address"))
    def webhook_url(self, credential: PlatformCredential) -> str | SafeString:
        """The address to copy into the platform's console."""
        if not credential.url_token:
            return _t("Shown once the credential is saved.")
        return format_html('<code class="drops-copy">{}</code>', webhook_address(credential))

    @display(description=_("previous webhook secret"))
    def previous_secret(self, credential: PlatformCredential) -> str:
        """Whether an older secret is still accepted."""
        if credential.previous_webhook_secret:
            return _t("Set: messages signed with it are still accepted, until you forget it.")
        return _t("Not set.")

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """Show the platform by its name once the credential exists: it is fixed then."""
        fieldsets = super().get_fieldsets(request, obj)
        if obj is None:
            return fieldsets
        shown = {"platform": "platform_name"}
        return [(title, {"fields": [shown.get(f, f) for f in options["fields"]]}) for title, options in fieldsets]

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody: messages and links hang on it; it is disabled instead (F8)."""
        return False

    def save_model(self, request: HttpRequest, obj: PlatformCredential, form: Any, change: bool) -> None:
        """Store; a replaced webhook secret stays accepted as the previous one, for the time of the change."""
        if not obj.url_token:
            obj.renew_url_token()
        replaced = form.replaced_secrets()
        if change and "webhook_secret" in replaced and form.stored_secrets["webhook_secret"]:
            obj.previous_webhook_secret = form.stored_secrets["webhook_secret"]
        if change and "api_url" in form.changed_data:
            # The key came from the address before. Without one it is fetched with the next message, or within the hour.
            obj.public_key, obj.previous_public_key, obj.public_key_fetched_at = "", "", None
        super().save_model(request, obj, form, change)
        for name in replaced if change else ():
            self._note(request, obj, f"replaced {name.replace('_', ' ')}")

    def get_urls(self) -> list[URLPattern]:
        """Add the pages of the two deeds."""
        named = "portal_platformcredential"
        return [
            path("<path:object_id>/new-address/", self._page(self.new_address), name=f"{named}_new_address"),
            path("<path:object_id>/forget-secret/", self._page(self.forget_secret), name=f"{named}_forget_secret"),
            *super().get_urls(),
        ]

    def _page(self, view: Any) -> Any:
        return self.admin_site.admin_view(view)

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

    def _deed(
        self, request: HttpRequest, object_id: str, deed: Any, action: str, *, done: str, **shown: str
    ) -> HttpResponse:
        credential = self.get_object(request, object_id)
        if credential is None or not self.has_change_permission(request, credential):
            raise Http404
        back = reverse("admin:portal_platformcredential_change", args=[credential.pk])
        if request.method == "POST":
            deed(credential)
            self._note(request, credential, action)
            messages.success(request, done)
            return HttpResponseRedirect(back)
        context = {**self.admin_site.each_context(request), **shown, "back": back, "opts": self.opts}
        return TemplateResponse(request, "admin/confirm_deed.html", context)

    def _note(self, request: HttpRequest, credential: PlatformCredential, action: str) -> None:
        audit.record(
            actor=request.user,  # type: ignore[arg-type]
            action=action,
            obj=credential,
            organization=credential.organization,
        )
