"""What pages show of a person's notices: how many are unread, and which campaigns they could take part in."""

from __future__ import annotations

from typing import Any

from django import template
from django.template.context import RequestContext
from django.utils import timezone

from campaigns.models import Game
from campaigns.rules.phases import Phase
from fulfillment.notices.eligible import connection_url, eligible_campaigns
from fulfillment.notices.reading import MOST_COUNTED, count_unread

register = template.Library()


@register.simple_tag(takes_context=True)
def unread_notices(context: RequestContext) -> str:
    """Return how many notices are unread, “99+” for more, and nothing for none or nobody. One query a page."""
    request = context.get("request")
    if request is None or not request.user.is_authenticated:
        return ""
    if not hasattr(request, "_unread_notices"):
        request._unread_notices = count_unread(request.user)
    count: int = request._unread_notices
    return "" if not count else f"{MOST_COUNTED - 1}+" if count >= MOST_COUNTED else str(count)


@register.simple_tag(takes_context=True)
def campaigns_to_join(context: RequestContext, game: Game | None = None) -> list[dict[str, Any]]:
    """Return the campaigns that the signed-in person could take part in: of one game, or of all. One query at most.

    What a page does not have comes as an empty text, and counts as none.
    """
    request = context.get("request")
    if request is None or not request.user.is_authenticated:
        return []
    now = timezone.now()
    return [
        {
            "campaign": campaign,
            "is_live": campaign.phase(now) == Phase.LIVE,
            "url": connection_url(campaign),
            "elsewhere": bool(campaign.connection_url),
            "here": connection_url(campaign) == request.path,
        }
        for campaign in eligible_campaigns(request.user, now=now, game=game or None)
    ]
