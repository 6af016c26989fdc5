"""What changed since yesterday, and who did it: the audit trail of the last 24 hours, what is alike told once (S5)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.apps import apps
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext as _t

from portal.models import AuditEntry, Organization
from portal.organizations import may
from portal.roles import Permission

SINCE = timedelta(hours=24)
READ = 300
"""So many entries are read, the newest: one bulk action may write thousands."""

LINES = 6


@dataclass(slots=True, kw_only=True)
class Change:
    """What one person did, once or often: ``label`` names the thing where it was one."""

    who: str
    action: str
    kind: str
    label: str
    at: datetime
    times: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Changed:
    """``more`` counts kinds of changes that are not listed; ``capped``: there are older ones that were not read."""

    lines: Sequence[Change]
    more: int
    capped: bool
    url: str


def changed_lately(request: HttpRequest, organization: Organization, *, now: datetime) -> Changed | None:
    """Return it; None for who may not read the trail. One query.

    Entries that say of no value what it was or became, as that somebody looked, are no change.
    """
    if not may(request, Permission.SEE_PEOPLE):
        return None
    entries = AuditEntry.objects.filter(organization=organization, at__gte=now - SINCE).exclude(before={}, after={})
    columns = ("actor_label", "action", "object_type", "object_id", "object_label", "at")
    rows = list(entries.order_by("-at", "-pk").values_list(*columns)[:READ])
    found: dict[tuple[str, str, str], Change] = {}
    things: dict[tuple[str, str, str], set[str]] = {}
    for who, action, kind, object_id, label, at in rows:
        key = (who, action, kind)
        things.setdefault(key, set()).add(object_id)
        if key in found:
            found[key].times += 1
            found[key].label = label if len(things[key]) == 1 else ""
        else:
            found[key] = Change(who=who, action=action, kind=_kind(kind), label=label, at=at)
    lines = list(found.values())
    return Changed(lines=lines[:LINES], more=max(len(lines) - LINES, 0), capped=len(rows) == READ, url=_trail())


def _kind(object_type: str) -> str:
    try:
        return str(apps.get_model(object_type)._meta.verbose_name)
    except LookupError:
        return object_type


def _trail() -> str:
    try:
        return reverse("admin:portal_auditentry_changelist")
    except NoReverseMatch:
        return ""


def in_words(change: Change) -> str:
    """Return a change in a line, without who did it and when."""
    if change.times == 1 or change.label:
        what = _t("%(action)s: %(kind)s “%(label)s”") if change.label else _t("%(action)s: %(kind)s")
    else:
        what = _t("%(action)s: %(kind)s, several")
    told = what % {"action": change.action, "kind": change.kind, "label": change.label}
    return f"{told} ({change.times}×)" if change.times > 1 else told
