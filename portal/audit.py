"""Writing the audit trail (S5): called by the operations themselves, in their transaction."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.db import models
from django.db.models.fields.files import FieldFile
from django.utils import timezone

from portal.encryption import EncryptedTextField
from portal.models import AuditEntry, Organization

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
    )


def differing(before: dict[str, Any], after: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return both sides with the equal values left out; a name on one side only stays on that side."""
    missing = object()
    names = [n for n in {**before, **after} if before.get(n, missing) != after.get(n, missing)]
    return {n: before[n] for n in names if n in before}, {n: after[n] for n in names if n in after}
