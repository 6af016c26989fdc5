"""What the start page is asked for: one campaign or all, and how much time its charts show."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import QuerySet
from django.http import Http404, HttpRequest
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from campaigns.models import Campaign
from fulfillment.start import Shown, one_campaign
from portal.charts import Every
from portal.models import Organization
from portal.organizations import game_scope
from portal.reach import in_games

CAMPAIGN = "campaign"
SPAN = "span"


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """How much time the charts show. ``place`` is what one bar of claims stands for; ``pace_hours`` how far back deliveries go."""

    key: str
    title: str | Promise
    length: timedelta
    place: timedelta
    every: Every
    axis: str | Promise
    pace_hours: int


MINUTE, QUARTER, HOUR = timedelta(minutes=1), timedelta(minutes=15), timedelta(hours=1)
SPANS = (
    Span(
        key="hour",
        title=_("the last hour"),
        length=HOUR,
        place=MINUTE,
        every=Every.MINUTE,
        axis=_("Minute, in UTC"),
        pace_hours=24,
    ),
    Span(
        key="quarters",
        title=_("the last 6 hours"),
        length=6 * HOUR,
        place=QUARTER,
        every=Every.MINUTE,
        axis=_("Quarter of an hour from, in UTC"),
        pace_hours=24,
    ),
    Span(
        key="day",
        title=_("the last day"),
        length=24 * HOUR,
        place=HOUR,
        every=Every.HOUR,
        axis=_("Hour from, in UTC"),
        pace_hours=24,
    ),
    Span(
        key="week",
        title=_("the last 7 days"),
        length=168 * HOUR,
        place=HOUR,
        every=Every.HOUR,
        axis=_("Hour from, in UTC"),
        pace_hours=168,
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """``campaigns`` are all that this person reaches; ``counted`` are those whose claims make up the totals."""

    campaigns: QuerySet[Campaign]
    counted: QuerySet[Campaign]
    chosen: Shown | None
    span: Span
    all_games: bool


def read_asked(request: HttpRequest, organization: Organization, *, now: datetime) -> Asked:
    """Return what is asked for. One query, where one campaign is.

    Raises:
        Http404: there is no such campaign within this person's reach (S1).
    """
    scope = game_scope(request)
    campaigns = in_games(Campaign.objects.filter(organization=organization), scope)
    wanted = request.GET.get(CAMPAIGN, "")
    chosen = one_campaign(campaigns, wanted, now=now) if wanted else None
    if wanted and chosen is None:
        raise Http404
    counted = campaigns.filter(pk=wanted) if chosen else campaigns.filter(test_mode=False)
    span = next((span for span in SPANS if span.key == request.GET.get(SPAN)), SPANS[0])
    return Asked(campaigns=campaigns, counted=counted, chosen=chosen, span=span, all_games=scope is None)
