"""Finding outgoing events quickly at any size: pages, filters and search of their log, each answered by an index."""

from __future__ import annotations

from typing import Any

from django.core.paginator import Page
from django.db import models
from django.db.models import OuterRef, Q, Subquery
from django.http import HttpRequest
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from fulfillment.admin.event_counts import Counted
from fulfillment.admin.search import SHORTEST_PREFIX, find_claim_ids
from fulfillment.models import Event, EventDelivery, EventSubscription, Progress
from fulfillment.rules.events import EVENT_NAMES, EVENT_TYPES
from portal.admin_base import CappedPaginator, ChangeList
from portal.admin_filters import DropdownFilter
from portal.ids import ULID_LENGTH
from portal.models import Organization
from portal.organizations import active_organization

LOOKED_THROUGH = 20_000
"""Among so many of an organization's events, the newest, one kind is looked for: no index knows the kinds."""

FOUND_AT_MOST = 500
_CLAIMS_AT_MOST = 100


class ProgressFilter(DropdownFilter):
    """How far an event is on its way."""

    title = _("state")
    parameter_name = "progress"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        """Return the states."""
        return list(Progress.choices)

    def queryset(self, request: HttpRequest, queryset: models.QuerySet[Any]) -> models.QuerySet[Any]:
        """Keep those in the chosen state."""
        return queryset.filter(progress=self.value()) if self.value() in Progress.values else queryset


class TypeFilter(DropdownFilter):
    """Which event it is."""

    title = _("event")
    parameter_name = "event"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        """Return the events by their names."""
        return [(key, f"{name} ({key})") for key, name in EVENT_NAMES]

    def queryset(self, request: HttpRequest, queryset: models.QuerySet[Any]) -> models.QuerySet[Any]:
        """Keep those of the chosen kind among the newest :data:`LOOKED_THROUGH`."""
        if self.value() not in EVENT_TYPES:
            return queryset
        oldest = oldest_looked_at(request)
        return queryset.filter(event__type=self.value(), **({"event_id__gte": oldest} if oldest else {}))


def oldest_looked_at(request: HttpRequest) -> str:
    """Return the id of the oldest event that is looked through for a kind; empty if all are. Found once a request."""
    found: str | None = getattr(request, "_oldest_event_looked_at", None)
    if found is None:
        mine = Event.objects.filter(organization=active_organization(request)).order_by("-id")
        newest = mine.values_list("pk", flat=True)[LOOKED_THROUGH - 1 : LOOKED_THROUGH]
        found = request._oldest_event_looked_at = next(iter(newest), "")  # type: ignore[attr-defined]
    return found


class EventPaginator(CappedPaginator):
    """Pages over the events of several subscriptions, newest first, in four queries whatever their number.

    Each subscription's own index says where its newest rows that could be on the page begin. The latest of these places
    bounds what has to be read: so many rows of each subscription at most, and none of anybody else's.
    """

    subscriptions: models.QuerySet[EventSubscription]
    progress = ""

    @cached_property
    def count(self) -> int:
        """Return the number of rows, or the cap."""
        counted = self.subscriptions.annotate(count=Counted(self._own().values("pk")[: self.cap]))
        return min(sum(counted.values_list("count", flat=True)), self.cap)

    def page(self, number: Any) -> Any:
        """Return one page."""
        number = self.validate_number(number)
        top = min(number * self.per_page, self.count)
        return Page(self.rows((number - 1) * self.per_page, top), number, self)

    def rows(self, start: int, top: int) -> Any:
        """Return the newest rows but the first ``start``, up to place ``top``."""
        rows: Any = self.object_list
        shown = self._newest(rows, top)[start:top] if top else []
        return rows.filter(pk__in=shown).order_by("-id")

    def _newest(self, rows: Any, top: int) -> list[int]:
        nth = self._own().values("pk")[top - 1 : top]
        places = self.subscriptions.annotate(nth=Subquery(nth)).values_list("nth", flat=True)
        bound = max((place for place in places if place is not None), default=0)
        # Ordered as the index is and without a limit: with one PostgreSQL hopes to meet these rows soon among everybody's
        # newest, and walks through all of them where this organization has been quiet.
        found = rows.filter(pk__gte=bound).order_by("subscription_id", "-id").values_list("pk", flat=True)
        return sorted(found, reverse=True)

    def _own(self) -> models.QuerySet[EventDelivery]:
        if self.progress:
            own = EventDelivery.objects.filter(subscription=OuterRef("pk"), progress=self.progress)
            return own.order_by("-id")
        # A range of one, ordered by both columns: only the index of a subscription's rows fits that.
        own = EventDelivery.objects.filter(subscription__gte=OuterRef("pk"), subscription__lte=OuterRef("pk"))
        return own.order_by("subscription_id", "-id")


class EventChangeList(ChangeList):
    """A list that is short, or shown whole, is read like a page: left to itself SQLite goes through everybody's rows."""

    def get_results(self, request: HttpRequest) -> None:
        """Count, and take what is shown."""
        super().get_results(request)
        whole = not self.multi_page or (self.show_all and self.can_show_all)
        if whole and isinstance(self.paginator, EventPaginator):
            self.result_list = self.paginator.rows(0, self.result_count)


def find_events(organization: Organization, text: str) -> list[str]:
    """Return the ids of the events that ``text`` names, at most :data:`FOUND_AT_MOST`.

    It may be an event's id or the beginning of it, the id of the claim, link or channel it is about, or whatever else the
    list of claims finds a claim by.
    """
    text = text.strip()
    if not text:
        return []
    mine = Event.objects.filter(organization=organization).order_by("-id")
    subjects = {text, text.upper(), *find_claim_ids(organization, text, people=True)[:_CLAIMS_AT_MOST]}
    ways = [mine.filter(subject__in=subjects)]
    start = text.upper()
    if SHORTEST_PREFIX <= len(start) <= ULID_LENGTH and start.isascii() and start.isalnum():
        ways.append(mine.filter(Q(pk__gte=start.ljust(ULID_LENGTH, "0"), pk__lte=start.ljust(ULID_LENGTH, "Z"))))
    found = {pk for way in ways for pk in way.values_list("pk", flat=True)[:FOUND_AT_MOST]}
    return sorted(found, reverse=True)[:FOUND_AT_MOST]
