"""Writing down what a platform answered about viewers, and ending the links of those it twice did not name (L8).

An answer counts only for a row that nobody has changed since the question: who linked or consented again meanwhile has
authorized the app anew. Locks are taken as everywhere: links first, the row of the authorization last.
"""

from __future__ import annotations

import logging
from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction

from campaigns.registering.wanting import viewers_with_consent
from linking.authorizing.asking import Answers, Asked
from linking.hooks import call_authorization_lapsed
from linking.models import Link, ViewerAuthorization
from linking.revocation import end_revoked_links
from linking.rules.authorizing import ASKED_AGAIN, ASKED_EVERY, Verdict, verdict_on
from portal import platforms
from portal.models import PlatformCredential
from portal.outliving import outliving

logger = logging.getLogger(__name__)

REFUSED = "refused"
"""Stands beside the verdicts for viewers whom the platform could not be asked for."""


def record(
    credential: PlatformCredential, some: Sequence[Asked], answers: Answers, *, doubted: bool, now: datetime
) -> Counter[str]:
    """Write down the answers about ``some`` viewers and return how many there were of each verdict.

    With ``doubted`` nothing is concluded from a viewer's missing. Ends links, each viewer's in a transaction of their own.
    """
    by_id = {one.viewer_id: one for one in some}
    groups: dict[str, list[Asked]] = defaultdict(list)
    for key in (*answers.named, *answers.missing):
        one = by_id[key]
        named = key in answers.named
        groups[verdict_on(named=named, missing_since=one.missing_since, doubted=doubted, now=now)].append(one)
    groups[REFUSED] = [by_id[key] for key in answers.refused]
    _narrow_links(credential, groups[Verdict.AUTHORIZED], answers.named)
    _keep(groups, now=now)
    for one in groups[Verdict.GONE]:
        _end_links(credential, one, now=now)
    return Counter({verdict: len(group) for verdict, group in groups.items() if group})


def _keep(groups: Mapping[str, Sequence[Asked]], *, now: datetime) -> None:
    """Write the rows of all whose links stay, in few statements."""
    changes: dict[str, dict[str, Any]] = {
        Verdict.AUTHORIZED: {"due_at": now + ASKED_EVERY, "checked_at": now, "missing_since": None},
        Verdict.LAPSED: {"due_at": now + ASKED_AGAIN, "checked_at": now, "missing_since": now},
        Verdict.STILL_LAPSED: {"due_at": now + ASKED_AGAIN, "checked_at": now},
        Verdict.NOT_BELIEVED: {"due_at": now + ASKED_AGAIN},
        REFUSED: {"due_at": now + ASKED_EVERY},
    }
    wanted = {one.viewer_id: one.due_at for verdict in changes for one in groups.get(verdict, ())}
    with transaction.atomic():
        # One that is locked is being changed at this moment: it is left as it is, and asked for again.
        rows = ViewerAuthorization.objects.select_for_update(skip_locked=True, of=("self",)).filter(pk__in=wanted)
        found = dict(rows.order_by("pk").values_list("pk", "due_at"))
        same = {key for key, due_at in found.items() if due_at is not None and due_at == wanted[key]}
        for verdict, values in changes.items():
            ids = [one.viewer_id for one in groups.get(verdict, ()) if one.viewer_id in same]
            if ids:
                ViewerAuthorization.objects.filter(pk__in=ids).update(**values)
            if ids and verdict == Verdict.LAPSED:
                call_authorization_lapsed(_active_links(ids), now)


def _active_links(viewer_ids: Collection[str]) -> list[Link]:
    links = Link.objects.filter(viewer__in=viewer_ids, ended_at=None).order_by("pk")
    return list(links.select_related("game", "viewer", "player"))


def _narrow_links(
    credential: PlatformCredential, some: Sequence[Asked], granted: Mapping[str, tuple[str, ...]]
) -> None:
    """Note permissions that the platform names no longer (L3): the link then asks for consent again."""
    by_id = {one.viewer_id: one for one in some}
    links = Link.objects.filter(viewer__in=by_id, ended_at=None).exclude(scopes="").order_by("pk")
    fewer = [
        (pk, viewer_id, scopes)
        for pk, viewer_id, scopes in links.values_list("pk", "viewer_id", "scopes")
        if set(scopes.split()) - set(granted[viewer_id])
    ]
    if not fewer:
        return
    # A viewer's own token, which is kept to register them, is validated hourly: its word is better than the list's.
    registrar = platforms.get(credential.platform).registrar
    good = viewers_with_consent([viewer_id for _pk, viewer_id, _scopes in fewer]) if registrar else set()
    proven = set(registrar.scopes) if registrar else set()
    for pk, viewer_id, scopes in fewer:
        known = {*granted[viewer_id], *(proven if viewer_id in good else ())}
        left = " ".join(scope for scope in scopes.split() if scope in known)
        if left != scopes:
            _narrow(pk, scopes, left, by_id[viewer_id])


def _narrow(link_id: str, scopes: str, left: str, one: Asked) -> None:
    with transaction.atomic():
        links = Link.objects.select_for_update(of=("self",)).filter(pk=link_id, ended_at=None, scopes=scopes)
        if links.first() is not None and _unchanged(one):
            Link.objects.filter(pk=link_id).update(scopes=left)


def _end_links(credential: PlatformCredential, one: Asked, *, now: datetime) -> None:
    """End a viewer's links, as far as they are older than the first time that the viewer was missing."""
    message = "The links of viewer %s, whose authorization is gone, could not be ended."
    with outliving(logger, message, one.viewer_id) as ending:
        with transaction.atomic():
            # Whoever notes new consent on a link takes it first, too: either it is there by now, or it waits for the end.
            locked = Link.objects.select_for_update(of=("self",)).filter(viewer=one.viewer_id, ended_at=None)
            if not list(locked.order_by("pk")) or not _unchanged(one):
                return
            ended = end_revoked_links(
                organization_id=credential.organization_id,
                platform=credential.platform,
                platform_user_id=one.platform_user_id,
                now=now,
                started_by=one.missing_since,
            )
            ViewerAuthorization.objects.filter(pk=one.viewer_id).update(checked_at=now)
            # A link that is younger than the first time stays: for it, this silence is the first.
            ViewerAuthorization.objects.filter(pk=one.viewer_id, due_at=one.due_at).update(
                due_at=now + ASKED_AGAIN, missing_since=now
            )
        logger.info(
            "%d links of viewer %s ended: the platform twice did not name their authorization.", ended, one.viewer_id
        )
    if ending.fault:
        ViewerAuthorization.objects.filter(pk=one.viewer_id, due_at=one.due_at).update(due_at=now + ASKED_AGAIN)


def _unchanged(one: Asked) -> bool:
    rows = ViewerAuthorization.objects.filter(pk=one.viewer_id, missing_since=one.missing_since)
    return rows.filter(due_at=one.due_at).exists()
