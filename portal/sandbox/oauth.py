"""Codes and tokens: the part of OAuth 2 that both platforms share. Their differences are in the views."""

from __future__ import annotations

import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import QuerySet

from portal.sandbox.models import (
    Application,
    AuthorizationCode,
    Platform,
    PlatformUser,
    Token,
)
from portal.sandbox.signing import pkce_challenge

CODE_LIFETIME = timedelta(minutes=10)
USER_TOKEN_LIFETIME = {
    Platform.TWITCH.value: timedelta(hours=4),
    Platform.KICK.value: timedelta(hours=2),
}
#: Twitch's app tokens live about 60 days; Kick publishes no figure.
APP_TOKEN_LIFETIME = {
    Platform.TWITCH.value: timedelta(days=60),
    Platform.KICK.value: timedelta(days=1),
}


class Refused(Exception):
    """A request that the platform turns down: OAuth's error code and a sentence."""

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(sentence)
        self.code = code
        self.sentence = sentence


@dataclass(frozen=True)
class AuthorizationRequest:
    """A checked request for consent."""

    app: Application
    redirect_uri: str
    state: str
    scopes: str
    code_challenge: str


def check_client(*, platform: str, client_id: str, client_secret: str | None) -> Application:
    """The registered app, its secret compared (None: not asked for). Raises Refused ``invalid_client``."""
    app = Application.objects.filter(platform=platform, client_id=client_id).first()
    if app is None:
        raise Refused("invalid_client", "invalid client")
    if client_secret is not None and not hmac.compare_digest(app.client_secret.encode(), client_secret.encode()):
        raise Refused("invalid_client", "invalid client secret")
    return app


def grant_consent(*, request: AuthorizationRequest, user: PlatformUser, now: datetime) -> str:
    """Record that ``user`` allowed the app, and return a new one-time code, valid for 10 minutes."""
    code = secrets.token_urlsafe(24)
    with transaction.atomic():
        AuthorizationCode.objects.create(
            code=code,
            user=user,
            client_id=request.app.client_id,
            redirect_uri=request.redirect_uri,
            scopes=request.scopes,
            code_challenge=request.code_challenge,
            expires_at=now + CODE_LIFETIME,
        )
        PlatformUser.objects.filter(pk=user.pk).update(authorized_at=now, scopes=request.scopes)
    return code


@transaction.atomic
def redeem_code(*, app: Application, code: str, redirect_uri: str, verifier: str, now: datetime) -> Token:
    """Change a code for tokens, once. Raises Refused ``invalid_grant`` with what did not fit."""
    given = AuthorizationCode.objects.select_related("user").filter(code=code, client_id=app.client_id).first()
    if given is None or given.user.platform != app.platform:
        raise Refused("invalid_grant", "Invalid authorization code")
    if given.redirect_uri != redirect_uri:
        raise Refused(
            "invalid_grant",
            "Parameter redirect_uri does not match the one the code was given for",
        )
    if given.code_challenge and not hmac.compare_digest(pkce_challenge(verifier), given.code_challenge):
        raise Refused("invalid_grant", "The code_verifier does not fit the code_challenge")
    if given.expires_at <= now:
        raise Refused("invalid_grant", "The authorization code has expired")
    if not AuthorizationCode.objects.filter(pk=given.pk, used_at=None).update(used_at=now):
        raise Refused("invalid_grant", "The authorization code was already used")
    return issue_user_token(app=app, user=given.user, scopes=given.scopes, now=now)


def issue_user_token(*, app: Application, user: PlatformUser, scopes: str, now: datetime) -> Token:
    """A new access and refresh token for ``user``."""
    return Token.objects.create(
        platform=app.platform,
        client_id=app.client_id,
        access_token=secrets.token_urlsafe(24),
        refresh_token=secrets.token_urlsafe(36),
        user=user,
        scopes=scopes,
        expires_at=now + USER_TOKEN_LIFETIME[app.platform],
    )


def issue_app_token(*, app: Application, now: datetime) -> Token:
    """A new token of the app itself, without a refresh token."""
    return Token.objects.create(
        platform=app.platform,
        client_id=app.client_id,
        access_token=secrets.token_urlsafe(24),
        expires_at=now + APP_TOKEN_LIFETIME[app.platform],
    )


@transaction.atomic
def refresh(*, app: Application, refresh_token: str, now: datetime) -> Token:
    """New tokens for a refresh token. Twitch's is then spent, Kick's stays usable (Kick, changelog 25/11/2025).

    Raises Refused ``invalid_grant``, or ``disconnected`` where the user has ended the app's access.
    """
    old = (
        Token.objects.select_related("user")
        .filter(platform=app.platform, client_id=app.client_id, refresh_token=refresh_token)
        .first()
    )
    if not refresh_token or old is None or old.user is None:
        raise Refused("invalid_grant", "Invalid refresh token")
    if old.user.authorized_at is None:
        raise Refused("disconnected", "The user has disconnected this app")
    if old.refresh_revoked_at is not None:
        raise Refused("invalid_grant", "Invalid refresh token")
    if app.platform == Platform.TWITCH:
        Token.objects.filter(pk=old.pk).update(refresh_revoked_at=now)
    return issue_user_token(app=app, user=old.user, scopes=old.scopes, now=now)


def live_tokens(*, platform: str, now: datetime) -> QuerySet[Token]:
    """Tokens that neither expired nor were revoked."""
    return Token.objects.select_related("user").filter(platform=platform, revoked_at=None, expires_at__gt=now)


def find_token(*, platform: str, header: str, schemes: tuple[str, ...], now: datetime) -> Token | None:
    """The live token of an ``Authorization`` header whose scheme is one of ``schemes`` (lower case)."""
    scheme, _, value = header.strip().partition(" ")
    if scheme.lower() not in schemes or not value.strip():
        return None
    return live_tokens(platform=platform, now=now).filter(access_token=value.strip()).first()


def revoke(*, platform: str, token: str, now: datetime) -> bool:
    """End an access token, or a refresh token; whether there was one."""
    tokens = Token.objects.filter(platform=platform)
    ended = tokens.filter(access_token=token, revoked_at=None).update(revoked_at=now)
    return bool(ended or tokens.filter(refresh_token=token, refresh_revoked_at=None).update(refresh_revoked_at=now))
