"""A person's notices as they read them: the newest first, how many are unread, and marking them as read."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.db.models import QuerySet

from fulfillment.inventory import claims_of
from fulfillment.models import Notice
from fulfillment.notices.wording import ShownNotice, shown
from portal.models import User

PAGE_SIZE = 30
MOST_COUNTED = 100
"""More unread notices than this are not counted: the page says 99+."""

_ABOUT = (
    *("game__organization", "campaign", "campaign__game__organization", "campaign_reward__reward", "viewer"),
    *("claim__reward", "link__viewer", "link__player"),
)


def with_all(notices: QuerySet[Notice]) -> QuerySet[Notice]:
    """Have notices read together with all that their words need."""
    return notices.select_related(*_ABOUT)


def page_of(user: User, *, before: int | None) -> tuple[list[ShownNotice], int | None]:
    """Return a person's notices, the newest first, from ``before`` on, and where the next page begins, if there is one.

    Two queries.
    """
    notices = with_all(Notice.objects.filter(user=user)).order_by("-pk")
    rows = list((notices.filter(pk__lt=before) if before else notices)[: PAGE_SIZE + 1])
    older = rows[PAGE_SIZE - 1].pk if len(rows) > PAGE_SIZE else None
    return show_all(user, rows[:PAGE_SIZE]), older


def show_all(user: User, notices: Iterable[Notice]) -> list[ShownNotice]:
    """Return these notices of one person in words. One query for all."""
    rows = list(notices)
    claims = [row.claim_id for row in rows if row.claim_id]
    own = set(claims_of(user).filter(pk__in=claims).values_list("pk", flat=True)) if claims else set()
    return [shown(row, own_claims=own) for row in rows]


def count_unread(user: User) -> int:
    """Return how many notices a person has not read, ``MOST_COUNTED`` at most. One query."""
    return Notice.objects.filter(user=user.pk, read_at=None)[:MOST_COUNTED].count()


def mark_read(user: User, *, up_to: int, now: datetime) -> int:
    """Mark a person's notices as read, up to the one with this number; later ones they have not seen yet.

    What is read is not sent by e-mail any more. Returns how many there were.
    """
    unread = Notice.objects.filter(user=user, read_at=None, pk__lte=up_to)
    return unread.update(read_at=now, email_due_at=None)
