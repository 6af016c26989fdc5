"""Pages of the newest rows of lists with millions: of each part that an index gives newest first, merged.

A list of one state, one game or one platform has an index. The list of all of them is made of the same indexes, so that an
arriving row keeps one index less. What is asked of each part is asked in one statement.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from django.contrib import messages
from django.core.exceptions import EmptyResultSet
from django.core.paginator import Page
from django.db import connection
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.functional import Promise, cached_property
from django.utils.translation import gettext_lazy as _

from portal.admin_base import CappedPaginator, ChangeList, ReadOnlyAdmin

LOOKED_THROUGH = 5_000
"""So many of the newest rows, shared among the parts, are looked through for what no index knows."""

Condition = Mapping[str, Any]


class NewestPaginator(CappedPaginator):
    """A page of the newest rows of ``parts``, by the column ``by``, which is a time where it is not the primary key."""

    parts: Sequence[Condition] = ({},)
    """Conditions that exclude each other. For each, an index leads through its rows in the order of ``by``."""

    by = "pk"

    whole: QuerySet[Any] | None = None
    """Where no index knows what narrows the list: the rows without that, so far as indexes know them. A part is then looked
    through from its newest row on, and no further than its share of ``looked_through``."""

    shown: QuerySet[Any]
    """Where the rows of a page are taken from, by primary key: with all that their columns need."""

    looked_through = LOOKED_THROUGH

    def page(self, number: Any) -> Any:
        """Return one page."""
        number = self.validate_number(number)
        top = min(number * self.per_page, self.count)
        return Page(self.newest(top, start=(number - 1) * self.per_page), number, self)

    def newest(self, top: int, *, start: int = 0) -> QuerySet[Any]:
        """Return the newest rows up to place ``top``, but the first ``start``; newest first."""
        rows = self._together([part.order_by(*self._order).values(self.by, "pk")[:top] for part in self._limited])
        keys = [key for _place, key in sorted(((row[1], row[-1]) for row in rows), reverse=True)[start:top]]
        return self.shown.filter(pk__in=keys).order_by(*self._order)

    @cached_property
    def count(self) -> int:
        """Return the number of rows, as far as they are looked through, or the cap."""
        counted = [part.order_by(*self._order).values("pk")[: self.cap] for part in self._limited]
        return int(sum(row[0] for row in self._together(counted, count=True)))

    @cached_property
    def left_out(self) -> bool:
        """Whether there are older rows that were not looked at."""
        return bool(self._oldest)

    @property
    def there_are_more(self) -> bool:
        """Whether there may be more rows than were counted."""
        return super().there_are_more or self.left_out

    @property
    def depth(self) -> int:
        """How many rows of each part are looked through."""
        return self.looked_through // max(len(self.parts), 1)

    @property
    def _order(self) -> tuple[str, ...]:
        return ("-pk",) if self.by == "pk" else (f"-{self.by}", "-pk")

    @cached_property
    def _oldest(self) -> dict[int, Any]:
        """Return, for each part that is longer than what is looked through of it, where the row after that stands."""
        if self.whole is None:
            return {}
        after = [
            self.whole.filter(**part).order_by(*self._order).values(self.by)[self.depth : self.depth + 1]
            for part in self.parts
        ]
        return {row[0]: _moment(row[1]) if self.by != "pk" else row[1] for row in self._together(after)}

    @cached_property
    def _limited(self) -> list[QuerySet[Any]]:
        """Return the rows of each part, as far as they are looked through."""
        rows: Any = self.object_list
        oldest = self._oldest
        bounds = [{f"{self.by}__gt": oldest[place]} if place in oldest else {} for place in range(len(self.parts))]
        return [rows.filter(**part, **bound) for part, bound in zip(self.parts, bounds, strict=True)]

    def _together(self, parts: Sequence[QuerySet[Any, Any]], *, count: bool = False) -> list[Any]:
        """Return what all these queries find, each with an order and a limit of its own, before each row its part's number.

        SQLite takes a limit in a part of a union only within a query around it, which Django's own union does not write.
        """
        told: list[str] = []
        given: list[Any] = []
        for number, part in enumerate(parts):
            try:
                sql, params = part.query.sql_with_params()
            except EmptyResultSet:
                continue
            told.append(f"SELECT {number} AS part, every.* FROM ({sql}) AS every")  # noqa: S608 - Django's own statements
            given += params
        if not told:
            return []
        sql = " UNION ALL ".join(told)
        if count:
            sql = f"SELECT COUNT(*) FROM (SELECT part FROM ({sql}) AS parts LIMIT {self.cap}) AS capped"  # noqa: S608
        with connection.cursor() as cursor:
            cursor.execute(sql, given)
            return cursor.fetchall()


def _moment(told: Any) -> datetime:
    """Return a time as Django knows it: SQLite keeps it without its zone, which is UTC."""
    moment = told if isinstance(told, datetime) else datetime.fromisoformat(told)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


class NewestChangeList(ChangeList):
    """A list that fits one page, or is shown whole, is read like a page: left to itself the database goes through all rows."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._filtered_by: str = self.preserved_filters  # type: ignore[has-type]
        self.preserved_filters = ""

    def get_results(self, request: HttpRequest) -> None:
        """Count, and take what is shown."""
        super().get_results(request)
        whole = not self.multi_page or (self.show_all and self.can_show_all)
        if whole and isinstance(self.paginator, NewestPaginator):
            self.result_list = self.paginator.newest(self.result_count)

    def url_for_result(self, result: Any) -> str:
        """Return the address of a row's page, which tells how the list is filtered, so that the page can lead back there.

        Left to the theme, each address is looked up among those of all pages before it is told so: of a row with two links
        twice, which made up a quarter of a filtered list's time.
        """
        address: str = super().url_for_result(result)
        return f"{address}?{self._filtered_by}" if self._filtered_by else address


class NewestAdmin(ReadOnlyAdmin):
    """A list that is paged through by :class:`NewestPaginator`, and says where it did not look at all rows."""

    how_to_narrow: str | Promise = _("Narrow the list further to see all that fit.")

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        """Return the list that is always read by its paginator."""
        return NewestChangeList

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        """Show the list, with a word about older rows that were not looked at."""
        response = super().changelist_view(request, extra_context)
        changelist = getattr(response, "context_data", None) and response.context_data.get("cl")
        paginator = getattr(changelist, "paginator", None)
        if isinstance(paginator, NewestPaginator) and paginator.left_out:
            messages.info(request, f"{self.told_left_out(paginator)} {self.how_to_narrow}")
        return response

    def told_left_out(self, paginator: NewestPaginator) -> str:
        """Say what was looked through."""
        told = _("Only the newest %(count)s were looked through.")
        return str(told % {"count": f"{paginator.depth * len(paginator.parts):,}"})
