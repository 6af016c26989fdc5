"""System checks: what must hold before the portal starts, and before it serves real people (S2)."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning, register
from django.core.exceptions import ImproperlyConfigured

from portal.env import DEVELOPMENT_SECRET

MINIMUM_KEY_LENGTH = 32


@register()
def production_is_safe(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Refuse to start in production with development's settings (S2)."""
    if not settings.PRODUCTION:
        return []
    found: list[CheckMessage] = []
    if settings.SECRET_KEY == DEVELOPMENT_SECRET or len(settings.SECRET_KEY) < MINIMUM_KEY_LENGTH:
        found.append(
            _error(
                "E001",
                "PORTAL_SECRET_KEY is missing or shorter than 32 characters.",
                "Set it to a long random value, or PORTAL_SECRET_KEY_FILE to a file with one.",
            )
        )
    if not settings.PORTAL_ENCRYPTION_KEYS or DEVELOPMENT_SECRET in settings.PORTAL_ENCRYPTION_KEYS:
        found.append(_error("E002", "PORTAL_ENCRYPTION_KEYS is missing.", "Set it to a long random value of its own."))
    elif any(len(key) < MINIMUM_KEY_LENGTH for key in settings.PORTAL_ENCRYPTION_KEYS):
        found.append(
            _error("E002", "A key in PORTAL_ENCRYPTION_KEYS is shorter than 32 characters.", "Use longer keys.")
        )
    if settings.DEBUG:
        found.append(_error("E003", "PORTAL_DEBUG is on.", "Switch it off: error pages would show secrets."))
    if not settings.ALLOWED_HOSTS or "*" in settings.ALLOWED_HOSTS:
        found.append(
            _error("E004", "PORTAL_ALLOWED_HOSTS is missing or allows every host.", "Name the portal's hosts.")
        )
    if settings.PORTAL_SANDBOX_URL:
        found.append(_error("E005", "PORTAL_SANDBOX_URL is set.", "The sandbox is for development only: unset it."))
    if not settings.BASE_URL.startswith("https://"):
        found.append(_error("E006", "PORTAL_BASE_URL is not https.", "Platforms call webhooks over HTTPS only (P1)."))
    if settings.PORTAL_ALLOW_HTTP_LOOPBACK:
        found.append(
            _error("E007", "PORTAL_ALLOW_HTTP_LOOPBACK is on.", "Switch it off: producers could reach this host.")
        )
    if not settings.PORTAL_GATEWAY_URL.startswith("wss://"):
        found.append(
            _error(
                "E008", "PORTAL_GATEWAY_URL is not wss.", "Game servers send their tokens over it: put TLS before it."
            )
        )
    if not settings.PORTAL_STAFF_SECOND_FACTOR:
        found.append(
            Warning(
                "Staff may sign in without a second factor.",
                hint="Leave PORTAL_STAFF_SECOND_FACTOR unset.",
                id="portal.W001",
            )
        )
    return found


def refuse_unsafe_production() -> None:
    """Raise ``ImproperlyConfigured`` with every fault that forbids this start (S2); for processes that run no checks."""
    faults = [fault for fault in production_is_safe(None) if fault.is_serious()]
    if faults:
        listed = "\n".join(f"  {fault.msg} {fault.hint}" for fault in faults)
        raise ImproperlyConfigured(f"The portal does not start:\n{listed}")


def _error(number: str, message: str, hint: str) -> Error:
    return Error(message, hint=hint, id=f"portal.{number}")
