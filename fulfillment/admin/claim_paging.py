"""Pages over claims of several states: the newest of each by the index on (organization, state, id), merged.

The index that the list of one state uses serves the list of all, so that an arriving claim keeps one index less. What is
asked of each state is asked in one statement.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.core.paginator import Page
from django.db import connection
from django.db.models import QuerySet
from django.utils.functional import cached_property

from fulfillment.models import Claim
from fulfillment.rules.states import State
from portal.admin_base import CappedPaginator

RELATED = ("reward", "campaign", "viewer")
LOOKED_THROUGH = 5_000
"""So many claims of each state, the newest, are looked through for what no index knows."""


class ClaimPaginator(CappedPaginator):
    """A page of the newest claims of ``states``."""

    organization: Any = None
    states: Iterable[str] = tuple(State)
    left_out = False
    """Whether there are older claims that were not looked at."""

    def page(self, number: Any) -> Any:
        """Return one page."""
        number = self.validate_number(number)
        top = min(number * self.per_page, self.count)
        shown = self.newest(top)[(number - 1) * self.per_page : top]
        # By the primary key alone: what belongs to whom was decided above.
        rows = Claim.objects.filter(pk__in=shown).select_related(*RELATED).defer("raw")
        return Page(rows.order_by("-id"), number, self)

    @cached_property
    def count(self) -> int:
        """Return the number of claims, or the cap."""
        sql, params = _together([self._of(state).order_by().values("pk")[: self.cap] for state in self.states])
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT COUNT(*) FROM (SELECT * FROM ({sql}) AS every LIMIT {self.cap}) AS capped", params)  # noqa: S608
            return int(cursor.fetchone()[0])

    def newest(self, top: int) -> list[str]:
        """Return the keys of the newest ``top``, or of somewhat more, newest first."""
        return _keys([self._of(state).order_by("-id").values("pk")[:top] for state in self.states])

    def _of(self, state: str) -> QuerySet[Claim]:
        claims: Any = self.object_list
        mine: QuerySet[Claim] = claims.filter(state=state)
        return mine


class FilteredPaginator(ClaimPaginator):
    """The same for filters of which no index knows: found among the newest of each state."""

    depth = LOOKED_THROUGH

    @cached_property
    def count(self) -> int:
        """Return how many were found, or the cap."""
        return len(self._matching)

    def newest(self, top: int) -> list[str]:
        """Return the keys of all that were found, newest first."""
        return self._matching

    @cached_property
    def _matching(self) -> list[str]:
        base = Claim.objects.filter(organization=self.organization)
        newest = [base.filter(state=state).order_by("-id").values("pk") for state in self.states]
        self.left_out = bool(_keys([rows[self.depth : self.depth + 1] for rows in newest]))
        looked_at = zip(self.states, newest, strict=True)
        fitting = [
            self._of(state).filter(pk__in=rows[: self.depth]).order_by().values("pk") for state, rows in looked_at
        ]
        return _keys(fitting)[: self.cap]


def _keys(parts: Iterable[QuerySet[Any, Any]]) -> list[str]:
    sql, params = _together(parts)
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return sorted((row[0] for row in cursor.fetchall()), reverse=True)


def _together(parts: Iterable[QuerySet[Any, Any]]) -> tuple[str, list[Any]]:
    """Return the statement that gives the rows of all queries, each of which keeps an order and a limit of its own.

    SQLite takes a limit in a part of a union only within a query around it, which Django's own union does not write.
    """
    told: list[str] = []
    given: list[Any] = []
    for number, part in enumerate(parts):
        sql, params = part.query.sql_with_params()
        told.append(f"SELECT * FROM ({sql}) AS part_{number}")  # noqa: S608 - Django's own statements
        given += params
    return " UNION ALL ".join(told), given
