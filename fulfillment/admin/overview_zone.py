"""In which zone the times of a campaign's overview are shown: the campaign's own, or UTC if that is asked for (C2)."""

from __future__ import annotations

from django.http import HttpRequest

from campaigns.models import Campaign

UTC = "UTC"
FIELD = "zone"
ASKED_UTC = "utc"


def chosen_zone(request: HttpRequest, campaign: Campaign) -> str:
    """Return the name of the zone to show."""
    return UTC if request.GET.get(FIELD) == ASKED_UTC else campaign.time_zone


def zone_links(request: HttpRequest, campaign: Campaign) -> list[tuple[str, str, bool]]:
    """Return address, name and whether it is shown now, of both zones; none where the campaign's own is UTC."""
    if campaign.time_zone == UTC:
        return []
    links = []
    for name, asked in ((campaign.time_zone, ""), (UTC, ASKED_UTC)):
        query = request.GET.copy()
        query.pop(FIELD, None)
        query.pop("live", None)
        if asked:
            query[FIELD] = asked
        links.append((f"{request.path}?{query.urlencode()}", name, chosen_zone(request, campaign) == name))
    return links
