"""Asking for one viewer at once, because staff want to know (L8, S5)."""

from __future__ import annotations

from datetime import datetime

from django.utils.translation import gettext_lazy as _

from campaigns.models import Viewer
from linking.authorizing.asking import ask, asked_of
from linking.authorizing.recording import REFUSED, record
from linking.authorizing.watching import watch_linked
from linking.models import AuthorizationTurn, ViewerAuthorization
from portal import audit, platforms
from portal.encryption import DecryptionFailed
from portal.models import PlatformCredential, User
from portal.platforms.calls import PlatformError
from portal.sentences import Sentence


class CannotAsk(Exception):
    """There is nobody to ask, or nothing to ask about; ``sentence`` says why."""

    def __init__(self, sentence: Sentence) -> None:
        super().__init__(sentence)
        self.sentence = sentence


def check_now(*, viewer: Viewer, actor: User, now: datetime) -> str:
    """Ask the platform whether ``viewer`` still authorizes the app, write the answer down and return what it means.

    One call, not inside a transaction. The answer counts as any other does: a first silence ends nothing, and a platform
    that is doubted is not believed. It is a ``Verdict``, or ``refused`` where the platform does not take the question.
    Raises ``CannotAsk`` and ``PlatformError``.
    """
    credential = _credential_of(viewer)
    api = platforms.get(viewer.platform).authorizations
    if api is None or credential is None:
        raise CannotAsk(
            Sentence(
                _(
                    "%(platform)s does not tell whether viewers still allow the studio's app, or no app is set up there."
                ),
                {"platform": platforms.get(viewer.platform).name},
            )
        )
    watch_linked(viewer=viewer, credential_id=credential.pk, now=now)
    row = ViewerAuthorization.objects.select_related("viewer").filter(pk=viewer.pk, due_at__isnull=False).first()
    if row is None:
        raise CannotAsk(Sentence(_("This viewer is not linked: there is nothing to ask about.")))
    some = [asked_of(row)]
    answers = ask(credential, api, some, now=now)
    doubted = AuthorizationTurn.objects.filter(pk=credential.pk, doubted_since__isnull=False).exists()
    verdict = next(iter(record(credential, some, answers, doubted=doubted, now=now)), REFUSED)
    audit.record(
        actor=actor,
        action="checked the authorization",
        obj=viewer,
        organization=credential.organization,
        after={"answer": str(verdict)},
        now=now,
    )
    return str(verdict)


def _credential_of(viewer: Viewer) -> PlatformCredential | None:
    rows = PlatformCredential.objects.filter(
        organization=viewer.organization_id, platform=viewer.platform, enabled=True
    ).exclude(client_id="")
    try:
        return rows.select_related("organization").first()
    except DecryptionFailed:
        raise PlatformError("internal", permanent=True) from None
