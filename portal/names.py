"""Names of people, found as they are remembered: in capital letters or not.

A table whose people are found so has an index on its names in lower case. SQLite knows the capital letters of ASCII alone; of
others it finds those that are typed.
"""

from __future__ import annotations

from django.db import connection
from django.db.models import Q, Value
from django.db.models.functions import Lower
from django.db.models.lookups import Exact, GreaterThanOrEqual, LessThan, StartsWith

_LAST = "\U0010ffff"


def named(text: str, *, beginning: bool = False) -> Q:
    """Return the condition that a row's ``name`` is the text, or begins with it."""
    name, wanted = Lower("name"), Lower(Value(text))  # both by the database, whose idea of lower case the index has too
    if not beginning:
        return Q(Exact(name, wanted))
    # PostgreSQL has indexes for LIKE; SQLite, whose LIKE knows no case, compares texts as they are.
    if connection.vendor == "postgresql":
        return Q(StartsWith(name, wanted))
    return Q(GreaterThanOrEqual(name, wanted)) & Q(LessThan(name, Lower(Value(text + _LAST))))
