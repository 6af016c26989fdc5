"""How long each kind of data is kept (F8): one table of periods, to which every app adds its kinds from ``AppConfig.ready()``.

An operator changes periods with ``PORTAL_RETENTION``. :func:`apply` removes what is over, in small transactions: killed at
any moment, the next run goes on. What is not in the table is kept.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib.sessions.models import Session
from django.core.checks import CheckMessage, Error, register
from django.db import models, transaction
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django_q.models import Failure, Success

from portal.models import AuditEntry, Invitation

BATCH = 500


def delete_rows(rows: models.QuerySet[Any]) -> int:
    """Remove rows, past a model's own refusal to be deleted; return how many."""
    return rows.delete()[0]


@dataclass(frozen=True)
class Kind:
    """One kind of data. ``expired`` returns the rows that are over when everything before a time is.

    ``dispose`` is called in a transaction of its own with some of these rows, so that they are expired no more.
    """

    name: str
    title: str | Promise
    days: int
    expired: Callable[[datetime], models.QuerySet[Any]]
    dispose: Callable[[models.QuerySet[Any]], int] = delete_rows


kinds: dict[str, Kind] = {}


def add_kinds(*added: Kind) -> None:
    """Enter kinds of data into the table."""
    kinds.update({kind.name: kind for kind in added})


def periods() -> Mapping[str, int]:
    """Return how many days each kind is kept."""
    return {name: settings.PORTAL_RETENTION.get(name, kind.days) for name, kind in kinds.items()}


def expired_rows(kind: Kind, *, now: datetime) -> models.QuerySet[Any]:
    """Return the rows of a kind that are over."""
    return kind.expired(now - timedelta(days=periods()[kind.name]))


def count(*, now: datetime) -> dict[str, int]:
    """Return how many rows of each kind are over."""
    return {name: expired_rows(kind, now=now).count() for name, kind in kinds.items()}


@dataclass(frozen=True, slots=True)
class Applied:
    """How many rows of each kind were dealt with, and whether that was all."""

    removed: Mapping[str, int]
    finished: bool


def apply(
    *, now: datetime, names: Collection[str] | None = None, seconds: float | None = None, batch: int = BATCH
) -> Applied:
    """Remove what is over, of all kinds or of those in ``names``, for at most so many ``seconds``."""
    until = None if seconds is None else time.monotonic() + seconds
    removed: dict[str, int] = {}
    for name, kind in kinds.items():
        if names is not None and name not in names:
            continue
        removed[name] = 0
        last: Any = None
        while True:
            if until is not None and time.monotonic() >= until:
                return Applied(removed, finished=False)
            last, done = _batch(kind, last, size=batch, now=now)
            removed[name] += done
            if last is None:
                break
    return Applied(removed, finished=True)


def _batch(kind: Kind, after: Any, *, size: int, now: datetime) -> tuple[Any, int]:
    """Deal with the next rows in key order; return the last key, None where there are no more, and how many they were."""
    rows = expired_rows(kind, now=now)
    with transaction.atomic():
        page = rows if after is None else rows.filter(pk__gt=after)
        keys = list(page.order_by("pk").values_list("pk", flat=True)[:size])
        if not keys:
            return None, 0
        # Asked again for what is expired: another process may have been here, or a row may have changed.
        return (keys[-1] if len(keys) == size else None), kind.dispose(rows.filter(pk__in=keys))


@register()
def retention_names_are_known(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Refuse a period for a kind of data that does not exist: it would silently do nothing."""
    unknown = sorted(set(settings.PORTAL_RETENTION) - set(kinds))
    if not unknown:
        return []
    hint = f"The kinds are: {', '.join(sorted(kinds))}."
    return [
        Error(f"PORTAL_RETENTION names {', '.join(unknown)}, which is no kind of data.", hint=hint, id="portal.E008")
    ]


def _sign_ins(before: datetime) -> models.QuerySet[UserSession]:
    alive = Session.objects.filter(session_key=models.OuterRef("session_key"))
    return UserSession.objects.filter(~models.Exists(alive), last_seen_at__lt=before)


def _invitations(before: datetime) -> models.QuerySet[Invitation]:
    ended = models.Q(accepted_at__lt=before) | models.Q(withdrawn_at__lt=before)
    return Invitation.objects.filter(ended | models.Q(expires_at__lt=before))


add_kinds(
    Kind("sessions", _("sessions that have ended"), 0, lambda t: Session.objects.filter(expire_date__lt=t)),
    Kind("sign_ins", _("sign-ins: address and browser, once the session has ended"), 30, _sign_ins),
    Kind("invitations", _("invitations that were accepted, withdrawn or have expired"), 90, _invitations),
    Kind("done_jobs", _("notes of background jobs"), 30, lambda t: Success.objects.filter(stopped__lt=t)),
    Kind("failed_jobs", _("notes of failed background jobs"), 30, lambda t: Failure.objects.filter(stopped__lt=t)),
    Kind("audit_trail", _("audit trail"), 5 * 365, lambda t: AuditEntry.objects.filter(at__lt=t)),
)
