"""Storing notices: once per reader and thing, in the transaction of what they tell, in few statements for many (F8)."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.db import connection, transaction
from django.db.models import Q
from django_q.tasks import async_task

from fulfillment.models import Notice, NoticePreference
from fulfillment.rules.notices import GROUP_OF, MAIL_AFTER, Group, Kind

BATCH = 500


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
    rows = [_row(draft, wanted.get(draft.user_id, frozenset()), now) for draft in drafts]
    # In key order, so that two processes with the same notices wait for each other and never in a circle.
    rows.sort(key=lambda row: (row.user_id, row.key))
    Notice.objects.bulk_create(rows, batch_size=BATCH, ignore_conflicts=True)
    if any(row.email_due_at is not None and row.email_due_at <= now for row in rows):
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


def _row(draft: Draft, by_mail: frozenset[Group], now: datetime) -> Notice:
    mailed = GROUP_OF.get(draft.kind) in by_mail
    return Notice(
        user_id=draft.user_id,
        kind=draft.kind.value,
        key=draft.key,
        organization_id=draft.organization_id,
        game_id=draft.game_id,
        campaign_id=draft.campaign_id,
        campaign_reward_id=draft.campaign_reward_id,
        viewer_id=draft.viewer_id,
        claim_id=draft.claim_id,
        link_id=draft.link_id,
        parameters=dict(draft.parameters),
        created_at=now,
        email_due_at=now + MAIL_AFTER[draft.kind] if mailed else None,
    )


def _send_soon() -> None:
    async_task("fulfillment.notices.tasks.send_mail")
