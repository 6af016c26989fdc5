"""In which states a campaign's page can be previewed, and at which moment each of them is."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum


class View(StrEnum):
    """Who looks at a campaign's page, and when; the values stand in addresses."""

    ANNOUNCED = "announced"
    SIGNED_OUT = "signed-out"
    UNLINKED = "unlinked"
    IN_PROGRESS = "in-progress"
    CLAIMED = "claimed"
    FAILED = "failed"
    GRACE = "grace"
    ENDED = "ended"


USUAL = View.IN_PROGRESS


def moment_of(
    view: View, *, announces_at: datetime, starts_at: datetime, ends_at: datetime, closes_at: datetime
) -> datetime | None:
    """Return the moment at which the page is as ``view`` says; None where the campaign never comes to that.

    All times are aware, and in this order.
    """
    match view:
        case View.ANNOUNCED:
            return announces_at + (starts_at - announces_at) / 2 if announces_at < starts_at else None
        case View.GRACE:
            return ends_at + (closes_at - ends_at) / 2 if ends_at < closes_at else None
        case View.ENDED:
            return closes_at + timedelta(days=1)
        case _:
            return starts_at + (ends_at - starts_at) * 2 / 5
