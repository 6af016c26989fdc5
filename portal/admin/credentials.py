"""The organization's apps on the platforms: written by owners, secrets never shown (I4, P1, S2)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _

from portal import platforms
from portal.admin.credential_deeds import CredentialDeeds
from portal.admin_base import display
from portal.admin_forms import SecretsForm
from portal.admin_words import chip
from portal.models import AppAccessToken, PlatformCredential
from portal.roles import Permission
from portal.secret_ages import say_age, secret_ages
from portal.webhook_addresses import webhook_address


class CredentialForm(SecretsForm):
    """The form of a credential."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "webhook_secret" in self.fields:
            self.fields["webhook_secret"].help_text += _about_webhook_secrets(self.instance.platform)

    def offered_platforms(self) -> list[tuple[str, str]]:
        """Return the platforms at which an organization has an app."""
        return [(platform.key, platform.name) for platform in platforms.with_sign_in()]

    def clean_webhook_secret(self) -> str:
        """Hold to what the platform takes."""
        secret: str = self.cleaned_data["webhook_secret"]
        platform = platforms.registry.get(self.instance.platform or self.cleaned_data.get("platform", ""))
        least, most = platform.webhook_secret_lengths if platform else (0, len(secret))
        if secret and not (least <= len(secret) <= most and secret.isascii()):
            limits = {"least": least, "most": most}
            self.add_error(
                "webhook_secret", _t("A webhook secret has %(least)s to %(most)s ASCII characters.") % limits
            )
        return secret

    def set_times(self, *, now: datetime) -> None:
        """Note since when each secret that was entered is the one that it is."""
        for name in self.replaced_secrets():
            if self.cleaned_data[name] != self.stored_secrets[name]:
                setattr(self.instance, f"{name}_set_at", now)


@admin.register(PlatformCredential)
class PlatformCredentialAdmin(CredentialDeeds):
    """One app for each platform; owners only."""

    menu_icon = "key"
    menu_order = 20
    view_permission = Permission.MANAGE
    edit_permission = Permission.MANAGE
    form = CredentialForm
    list_display = ("platform_name", "client_id", "enabled", "secrets_set", "public_key_fetched_at")
    ordering = ("platform",)
    readonly_fields = ("platform_name", "secrets_set", "webhook_url", "previous_secret", "public_key_fetched_at")
    change_form_before_template = "admin/credential_deeds.html"
    fieldsets = (
        (
            None,
            {
                "fields": (
                    "platform",
                    "enabled",
                    "client_id",
                    "client_secret",
                    "platform_organization_id",
                    "secrets_set",
                )
            },
        ),
        (_("Webhook"), {"fields": ("webhook_url", "webhook_secret", "previous_secret", "public_key_fetched_at")}),
        (_("Other addresses than the platform's own"), {"fields": ("id_url", "api_url")}),
    )

    @display(description=_("platform"), ordering="platform")
    def platform_name(self, credential: PlatformCredential) -> str:
        """The platform by its name."""
        return platforms.get(credential.platform).name

    @display(description=_("secrets"))
    def secrets_set(self, credential: PlatformCredential) -> SafeString:
        """Which secrets are set and since when, never what they are; and which should be renewed."""
        now = timezone.now()
        lines = [
            (say_age(age, now=now), chip(_t("renew it"), "schedule", "drops-chip-attention") if age.is_old else "")
            for age in secret_ages(credential, now=now)
        ]
        return format_html_join("", '<span class="drops-option">{} {}</span>', lines)

    @display(description=_("webhook address"))
    def webhook_url(self, credential: PlatformCredential) -> str | SafeString:
        """The address to copy into the platform's console."""
        if not credential.url_token:
            return _t("Shown once the credential is saved.")
        return format_html('<code class="drops-copy">{}</code>', webhook_address(credential))

    @display(description=_("previous webhook secret"))
    def previous_secret(self, credential: PlatformCredential) -> str:
        """Whether an older secret is still accepted."""
        if credential.previous_webhook_secret and not platforms.get(credential.platform).is_told_webhook_secret:
            return _t("Set: messages signed with it are still accepted, until you forget it.")
        if credential.previous_webhook_secret:
            return _t(
                "Set: messages signed with it are still accepted. It is forgotten by itself once all event subscriptions "
                "have the new one and a day has passed, or when you forget it."
            )
        return _t("Not set.")

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """Show the platform by its name once the credential exists, for it is fixed then, and what is known of its secrets."""
        fieldsets = super().get_fieldsets(request, obj)
        if obj is None:
            return [
                (title, {"fields": [f for f in options["fields"] if f != "secrets_set"]})
                for title, options in fieldsets
            ]
        shown, platform = {"platform": "platform_name"}, platforms.get(obj.platform)
        without = set() if platform.signs_with_shared_secret else {"webhook_secret", "previous_secret"}
        without |= set() if platform.fetch_public_key else {"public_key_fetched_at"}
        return [
            (title, {"fields": [shown.get(f, f) for f in options["fields"] if f not in without]})
            for title, options in fieldsets
        ]

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> Any:
        """Show the page; its deeds depend on the platform."""
        credential = self.get_object(request, object_id)
        told = credential is not None and platforms.get(credential.platform).is_told_webhook_secret
        return super().change_view(
            request, object_id, form_url, {**(extra_context or {}), "is_told_webhook_secret": told}
        )

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
        form.set_times(now=timezone.now())
        super().save_model(request, obj, form, change)
        if change and {"client_id", "client_secret", "id_url"} & set(form.changed_data):
            AppAccessToken.objects.filter(credential=obj).delete()
        for name in replaced if change else ():
            self.note(request, obj, f"replaced {name.replace('_', ' ')}")


def _about_webhook_secrets(platform: str) -> str:
    """Return what a webhook secret is at the platform; where none is chosen yet, at each that has one."""
    said = []
    for one in [platforms.get(platform)] if platform else platforms.with_sign_in():
        if one.signs_with_shared_secret:
            least, most = one.webhook_secret_lengths
            limits = _t("%(least)s to %(most)s ASCII characters.") % {"least": least, "most": most}
            said.append(f" {one.name}: {one.check_hints.get('webhook_secret') or limits}")
    return "".join(said)
