"""App tokens of organizations' own apps at platforms: asked for once, kept encrypted, renewed before they end."""

from __future__ import annotations

from datetime import datetime, timedelta

from portal.models import AppAccessToken, PlatformCredential
from portal.platforms.app_tokens import GetAppToken
from portal.platforms.calls import AppToken

RENEWED_BEFORE = timedelta(minutes=10)


def app_token(*, credential: PlatformCredential, get: GetAppToken, now: datetime) -> str:
    """Return a token that is good for some minutes, the kept one or a new one. A call over the network, at times.

    Two processes that renew at once each get one that works. Raises ``PlatformError``.
    """
    kept = AppAccessToken.objects.filter(
        credential=credential, client_id=credential.client_id, expires_at__gt=now + RENEWED_BEFORE
    ).first()
    return kept.access_token if kept is not None else new_app_token(credential=credential, get=get, now=now)


def new_app_token(*, credential: PlatformCredential, get: GetAppToken, now: datetime) -> str:
    """Ask for a new token, keep it and return it. A call over the network. Raises ``PlatformError``."""
    new = get(credential.sign_in_base, client_id=credential.client_id, client_secret=credential.client_secret)
    keep_app_token(credential=credential, token=new, now=now)
    return new.access_token


def keep_app_token(*, credential: PlatformCredential, token: AppToken, now: datetime) -> None:
    """Use this token from now on, instead of any other."""
    AppAccessToken.objects.update_or_create(
        credential=credential,
        defaults={
            "client_id": credential.client_id,
            "access_token": token.access_token,
            "expires_at": now + timedelta(seconds=token.expires_in),
        },
    )


def forget_app_token(*, credential: PlatformCredential, access_token: str) -> None:
    """Do not use this token any more: the platform refused it. One that was renewed meanwhile stays."""
    kept = AppAccessToken.objects.filter(credential=credential).first()
    if kept is not None and kept.access_token == access_token:
        AppAccessToken.objects.filter(pk=kept.pk, expires_at=kept.expires_at).delete()
