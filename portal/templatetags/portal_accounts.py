"""What the account pages' templates need besides allauth's tags."""

from __future__ import annotations

from typing import Any

from django import template

from portal.rules.devices import device_of
from portal.staff import lacks_second_factor

register = template.Library()


@register.filter
def device(user_agent: str) -> str:
    """Return browser and system in words, from a ``User-Agent`` header."""
    return str(device_of(user_agent))


@register.filter
def owes_second_factor(user: Any) -> bool:
    """Return whether somebody is kept out of the admin until they add the second factor that is demanded."""
    return lacks_second_factor(user)
