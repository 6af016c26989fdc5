"""How old the secrets of platform credentials are, and the reminder to renew them (S2).

Neither platform ends a secret by itself. Renewing it once a year bounds what an old copy of it is worth.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _

from portal import platforms
from portal.admin_words import span_between
from portal.dashboard import Card, Line
from portal.models import Organization, PlatformCredential
from portal.organizations import may
from portal.roles import Permission

REMIND_AFTER = timedelta(days=365)
"""So old a secret should be renewed. The start page and the credential say so; an alert may have a limit of its own."""


@dataclass(frozen=True)
class SecretAge:
    """One secret of a credential. ``since`` is when it was set: None where it is not set, or that is not known."""

    label: str | Promise
    is_set: bool
    since: datetime | None
    is_old: bool


def secret_ages(credential: PlatformCredential, *, now: datetime) -> list[SecretAge]:
    """Return the secrets that a credential has at its platform, each with its age."""
    found = [_age(_("client secret"), credential.client_secret, credential.client_secret_set_at, now)]
    if platforms.get(credential.platform).signs_with_shared_secret:
        found.append(_age(_("webhook secret"), credential.webhook_secret, credential.webhook_secret_set_at, now))
    return found


def say_age(age: SecretAge, *, now: datetime) -> str:
    """Return a secret's age in words."""
    if not age.is_set:
        return _t("%(secret)s: not set") % {"secret": age.label}
    if age.since is None:
        return _t("%(secret)s: set, nobody noted when") % {"secret": age.label}
    return _t("%(secret)s: set %(span)s ago") % {"secret": age.label, "span": span_between(age.since, now)}


def secrets_card(request: HttpRequest, organization: Organization, *, now: datetime | None = None) -> Card | None:
    """Return the start page's reminder of secrets to renew, for those who may; None where there is none."""
    if not may(request, Permission.MANAGE):
        return None
    now = now or timezone.now()
    lines = []
    for credential in PlatformCredential.objects.filter(organization=organization, enabled=True).order_by("platform"):
        for age in secret_ages(credential, now=now):
            if age.is_old and age.since is not None:
                label = f"{platforms.get(credential.platform).name}: {age.label}"
                url = reverse("admin:portal_platformcredential_change", args=[credential.pk])
                lines.append(Line(label, _t("%(span)s old") % {"span": span_between(age.since, now)}, url, True))
    if not lines:
        return None
    text = _t("A secret that was the same for a year should be renewed. Each has a button on its credential's page.")
    return Card(title=_t("Secrets to renew"), lines=lines, text=text)


def _age(label: str | Promise, secret: str, since: datetime | None, now: datetime) -> SecretAge:
    since = since if secret else None
    return SecretAge(label, bool(secret), since, since is not None and now - since >= REMIND_AFTER)
