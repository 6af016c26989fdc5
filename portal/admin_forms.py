"""Forms of the admin: what is unique in an organization is checked there, and secrets are written but never shown."""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminPasswordWidget, UnfoldAdminSelectWidget

from portal import platforms
from portal.encryption import EncryptedTextField
from portal.models import Organization


class OrganizationForm(forms.ModelForm):  # type: ignore[type-arg]
    """A form whose row belongs to the active organization though it has no field for it.

    Django leaves out the constraints that name a field which is not in the form (the organization, and what is fixed
    once the row exists): the database would refuse the row where the form should have said why.
    """

    organization: ClassVar[Organization | None] = None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if hasattr(type(self.instance), "organization") and self.instance.organization_id is None:
            self.instance.organization = self.organization
        if "platform" in self.fields:
            self.fields["platform"] = _platform_field(self.fields["platform"], self.offered_platforms())

    def offered_platforms(self) -> list[tuple[str, str]]:
        """Return the platforms that can be chosen; by default all."""
        return platforms.choices()

    def complete_instance(self) -> None:
        """Work out columns that follow from the entered ones, before the row's constraints are checked."""

    def _post_clean(self) -> None:
        super()._post_clean()  # type: ignore[misc]
        if self.errors:
            return
        self.complete_instance()
        try:
            self.instance.validate_constraints()
        except ValidationError as error:
            for name, found in error.update_error_dict({}).items():
                self.add_error(name if name in self.fields else None, found)


def _platform_field(field: forms.Field, choices: list[tuple[str, str]]) -> forms.ChoiceField:
    return forms.ChoiceField(
        choices=[("", _("Select value")), *choices],
        label=field.label,
        help_text=field.help_text,
        required=field.required,
        initial=field.initial,
        widget=UnfoldAdminSelectWidget(),
    )


class SecretsForm(OrganizationForm):
    """A form that takes secrets and tells only whether one is set (S2). An empty field keeps what is stored."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.stored_secrets: dict[str, str] = {}
        for name, field in self.fields.items():
            if isinstance(self._model_field(name), EncryptedTextField):
                stored = getattr(self.instance, name)
                self.stored_secrets[name] = stored
                self.initial[name] = ""
                field.required = False
                field.widget = UnfoldAdminPasswordWidget(attrs={"autocomplete": "new-password"})
                state = _("Set. Leave empty to keep it.") if stored else _("Not set.")
                field.help_text = f"{state} {field.help_text}".strip()

    def clean(self) -> dict[str, Any]:
        """Keep each stored secret for which nothing was entered."""
        cleaned = super().clean() or self.cleaned_data
        for name, stored in self.stored_secrets.items():
            if not cleaned.get(name):
                cleaned[name] = stored
        return cleaned

    def replaced_secrets(self) -> list[str]:
        """Return the names of the secrets for which a new value was entered."""
        return [name for name in self.stored_secrets if name in self.changed_data]

    def _model_field(self, name: str) -> object:
        return next((field for field in self._meta.model._meta.fields if field.name == name), None)
