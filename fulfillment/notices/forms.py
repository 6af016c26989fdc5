"""Forms about notices."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django import forms

from fulfillment.models import NoticePreference
from fulfillment.rules.notices import Group

if TYPE_CHECKING:
    ModelForm = forms.ModelForm[NoticePreference]
else:
    ModelForm = forms.ModelForm


class PreferenceForm(ModelForm):
    """Which groups of notices go by e-mail."""

    class Meta:
        model = NoticePreference
        fields = [group.value for group in Group]

    def groups(self) -> list[Group]:
        """Return what was chosen, once the form is valid."""
        return [group for group in Group if self.cleaned_data[group.value]]
