"""What the inventory shows: what waits for a person, how far they are, what they claimed, what has expired."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, cast

from django.core.paginator import Paginator
from django.db.models import Q, QuerySet
from django.http import HttpRequest

from campaigns.models import Campaign
from campaigns.watch.progress import campaigns_of
from fulfillment.inventory import PAGE_SIZE, claims_of, shown
from fulfillment.progress import Progress, read_progress
from fulfillment.progress_shown import shown_elsewhere, shown_progress
from fulfillment.rules.standing import Section, Standing
from fulfillment.rules.states import State
from linking.viewers_of import OwnViewer, viewers_of
from portal.models import User

SHOWN_AFTER_END = timedelta(days=30)
"""So long a campaign that is over stays on the inventory, if something of it was missed. Then it is in the history alone."""

MOST_CAMPAIGNS = 100
HISTORY_PAGE = 20

Shown = dict[str, Any]


def inventory_context(request: HttpRequest, *, now: datetime) -> Shown:
    """Return the inventory of the signed-in person. The number of queries does not depend on how much there is."""
    user = cast(User, request.user)
    own = viewers_of(request, now=now)
    before = request.GET.get("before", "")[:26]
    claims = claims_of(user, own).order_by("-pk")
    page = list((claims.filter(pk__lt=before) if before else claims)[: PAGE_SIZE + 1])
    cards = [shown(claim) for claim in page[:PAGE_SIZE]]
    waiting = [] if before else [shown(claim) for claim in claims.filter(state=State.WAITING)[:PAGE_SIZE]]
    return {
        **({} if before else _campaigns(own, now)),
        "rewards": [card for card in cards if not card.needs_viewer],
        "waiting_claims": waiting,
        "before": before,
        "older": page[PAGE_SIZE - 1].pk if len(page) > PAGE_SIZE else "",
        "nav_current": "inventory",
    }


def history_context(request: HttpRequest, *, now: datetime) -> Shown:
    """Return a page of the closed campaigns in which this person was credited a minute, the latest first."""
    own = viewers_of(request, now=now)
    over = _over(own, now).order_by("-closes_at", "-pk")
    page = Paginator(over, HISTORY_PAGE).get_page(request.GET.get("page"))
    progress, _elsewhere = read_progress(list(page.object_list), own, now=now)
    rows = [_historic(one, now) for one in progress if one.begun]
    return {"rows": rows, "page": page, "nav_current": "inventory"}


def _campaigns(own: list[OwnViewer], now: datetime) -> Shown:
    part = _taken_part(own)
    found = list(_related(_to_be_shown(own, part, now)).order_by("ends_at", "pk")[:MOST_CAMPAIGNS])
    progress, elsewhere = read_progress(found, own, now=now)
    sections: dict[Section, list[Progress]] = {section: [] for section in Section}
    begun = {one.campaign.pk for one in progress if one.begun}
    for one in progress:
        # With several accounts, what was begun with one of them is not shown again as not begun with each other.
        if one.begun or one.campaign.pk not in begun or one.section is Section.WAITING:
            sections[one.section].append(one)
    return {
        "claimable": [shown_progress(one, now=now) for one in sections[Section.WAITING]],
        "in_progress": [shown_progress(one, now=now) for one in sections[Section.IN_PROGRESS]],
        "expired": [shown_progress(one, now=now) for one in sections[Section.EXPIRED]],
        "elsewhere": [shown_elsewhere(one, now=now) for one in elsewhere],
        "has_history": _over(own, now, part).exists(),
    }


def _taken_part(own: list[OwnViewer]) -> set[str]:
    """Return the campaigns in which these viewers were credited a minute."""
    return set().union(*campaigns_of([one.viewer.pk for one in own]).values())


def _to_be_shown(own: list[OwnViewer], part: set[str], now: datetime) -> QuerySet[Campaign]:
    """Return the open campaigns they took part in or whose game they play, and those that have just ended for them."""
    open_now = Q(status=Campaign.Status.PUBLISHED, starts_at__lte=now, closes_at__gt=now)
    games = {game for one in own for game in one.players}
    since = now - SHOWN_AFTER_END
    just_over = Q(status=Campaign.Status.PUBLISHED, closes_at__lte=now, closes_at__gt=since) | Q(
        status=Campaign.Status.CANCELLED, cancelled_at__gt=since
    )
    return Campaign.objects.filter((open_now & (Q(pk__in=part) | Q(game__in=games))) | (just_over & Q(pk__in=part)))


def _over(own: list[OwnViewer], now: datetime, part: set[str] | None = None) -> QuerySet[Campaign]:
    over = Q(status=Campaign.Status.PUBLISHED, closes_at__lte=now) | Q(status=Campaign.Status.CANCELLED)
    return _related(Campaign.objects.filter(over, pk__in=_taken_part(own) if part is None else part))


def _related(campaigns: QuerySet[Campaign]) -> QuerySet[Campaign]:
    return campaigns.select_related("game__organization").prefetch_related("platforms", "rewards__reward")


def _historic(progress: Progress, now: datetime) -> Shown:
    standings = [reward.standing for reward in progress.rewards]
    return {
        **shown_progress(progress, now=now),
        "claimed": sum(standing in (Standing.CLAIMED, Standing.ALREADY_YOURS) for standing in standings),
        "total": len(standings),
    }
