"""What follows when a viewer takes back the authorization on the platform (L8): the links end, no claim is lost."""

from __future__ import annotations

from datetime import datetime

from linking.links import end_link
from linking.models import Link


def end_revoked_links(
    *, organization_id: str, platform: str, platform_user_id: str, now: datetime, started_by: datetime | None = None
) -> int:
    """End the active links of this viewer with the reason *revoked*, and return how many there were.

    A link made after ``started_by``, by default ``now``, stays: what says that the authorization is gone is older than it.
    """
    links = Link.objects.select_related("viewer", "player", "game__organization").filter(
        viewer__organization=organization_id,
        viewer__platform=platform,
        viewer__platform_user_id=platform_user_id,
        ended_at=None,
        started_at__lte=started_by or now,
    )
    ended = 0
    for link in links.order_by("pk"):
        end_link(link=link, reason=Link.EndReason.REVOKED, now=now)
        ended += 1
    return ended
