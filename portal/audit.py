"""Writing the audit trail (S5): called by the operations themselves, in their transaction."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.db import models
from django.db.models.fields.files import FieldFile
from django.db.models.functions import Cast
from django.utils import timezone

from portal.encryption import EncryptedTextField
from portal.models import AuditEntry, Organization
from portal.requests import request_id
from portal.tombstones import ERASED, Eraser

if TYPE_CHECKING:
    from portal.models import User

SECRET = "•••"  # what stands in the trail for a value that must not be read there


def snapshot(obj: models.Model) -> dict[str, Any]:
    """Return an object's own columns as plain JSON values; a secret shows only that it is set."""
    values: dict[str, Any] = {}
    for field in obj._meta.concrete_fields:
        value = getattr(obj, field.attname)
        if isinstance(field, EncryptedTextField) or field.name == "password":
            # A short digest would help an attacker with a weak secret; "set" or "not set" is all that is told.
            value = SECRET if value else ""
        elif isinstance(value, datetime):
            value = value.isoformat()
        elif isinstance(value, FieldFile):
            value = value.name or ""
        elif not isinstance(value, str | int | float | bool | None | list | dict):
            value = str(value)
        values[field.name] = value
    return values


def record(
    *,
    actor: User | None,
    action: str,
    obj: models.Model,
    organization: Organization | None,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
    reason: str = "",
    now: datetime | None = None,
) -> AuditEntry:
    """Add one entry. ``before`` and ``after`` hold only what differs; pass :func:`snapshot` values whole."""
    before, after = differing(before or {}, after or {})
    return AuditEntry.objects.create(
        organization=organization,
        at=now or timezone.now(),
        actor=actor,
        actor_label=str(actor) if actor else "portal",
        action=action[:60],
        object_type=obj._meta.label_lower,
        object_id=str(obj.pk),
        object_label=str(obj)[:200],
        before=before,
        after=after,
        reason=reason[:500],
        request_id=request_id.get(),
    )


def differing(before: dict[str, Any], after: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return both sides with the equal values left out; a name on one side only stays on that side."""
    missing = object()
    names = [n for n in {**before, **after} if before.get(n, missing) != after.get(n, missing)]
    return {n: before[n] for n in names if n in before}, {n: after[n] for n in names if n in after}


WIDE_SEARCH_LEAST = 4
"""Shorter identifiers are erased only from the entries about the person: elsewhere `12` is hardly ever somebody's id."""

_BATCH = 500


def erase_identifiers(
    *,
    organization: Organization,
    eraser: Eraser,
    objects: Mapping[str, Iterable[str]],
    named: Collection[str] = (),
    account: User | None = None,
) -> int:
    """Take a person's identifiers out of the trail and return how many entries changed (F8).

    This and :mod:`portal.retention` are the only ways in which the append-only table changes; who did what, when and why
    stays. ``objects`` has, by their kind, the ids of what is about the person; the other entries of the organization are
    searched for the identifiers themselves. Objects of the kinds in ``named`` are called by people's names, which may have
    been others then: their labels go whole. ``account`` is the person's own: entries it signed are signed by nobody then,
    unless it is staff's. For a transaction of the caller's.
    """
    changed = 0
    entries = AuditEntry.objects.filter(organization=organization)
    if account is not None and not account.is_staff:
        changed += entries.filter(actor=account).update(actor=None, actor_label=ERASED)
    for kind, ids in objects.items():
        known = sorted(set(ids))
        for start in range(0, len(known), _BATCH):
            part = known[start : start + _BATCH]
            about = entries.filter(object_type=kind, object_id__in=part)
            if kind in named:
                about.update(object_label=ERASED)
            changed += _erase(about, eraser)
    wide = eraser.only(WIDE_SEARCH_LEAST)
    mentioned = models.Q()
    for spelling in wide.spellings():
        for column in ("actor_label", "action", "object_label", "reason", "before_text", "after_text"):
            mentioned |= models.Q(**{f"{column}__icontains": spelling})
    if not mentioned:
        return changed
    text = models.TextField()
    searched = entries.annotate(before_text=Cast("before", text), after_text=Cast("after", text))
    return changed + _erase(searched.filter(mentioned), wide)


def _erase(entries: models.QuerySet[AuditEntry], eraser: Eraser) -> int:
    changed = 0
    for entry in entries.order_by("pk").iterator(chunk_size=_BATCH):
        values = {
            "actor_label": eraser.text(entry.actor_label)[:150],
            "action": eraser.text(entry.action)[:60],
            "object_label": eraser.text(entry.object_label)[:200],
            "before": eraser.value(entry.before),
            "after": eraser.value(entry.after),
            "reason": eraser.text(entry.reason)[:500],
        }
        if any(getattr(entry, name) != value for name, value in values.items()):
            changed += AuditEntry.objects.filter(pk=entry.pk).update(**values)
    return changed
