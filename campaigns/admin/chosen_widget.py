"""A search box for a related row that is told what it holds: without, each row of a list would ask the database for its own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.contrib.admin.widgets import AutocompleteSelect
from django.db import models
from django.utils.translation import gettext as _t


class ChosenWidget(AutocompleteSelect):
    """The admin's search box. ``chosen`` is the row that it holds, where the form has that already."""

    chosen: models.Model | None = None

    @property
    def media(self) -> forms.Media:
        """Add what gives the box its name."""
        return super().media + forms.Media(js=("portal/search_box.js",))

    def build_attrs(self, base_attrs: dict[str, Any], extra_attrs: dict[str, Any] | None = None) -> dict[str, Any]:
        """Say in an empty box what it is for: what stands there is also read by a screen reader, after the field's label."""
        return {**super().build_attrs(base_attrs, extra_attrs), "data-placeholder": _t("Search for one")}

    def optgroups(self, name: str, value: Sequence[str], attrs: dict[str, Any] | None = None) -> Any:
        """Return what is chosen as the only option; the others are searched for."""
        if self.chosen is None or list(value) != [str(self.chosen.pk)]:
            return super().optgroups(name, value, attrs)
        return [(None, [self.create_option(name, self.chosen.pk, str(self.chosen), True, 0)], 0)]


def tell_chosen(widget: Any, chosen: models.Model) -> None:
    """Tell a field's widget, or the one that the admin has wrapped around it, which row it holds."""
    inner = getattr(widget, "widget", widget)
    if isinstance(inner, ChosenWidget):
        inner.chosen = chosen
