"""Counting related rows beside the rows themselves, to a limit: one query for a list, quick however many there are."""

from __future__ import annotations

from django.db import models
from django.db.models import Subquery


class Counted(Subquery):
    """How many rows a queryset has, as a column. Bounded by the queryset's own limit, so that an index is walked that far."""

    template = "(SELECT COUNT(*) FROM (%(subquery)s) counted)"
    output_field = models.IntegerField()
