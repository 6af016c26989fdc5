"""Forgetting a webhook secret that was replaced, once no subscription is signed with it any more."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q

from fulfillment.models import PlatformSubscription
from fulfillment.subscribing.setting import Setting
from portal import audit
from portal.models import PlatformCredential

KEPT_FOR = timedelta(days=1)
"""So long is the secret before accepted at least: the platform may send again what it sent long ago."""


def forget_previous_secret(credential: PlatformCredential, setting: Setting, *, now: datetime) -> bool:
    """Accept the previous webhook secret no longer, if everything wanted is at work with the new one; return whether so.

    Where nothing is wanted nothing is known of who signs with which, and the secret stays until a person forgets it.
    """
    if not credential.previous_webhook_secret or not _is_old_enough(credential, now=now):
        return False
    wanted = PlatformSubscription.objects.filter(credential=credential, wanted=True)
    renewed = Q(state=PlatformSubscription.State.ENABLED, secret_digest=setting.secret_digest)
    if not setting.secret_digest or not wanted.exists() or wanted.exclude(renewed).exists():
        return False
    with transaction.atomic():
        row = PlatformCredential.objects.select_for_update(of=("self",)).get(pk=credential.pk)
        if row.webhook_secret != credential.webhook_secret or not row.previous_webhook_secret:
            return False  # somebody has changed it at this moment
        row.previous_webhook_secret = ""
        row.save(update_fields=["previous_webhook_secret"])
        audit.record(
            actor=None,
            action="forgot previous webhook secret",
            obj=row,
            organization=row.organization,
            reason="All event subscriptions are at work with the new one.",
            now=now,
        )
    credential.previous_webhook_secret = ""
    return True


def _is_old_enough(credential: PlatformCredential, *, now: datetime) -> bool:
    return credential.webhook_secret_set_at is not None and credential.webhook_secret_set_at <= now - KEPT_FOR
