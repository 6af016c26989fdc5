"""Figures of the first rows of an index, at most so many, within a query that asks for them by row: for each credential, say.

What is counted or compared is read from a slice that the index gives in its order, so that it costs the same after ten
million rows as after ten thousand.
"""

from __future__ import annotations

from typing import Any

from django.db.models import DateTimeField, IntegerField, QuerySet, Subquery


class _Among(Subquery):
    template = "(SELECT %(figure)s FROM (%(subquery)s) among WHERE %(condition)s)"


def count_among(rows: QuerySet[Any, Any], *, condition: str = "1 = 1") -> Subquery:
    """Return how many of these rows, a slice, meet ``condition``, which is SQL about the columns that they name."""
    return _Among(rows, output_field=IntegerField(), figure="COUNT(*)", condition=condition)


def earliest_among(rows: QuerySet[Any, Any], column: str, *, condition: str = "1 = 1") -> Subquery:
    """Return the earliest time in ``column`` of those of these rows, a slice, that meet ``condition``."""
    return _Among(rows, output_field=DateTimeField(), figure=f"MIN({column})", condition=condition)
