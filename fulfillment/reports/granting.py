"""Letting the portal read a platform's reports: the way to the platform and back, and taking it back (L9, S1).

Somebody of the studio is sent to the platform with a ``state`` that only this browser's session knows: good once, for some
minutes, for one credential and this person. What comes back without it changes nothing. Tokens are stored encrypted, and
are in no session, no page and no log.
"""

from __future__ import annotations

import hmac
import logging
import re
from collections.abc import Mapping, MutableMapping
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.urls import reverse
from django_q.tasks import async_task

from fulfillment.models import ReportGrant
from fulfillment.reports.offered import reports_of
from fulfillment.reports.windows import lock_grant
from portal import audit
from portal.calling import problem_of
from portal.encryption import DecryptionFailed
from portal.models import PlatformCredential, User
from portal.organizations import can
from portal.platforms.calls import PlatformError, TokenRefused
from portal.platforms.registrar import TokenFacts, UserToken
from portal.platforms.reports import Reports
from portal.roles import Permission
from portal.tokens import hash_token, new_token

logger = logging.getLogger(__name__)

SESSION_KEY = "report_grant"
ANSWER_WITHIN = timedelta(minutes=15)
VALIDATED_EVERY = timedelta(minutes=55)
"""Twitch asks for every hour; the job that does it runs every minute."""

FETCH = "fulfillment.reports.tasks.fetch_reports"
_WORD = re.compile(r"[a-z_]{1,40}")


class GrantFailed(Exception):
    """The portal was not given leave. ``reason`` is a code for :mod:`fulfillment.reports.words`; ``detail`` belongs to it."""

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.detail = detail


def redirect_uri() -> str:
    """Return the address to which platforms send the browser back; to be registered there, character by character."""
    return f"{settings.BASE_URL}{reverse('admin:reports_granted')}"


def begin(*, session: MutableMapping[str, Any], credential: PlatformCredential, actor: User, now: datetime) -> str:
    """Return where to send the browser of whoever lets the portal read reports, and remember that it was sent.

    The last one sent from a browser counts. Raises ``GrantFailed``.
    """
    reports = reports_of(credential)
    if reports is None or not credential.enabled or not can(actor, Permission.MANAGE, credential.organization):
        raise GrantFailed("gone")
    state = new_token()
    session[SESSION_KEY] = {
        "state": hash_token(state),
        "credential": credential.pk,
        "organization": credential.organization_id,
        "user": actor.pk,
        "until": (now + ANSWER_WITHIN).isoformat(),
    }
    return reports.authorize_url(
        credential.sign_in_base, client_id=credential.client_id, redirect_uri=redirect_uri(), state=state
    )


def finish(
    *, session: MutableMapping[str, Any], answer: Mapping[str, str], actor: User, now: datetime
) -> PlatformCredential:
    """Take what the browser came back with, store the tokens, and return the credential they are for.

    Goes over the network; not inside a transaction. Raises ``GrantFailed``: then nothing has changed.
    """
    credential = _asked_for(session, answer.get("state", ""), actor, now=now)
    reports = reports_of(credential)
    if reports is None:
        raise GrantFailed("gone")
    if "error" in answer:
        said = answer["error"] if _WORD.fullmatch(answer["error"]) else ""
        raise GrantFailed("denied" if said == "access_denied" else "platform", said)
    if not answer.get("code"):
        raise GrantFailed("platform")
    token = _exchange(reports, credential, answer["code"])
    facts = _checked(reports, credential, token)
    _store(credential, token, facts, actor=actor, now=now)
    return credential


def _asked_for(session: MutableMapping[str, Any], state: str, actor: User, *, now: datetime) -> PlatformCredential:
    kept = session.get(SESSION_KEY)
    if not isinstance(kept, dict):
        raise GrantFailed("unasked")
    if not hmac.compare_digest(kept["state"], hash_token(state)):
        raise GrantFailed("unasked")  # what was asked for stays asked for: a forger must not undo it
    del session[SESSION_KEY]
    if now >= datetime.fromisoformat(kept["until"]):
        raise GrantFailed("expired")
    if kept["user"] != actor.pk:
        raise GrantFailed("unasked")
    credential = (
        PlatformCredential.objects.filter(pk=kept["credential"], organization=kept["organization"], enabled=True)
        .select_related("organization")
        .first()
    )
    if credential is None or not can(actor, Permission.MANAGE, credential.organization):
        raise GrantFailed("gone")
    return credential


def _exchange(reports: Reports, credential: PlatformCredential, code: str) -> UserToken:
    try:
        return reports.exchange(
            credential.sign_in_base,
            client_id=credential.client_id,
            client_secret=str(credential.client_secret),
            redirect_uri=redirect_uri(),
            code=code,
        )
    except TokenRefused:
        reason, detail = "code", ""
    except PlatformError as error:
        reason, detail = "failed", problem_of(error)
    raise GrantFailed(reason, detail)


def _checked(reports: Reports, credential: PlatformCredential, token: UserToken) -> TokenFacts:
    """Return what the platform says of a new token. One that is of no use is ended."""
    try:
        facts = reports.validate(credential.sign_in_base, access_token=token.access_token)
    except PlatformError as error:
        facts, problem = None, problem_of(error)
    if facts is not None and facts.client_id == credential.client_id and set(reports.scopes) <= set(facts.scopes):
        return facts
    revoke_quietly(reports, credential, token.access_token)
    if facts is None:
        raise GrantFailed("failed", problem)
    raise GrantFailed("no_permission" if facts.client_id == credential.client_id else "other_app")


def _store(
    credential: PlatformCredential, token: UserToken, facts: TokenFacts, *, actor: User, now: datetime
) -> ReportGrant:
    lasts = facts.expires_in if facts.expires_in is not None else token.expires_in
    with transaction.atomic():
        grant, _new = ReportGrant.objects.defer("access_token", "refresh_token").update_or_create(
            credential=credential,
            defaults={
                "granted_by": actor,
                "granted_at": now,
                "platform_user_id": facts.user_id,
                "access_token": token.access_token,
                "refresh_token": token.refresh_token,
                "expires_at": now + timedelta(seconds=lasts) if lasts is not None else None,
                "validated_at": now,
                "lapsed_at": None,
                "problem": "",
                "validate_at": now + VALIDATED_EVERY,
                "fetch_at": now,
            },
        )
        grant.windows.all().delete()
        audit.record(
            actor=actor,
            action="let the portal read reports",
            obj=credential,
            organization=credential.organization,
            after={"platform_user_id": facts.user_id},
            now=now,
        )
        transaction.on_commit(fetch_soon, robust=True)
    return grant


def withdraw(*, credential: PlatformCredential, actor: User, now: datetime) -> bool:
    """Have the platform end the token and delete the portal's copy; return whether the platform could be told.

    Files and days that were read are kept. Goes over the network; not inside a transaction.
    """
    reports = reports_of(credential)
    row = ReportGrant.objects.filter(credential=credential).defer("access_token", "refresh_token").first()
    if row is None:
        return True
    try:
        token = str(ReportGrant.objects.values_list("access_token", flat=True).get(pk=row.pk))
    except (DecryptionFailed, ReportGrant.DoesNotExist):
        token = None
    told = token == "" or (token is not None and reports is not None and revoke_quietly(reports, credential, token))
    with transaction.atomic():
        lock_grant(row.pk)
        # Somebody may have granted anew meanwhile: that stays.
        gone, _rows = ReportGrant.objects.filter(pk=row.pk, granted_at=row.granted_at).delete()
        if gone:
            audit.record(
                actor=actor,
                action="withdrew the leave to read reports",
                obj=credential,
                organization=credential.organization,
                after={"told_the_platform": told},
                now=now,
            )
    return told


def fetch_again(*, credential: PlatformCredential, actor: User, now: datetime) -> bool:
    """Have reports fetched now, given-up ones too; return whether that can be."""
    with transaction.atomic():
        rows = ReportGrant.objects.filter(credential=credential, lapsed_at=None)
        if not credential.enabled or not rows.update(fetch_at=now):
            return False
        audit.record(
            actor=actor,
            action="had reports fetched",
            obj=credential,
            organization=credential.organization,
            now=now,
        )
        transaction.on_commit(fetch_soon, robust=True)
    return True


def revoke_quietly(reports: Reports, credential: PlatformCredential, token: str) -> bool:
    """Have the platform end a token; return whether it could be told."""
    try:
        reports.revoke(credential.sign_in_base, client_id=credential.client_id, access_token=token)
    except PlatformError as error:
        logger.warning("A token of credential %s could not be revoked: %s", credential.pk, error)
        return False
    return True


def fetch_soon() -> None:
    """Have a background process fetch what is due. Should this be lost, the schedule finds it."""
    async_task(FETCH)
