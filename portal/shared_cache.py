"""The cache that all processes share where it is a table of the database (O1, O2): Django's, made fit to count and to keep.

Limits are counted in it (S4), and the codes that clients change for tokens lie in it for a minute (A1). Django's own table
reads a count and writes it back, so that of calls at the same moment most are not counted; and from 300 entries on it
throws entries away by their names, valid or not.
"""

from __future__ import annotations

import base64
import pickle
from typing import Any

from django.core.cache.backends.db import DatabaseCache
from django.db import connections, router, transaction
from django.utils import timezone

MOST_ENTRIES = 50_000
"""So many entries are kept. Who has more that are valid at a time needs Redis."""


class SharedTable(DatabaseCache):
    """Django's cache in a table. A count loses nothing, and keeps the end that it was made with."""

    _table: str
    """Django's own, its name as it is in the database."""

    def __init__(self, table: str, params: dict[str, Any]) -> None:
        super().__init__(table, {**params, "OPTIONS": {"MAX_ENTRIES": MOST_ENTRIES, **params.get("OPTIONS", {})}})

    def incr(self, key: str, delta: int = 1, version: int | None = None) -> int:
        """Add to a count and return it. Others who do so at the same moment wait. Raises ``ValueError`` where there is none."""
        connection = connections[router.db_for_write(self.cache_model_class)]
        table = connection.ops.quote_name(self._table)
        stored = self.make_and_validate_key(key, version=version)
        lock = connection.ops.for_update_sql() if connection.features.has_select_for_update else ""
        now = connection.ops.adapt_datetimefield_value(timezone.now())
        with transaction.atomic(using=connection.alias), connection.cursor() as cursor:
            cursor.execute(
                f"SELECT value FROM {table} WHERE cache_key = %s AND expires > %s {lock}",  # noqa: S608 - own names
                [stored, now],
            )
            row = cursor.fetchone()
            if row is None:
                raise ValueError("There is no such count.")
            value = int(pickle.loads(base64.b64decode(row[0]))) + delta  # noqa: S301 - the portal's own
            written = base64.b64encode(pickle.dumps(value, self.pickle_protocol)).decode("ascii")
            cursor.execute(f"UPDATE {table} SET value = %s WHERE cache_key = %s", [written, stored])  # noqa: S608
        return value

    def remove_expired(self) -> int:
        """Remove entries that are not valid any more, which nobody looks at again; return how many."""
        connection = connections[router.db_for_write(self.cache_model_class)]
        with connection.cursor() as cursor:
            cursor.execute(
                f"DELETE FROM {connection.ops.quote_name(self._table)} WHERE expires < %s",  # noqa: S608 - own names
                [connection.ops.adapt_datetimefield_value(timezone.now())],
            )
            return int(cursor.rowcount)
