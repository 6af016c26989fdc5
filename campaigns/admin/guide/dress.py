"""The look of the guide's inputs: plain ones, which work without a script."""

from __future__ import annotations

from typing import Any

from django import forms

_PLAIN = (forms.CheckboxInput, forms.RadioSelect, forms.MultiWidget, forms.HiddenInput)


def dress(form: forms.BaseForm) -> None:
    """Give every input of a form the admin's look."""
    for field in form.fields.values():
        widget: Any = field.widget
        if isinstance(widget, _PLAIN):
            continue
        widget.attrs["class"] = "drops-input drops-select" if isinstance(widget, forms.Select) else "drops-input"
        if isinstance(widget, forms.Textarea):
            widget.attrs["rows"] = 3
