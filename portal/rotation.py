"""Renewing the secrets of a platform credential without a gap: nothing is stored that does not work (I4, S2)."""

from __future__ import annotations

import logging
import secrets
from datetime import datetime
from http import HTTPStatus

from django.db import transaction

from portal import audit, platforms
from portal.app_tokens import keep_app_token
from portal.models import AppAccessToken, PlatformCredential, User
from portal.platforms.calls import AppToken, PlatformError, at_most
from portal.platforms.claims_api import Narrowed

CALL_SECONDS = 5.0
"""So long one call may take: somebody waits for the page."""

log = logging.getLogger(__name__)


class CredentialChanged(Exception):
    """Somebody else changed the credential meanwhile: nothing was stored."""


def renew_client_secret(
    *, credential: PlatformCredential, client_secret: str, actor: User | None, now: datetime
) -> None:
    """Try a new client secret at the platform, and store it if it works. Calls over the network.

    The app's token is replaced by the new one; the one before is ended at the platform, as far as that can be reached. Raises
    ``PlatformError`` where the platform does not accept the secret or cannot be asked, and ``CredentialChanged``: then
    everything is as it was.
    """
    with at_most(CALL_SECONDS):
        token = _try(credential, client_secret)
    with transaction.atomic():
        row = PlatformCredential.objects.select_for_update(of=("self",)).get(pk=credential.pk)
        if (row.client_id, row.client_secret) != (credential.client_id, credential.client_secret):
            raise CredentialChanged
        row.client_secret, row.client_secret_set_at = client_secret, now
        row.save(update_fields=["client_secret", "client_secret_set_at"])
        before = AppAccessToken.objects.filter(credential=row, client_id=row.client_id).first()
        if token is not None:
            keep_app_token(credential=row, token=token, now=now)
        _note(row, "renewed client secret", actor=actor, now=now)
    if before is not None and token is not None and before.access_token != token.access_token:
        _end(credential, before.access_token)


def renew_webhook_secret(*, credential_id: str, seen: str, actor: User | None, now: datetime) -> str:
    """Give a credential a new webhook secret and return it; the one before stays accepted as the previous one.

    ``seen`` is :func:`webhook_secret_state` of the credential as the person saw it. The subscriptions are renewed with the new
    secret by a job, which also forgets the previous one once nothing is signed with it. Raises ``CredentialChanged`` where
    the secret was changed since, by another press of the button too.
    """
    secret = secrets.token_urlsafe(32)
    with transaction.atomic():
        row = PlatformCredential.objects.select_for_update(of=("self",)).get(pk=credential_id)
        if webhook_secret_state(row) != seen:
            raise CredentialChanged
        row.previous_webhook_secret = row.webhook_secret or row.previous_webhook_secret
        row.webhook_secret, row.webhook_secret_set_at = secret, now
        row.save(update_fields=["previous_webhook_secret", "webhook_secret", "webhook_secret_set_at"])
        _note(row, "renewed webhook secret", actor=actor, now=now)
    return secret


def webhook_secret_state(credential: PlatformCredential) -> str:
    """Return a text that is another after each change of the webhook secret, and tells nothing of it."""
    return credential.webhook_secret_set_at.isoformat() if credential.webhook_secret_set_at else ""


def _try(credential: PlatformCredential, client_secret: str) -> AppToken | None:
    """Return the token that is got with the secret; None where the platform has none, and takes a call with the secret.

    There a refusal of what was asked (403) is no refusal of who asked (401): the secret is right. Raises ``PlatformError``.
    """
    platform = platforms.get(credential.platform)
    if platform.get_app_token is not None:
        return platform.get_app_token(
            credential.sign_in_base, client_id=credential.client_id, client_secret=client_secret
        )
    if platform.claims_api is None:
        raise PlatformError("no_api", permanent=True)
    try:
        platform.claims_api.list_claims(
            credential.api_base,
            client_id=credential.client_id,
            access_token=client_secret,
            narrowed=Narrowed.ALL,
            value="",
            only_open=True,
            cursor="",
            size=1,
        )
    except PlatformError as error:
        if error.status != HTTPStatus.FORBIDDEN:
            raise
    return None


def _end(credential: PlatformCredential, access_token: str) -> None:
    api = platforms.get(credential.platform).app_tokens
    if api is None:
        return
    try:
        with at_most(CALL_SECONDS):
            api.revoke(credential.sign_in_base, client_id=credential.client_id, access_token=access_token)
    except PlatformError as error:
        log.info("The token before of credential %s could not be ended: %s", credential.pk, error)


def _note(credential: PlatformCredential, action: str, *, actor: User | None, now: datetime) -> None:
    audit.record(actor=actor, action=action, obj=credential, organization=credential.organization, now=now)
