"""Who looked at whom: each look at a person's page is in the audit trail (S5), a series of looks once."""

from __future__ import annotations

from datetime import datetime, timedelta

from fulfillment.people.joined import Person
from portal import audit
from portal.models import AuditEntry, User

LOOKED_AT = "looked at"
SERIES = timedelta(minutes=10)
"""Within so much time the same member's looks at the same person are one."""

COUNTED = timedelta(days=30)
_ENTRIES_AT_MOST = 2000


def note_look(person: Person, *, actor: User, now: datetime) -> int:
    """Note that a member of staff looked at a person; return how many have in the last 30 days. Two queries at most."""
    entries = AuditEntry.objects.filter(person.objects(), action=LOOKED_AT, at__gt=now - COUNTED)
    looks = list(entries.order_by("-at").values_list("actor", "at")[:_ENTRIES_AT_MOST])
    if not any(who == actor.pk and at > now - SERIES for who, at in looks):
        audit.record(actor=actor, action=LOOKED_AT, obj=person.asked, organization=person.organization, now=now)
    return len({who for who, _at in looks} | {actor.pk})
