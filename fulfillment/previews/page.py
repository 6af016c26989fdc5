"""The preview itself: the viewer's page by the code and the templates that viewers get, at a moment of the campaign's."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from csp.constants import NONE
from django.http import Http404, HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from campaigns.models import Campaign
from campaigns.rules.phases import Phase
from fulfillment.campaign_page import page_context, shown_live
from fulfillment.inventory import shown
from fulfillment.previews.made_up import as_published, made_up_viewer, standing_in, told_in
from fulfillment.rules.previewing import View, moment_of
from linking.counting import counting_in
from linking.words import watched_on

NAMES: dict[View, str | Promise] = {
    View.ANNOUNCED: gettext_lazy("Announced"),
    View.SIGNED_OUT: gettext_lazy("Signed out"),
    View.UNLINKED: gettext_lazy("Signed in, not linked"),
    View.IN_PROGRESS: gettext_lazy("In progress"),
    View.CLAIMED: gettext_lazy("Claimed and delivered"),
    View.FAILED: gettext_lazy("Not delivered"),
    View.GRACE: gettext_lazy("Grace time"),
    View.ENDED: gettext_lazy("Ended"),
}

# Leads to another page of this site: not the page's own parts (#…, ?…), and not other sites.
_LEADS_AWAY = re.compile(r'(<a\b[^>]*?\bhref=")/(?!/)[^"]*"')

Address = Callable[[View], str]


@dataclass(frozen=True, slots=True)
class Choice:
    """A state to choose; without an address where the campaign never comes to it."""

    name: str | Promise
    url: str
    is_current: bool


def find(campaign_id: str) -> Campaign:
    """Return a campaign, whatever its status, with what its page shows.

    Raises:
        Http404: there is none.
    """
    found = (
        Campaign.objects.filter(pk=campaign_id)
        .select_related("game__organization", "organization")
        .prefetch_related("platforms", "rewards__reward", "further_games__game")
        .first()
    )
    if found is None:
        raise Http404
    return found


def choices(campaign: Campaign, current: View | None, *, address: Address) -> list[Choice]:
    """Return the states to choose from; ``campaign`` is as :func:`as_published` makes it."""
    return [
        Choice(name, address(view) if _moment(campaign, view) else "", view is current) for view, name in NAMES.items()
    ]


def preview_response(
    request: HttpRequest, campaign: Campaign, view: View, *, address: Address, framed: bool, now: datetime
) -> HttpResponse:
    """Return the viewer's page of a campaign in a state, marked as a preview. Nothing on it can do anything.

    Raises:
        Http404: the campaign never comes to that state.
    """
    made_up = as_published(campaign, now=now)
    moment = _moment(campaign, view)
    if moment is None:
        raise Http404
    standing = standing_in(campaign, view)
    progress, elsewhere, claims = told_in(campaign, view, now=moment)
    signed_in = standing.user.is_authenticated
    context: dict[str, Any] = {
        **shown_live(campaign, (progress, elsewhere), _live(campaign, moment), signed_in=signed_in, now=moment),
        **page_context(request, campaign, standing, now=moment, live=lambda *_about: set()),
        "cards": [shown(claim) for claim in claims],
        "messages": [],
        "view_name": NAMES[view],
        "moment": moment,
        "made_up_dates": made_up,
        "choices": [] if framed else choices(campaign, view, address=address),
    }
    bar = render_to_string("fulfillment/preview_bar.html", context, request)
    page = render_to_string("fulfillment/campaign_preview.html", context, request)
    response = HttpResponse(_LEADS_AWAY.sub(r'\1#preview"', page).replace("<!-- preview -->", bar, 1))
    response["X-Robots-Tag"] = "noindex, nofollow"
    response["Referrer-Policy"] = "no-referrer"
    response["Cache-Control"] = "no-store"
    response._csp_replace = {"form-action": [NONE]}  # type: ignore[attr-defined]
    return response


def _moment(campaign: Campaign, view: View) -> datetime | None:
    times = (campaign.announces_at, campaign.starts_at, campaign.ends_at, campaign.closes_at)
    announces, starts, ends, closes = times
    if announces is None or starts is None or ends is None or closes is None:
        return None
    return moment_of(view, announces_at=announces, starts_at=starts, ends_at=ends, closes_at=closes)


def _live(campaign: Campaign, now: datetime) -> dict[str, Any] | None:
    """Return one channel that is live, made up like everything else; None where the page would tell of none."""
    if campaign.phase(now) is not Phase.LIVE or not counting_in([campaign]).by_portal:
        return None
    platform = watched_on(made_up_viewer(campaign).platform)
    channel = {"name": _("A channel that takes part"), "platform": platform, "url": "", "viewers": 1280}
    return {"channels": [channel], "more": 0, "total": 1}
