"""``{{ field|focused }}`` draws a field that takes the focus, ``form|first_mistake`` names the one that should."""

from __future__ import annotations

from django import template
from django.forms import BaseForm, BoundField
from django.utils.safestring import SafeString

register = template.Library()


@register.filter
def first_mistake(form: BaseForm) -> str:
    """Return the name of the first field that has to be written again; empty if there is none."""
    return next((field.name for field in form.visible_fields() if field.errors), "")


@register.filter
def focused(field: BoundField) -> SafeString:
    """Draw the field so that the browser goes there as the page opens, and a screen reader reads what is wrong."""
    return field.as_widget(attrs={"autofocus": True})
