"""Storing notices: once per reader and thing, in the transaction of what they tell, in few statements for many (F8)."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import connection, transaction
from django.db.models import Q
from django_q.tasks import async_task

from fulfillment.models import Notice, NoticePreference
from fulfillment.rules.notices import GROUP_OF, MAIL_AFTER, Group, Kind

BATCH = 500

_COLUMNS = (
    *("user_id", "kind", "key", "organization_id", "game_id", "campaign_id", "campaign_reward_id", "viewer_id"),
    *("claim_id", "link_id", "parameters", "created_at", "email_due_at", "email_attempts", "mail_id"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """One notice to be stored. ``about`` and the kind make the key under which it exists once for its reader."""

    user_id: int
    kind: Kind
    about: str
    organization_id: str | None = None
    game_id: str | None = None
    campaign_id: str | None = None
    campaign_reward_id: str | None = None
    viewer_id: str | None = None
    claim_id: str | None = None
    link_id: str | None = None
    parameters: Mapping[str, str] = field(default_factory=dict)

    @property
    def key(self) -> str:
        """What the notice is about, for its reader."""
        return f"{self.kind}:{self.about}"


def write_notices(drafts: Sequence[Draft], *, now: datetime) -> None:
    """Store these notices, due by e-mail where their readers asked for it; what is there already stays as it is.

    Only inside a transaction. Two statements for up to ``BATCH``.
    """
    if not drafts:
        return
    wanted = _wanted_by_mail({draft.user_id for draft in drafts})
    # In key order, so that two processes with the same notices wait for each other and never in a circle.
    ordered = sorted(drafts, key=lambda draft: (draft.user_id, draft.key))
    due = [now + MAIL_AFTER[d.kind] if GROUP_OF.get(d.kind) in wanted.get(d.user_id, ()) else None for d in ordered]
    _insert(list(zip(ordered, due, strict=True)), now=now)
    if any(due_at is not None and due_at <= now for due_at in due):
        # Only sooner: the schedule sends it anyway, so that a broker which is away harms nobody.
        transaction.on_commit(_send_soon, robust=True)


def settle_earlier(claim_ids: Collection[str], earned: Collection[tuple[str, str]], *, now: datetime) -> None:
    """Mark as read, and take back from e-mail, what was told about claims before and has been overtaken now.

    ``earned`` names viewers and rewards of campaigns that were claimed: their reminders are over too. Only inside a
    transaction, which never waits for the reader: a row that is locked is being read or sent, and left alone.
    """
    overtaken = Q(claim__in=claim_ids)
    if earned:
        overtaken |= Q(
            kind__in=[Kind.EARNED, Kind.EXPIRING],
            viewer__in={viewer for viewer, _reward in earned},
            campaign_reward__in={reward for _viewer, reward in earned},
        )
    unread = Notice.objects.filter(overtaken, read_at=None)
    if connection.features.has_select_for_update_skip_locked:
        unread = unread.select_for_update(skip_locked=True)
    rows = unread.only("claim_id", "viewer_id", "campaign_reward_id")
    stale = [row.pk for row in rows if row.claim_id or (row.viewer_id, row.campaign_reward_id) in earned]
    if stale:
        Notice.objects.filter(pk__in=stale).update(read_at=now, email_due_at=None)


def _wanted_by_mail(user_ids: Collection[int]) -> dict[int, frozenset[Group]]:
    preferences = NoticePreference.objects.filter(user__in=user_ids)
    return {row.user_id: groups_of(row) for row in preferences}


def groups_of(preference: NoticePreference) -> frozenset[Group]:
    """Return what a person has sent by e-mail."""
    return frozenset(group for group in Group if getattr(preference, group.value))


def _insert(rows: Sequence[tuple[Draft, datetime | None]], *, now: datetime) -> None:
    """Add rows that are not there yet. By a statement of our own: instances would cost as much again as a delivery."""
    table, row = Notice._meta.db_table, f"({', '.join(['%s'] * len(_COLUMNS))})"
    moment = connection.ops.adapt_datetimefield_value(now)
    for start in range(0, len(rows), BATCH):
        part = rows[start : start + BATCH]
        values = [value for draft, due_at in part for value in _values(draft, moment, due_at)]
        with connection.cursor() as cursor:
            cursor.execute(
                f"INSERT INTO {table} ({', '.join(_COLUMNS)}) VALUES {', '.join([row] * len(part))} "  # noqa: S608
                "ON CONFLICT DO NOTHING",
                values,
            )


def _values(draft: Draft, moment: Any, due_at: datetime | None) -> tuple[Any, ...]:
    return (
        draft.user_id,
        draft.kind.value,
        draft.key,
        draft.organization_id,
        draft.game_id,
        draft.campaign_id,
        draft.campaign_reward_id,
        draft.viewer_id,
        draft.claim_id,
        draft.link_id,
        json.dumps(dict(draft.parameters)) if draft.parameters else "{}",
        moment,
        connection.ops.adapt_datetimefield_value(due_at) if due_at is not None else None,
        0,
        "",
    )


def _send_soon() -> None:
    async_task("fulfillment.notices.tasks.send_mail")
