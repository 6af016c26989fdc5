"""The few words of SQL that the two databases say differently: many values in one parameter."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import orjson
from django.db import connection


def given(values: Collection[str] | Collection[int], kind: str = "text") -> tuple[str, Any]:
    """Return a FROM item with one column ``given.value`` that has these values, and its one parameter.

    ``kind`` is PostgreSQL's name of their type.
    """
    if connection.vendor == "postgresql":
        return f"unnest(%s::{kind}[]) AS given(value)", list(values)
    return "json_each(%s) AS given", orjson.dumps(list(values)).decode()


def given_pairs(pairs: Collection[tuple[str, str]]) -> tuple[str, list[Any]]:
    """Return a FROM item with the columns ``given.one`` and ``given.two``, and its parameters."""
    if connection.vendor == "postgresql":
        ones, twos = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
        return "unnest(%s::text[], %s::text[]) AS given(one, two)", [ones, twos]
    columns = "json_extract(value, '$[0]') AS one, json_extract(value, '$[1]') AS two"
    return f"(SELECT {columns} FROM json_each(%s)) AS given", [orjson.dumps(list(pairs)).decode()]  # noqa: S608
