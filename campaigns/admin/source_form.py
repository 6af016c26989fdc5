"""The form of a heartbeat source: what its ids are decides what else has to be chosen (W1)."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.forms import ModelChoiceField
from django.utils.translation import gettext_lazy as _

from campaigns.models import HeartbeatSource
from portal import platforms
from portal.admin_forms import OrganizationForm
from portal.models import PlatformCredential
from portal.platforms.studio import STUDIO

Identifiers = HeartbeatSource.Identifiers


class HeartbeatSourceForm(OrganizationForm):
    """Three kinds: registered identifiers go by a credential, user ids by a platform, player ids by neither.

    What does not belong to the chosen kind is left out, whatever was entered there. Once the source exists, only its
    name and the switch can be changed: what was received means what it meant.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "platform" in self.fields:
            self.fields["platform"].required = False
            self.fields["platform"].help_text = _("Whose user ids they are. Only for user ids of a platform.")
        credential = self.fields.get("credential")
        if isinstance(credential, ModelChoiceField) and credential.queryset is not None:
            where = [platform.key for platform in platforms.registry.values() if platform.registers_viewers]
            credential.queryset = credential.queryset.filter(platform__in=where)
            only = list(credential.queryset[:2])
            if len(only) == 1:
                self.initial.setdefault("credential", only[0].pk)
            credential.help_text = _(
                "The app whose client id is entered in the platform's VHS Configuration; the platform follows from it. "
                "Only for registered identifiers."
            )

    def offered_platforms(self) -> list[tuple[str, str]]:
        """Return the platforms whose user ids heartbeats can carry: all but the studio's own player."""
        return [(key, name) for key, name in platforms.choices() if key != STUDIO.key]

    def clean(self) -> dict[str, Any]:
        """Hold kind, platform and credential together, and let the platform follow from the kind."""
        cleaned = super().clean() or self.cleaned_data
        kind = cleaned.get("identifiers")
        if kind == Identifiers.REGISTERED:
            credential: PlatformCredential | None = cleaned.get("credential")
            if credential is None and "credential" not in self.errors:
                self.add_error("credential", ValidationError(self._no_credential(), code="required"))
            elif credential is not None:
                cleaned["platform"] = credential.platform
        elif kind == Identifiers.PLATFORM:
            cleaned["credential"] = None
            self._forgive("credential")
            if not cleaned.get("platform") and "platform" not in self.errors:
                self.add_error(
                    "platform", ValidationError(_("Choose the platform whose user ids they are."), code="required")
                )
        elif kind == Identifiers.PLAYER:
            cleaned["credential"] = None
            cleaned["platform"] = STUDIO.key
            self._forgive("credential")
            self._forgive("platform")
        return cleaned

    def _forgive(self, name: str) -> None:
        """Drop the errors of a field that does not matter for the chosen kind."""
        self.errors.pop(name, None)

    def _no_credential(self) -> Any:
        field = self.fields.get("credential")
        if isinstance(field, ModelChoiceField) and field.queryset is not None and field.queryset.exists():
            return _("Choose the credential under whose client id the identifiers are registered.")
        return _(
            "There is no credential of a platform that takes identifiers yet. Add the one for Twitch under Platform "
            "credentials first, then come back."
        )
