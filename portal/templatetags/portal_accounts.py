"""What the account pages' templates need besides allauth's tags."""

from __future__ import annotations

from django import template

from portal.rules.devices import device_of

register = template.Library()


@register.filter
def device(user_agent: str) -> str:
    """Return browser and system in words, from a ``User-Agent`` header."""
    return str(device_of(user_agent))
