"""From the ids in heartbeats to watcher numbers: looked up in bulk, remembered in this process, made where new (I2).

A number never changes and stays with its viewer, so what is remembered cannot become wrong.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import repeat

import numpy as np
from django.db import connection

from campaigns.models import Viewer, Watcher
from campaigns.returning import recognize_viewers
from campaigns.watch.arrays import Numbers
from campaigns.watch.sql import given, given_pairs
from portal.ids import new_ulid
from portal.tombstones import PREFIX

REMEMBERED_AT_MOST = 4_000_000
"""With more ids than these, about 120 bytes each, one process begins anew: besides those of the batch it is at."""

_CHUNK = 5_000
_NOBODY = -1


@dataclass(frozen=True, slots=True)
class Naming:
    """What ids mean: identifiers of ours (``registered``: a viewer's ULID), or the platform's or the player's own."""

    organization_id: str
    platform: str
    registered: bool


class People:
    """Numbers of one process, and of one thread."""

    def __init__(self, *, remembered_at_most: int = REMEMBERED_AT_MOST) -> None:
        self._known: dict[Naming, dict[str, int]] = defaultdict(dict)
        self._at_most = remembered_at_most

    def make_room(self) -> None:
        """Begin anew where too many ids are remembered. Only between batches: what a batch has learnt it still needs."""
        if sum(map(len, self._known.values())) > self._at_most:
            self._known = defaultdict(dict)

    def numbers(self, naming: Naming, lists: Sequence[Sequence[str]], *, now: datetime) -> list[tuple[Numbers, int]]:
        """Return, for each list of ids, the numbers in ascending order, and how many ids name nobody.

        What is not known yet is looked up in few statements for all lists together. Viewers are made, except for
        identifiers of ours. A list has each id once.
        """
        known = self._known[naming]
        found = [_remembered(known, ids) for ids in lists]
        # Most of the time all are known: then each id is looked up once in this dictionary, and nowhere else.
        lacking = [place for place, numbers in enumerate(found) if (numbers == _NOBODY).any()]
        missing = sorted({one for place in lacking for one in lists[place] if one not in known})
        for start in range(0, len(missing), _CHUNK):
            known.update(_numbers_of(naming, missing[start : start + _CHUNK], now=now))
        for place in lacking:
            found[place] = _remembered(known, lists[place])
        return [_in_order(numbers) for numbers in found]


def _remembered(known: dict[str, int], ids: Sequence[str]) -> Numbers:
    return np.fromiter(map(known.get, ids, repeat(_NOBODY)), dtype=np.int64, count=len(ids))


def _in_order(found: Numbers) -> tuple[Numbers, int]:
    found.sort()  # ids are there once each, and so are their numbers; nobody comes first
    unknown = int(np.searchsorted(found, 0))
    return found[unknown:], unknown


def _numbers_of(naming: Naming, ids: list[str], *, now: datetime) -> dict[str, int]:
    found = _look_up(naming, ids)
    if not naming.registered:
        new = [one for one in ids if one not in found]
        if new:
            _make_viewers(naming, new, now=now)
            found.update(_look_up(naming, new))
    without = sorted(viewer for viewer, number in found.values() if number is None)
    if without:
        _make_watchers(without)
        found.update(_look_up(naming, [one for one, (_viewer, number) in found.items() if number is None]))
    return {one: number for one, (_viewer, number) in found.items() if number is not None}


def _look_up(naming: Naming, ids: Collection[str]) -> dict[str, tuple[str, int | None]]:
    """Return viewer and number, if there is one, by id."""
    viewers, watchers = Viewer._meta.db_table, Watcher._meta.db_table
    column = "id" if naming.registered else "platform_user_id"
    source, parameter = given(ids)
    with connection.cursor() as cursor:
        cursor.execute(
            # By IN, not by a join: SQLite would begin with all viewers and read the JSON anew for each.
            f"SELECT v.{column}, v.id, w.number FROM {viewers} v LEFT JOIN {watchers} w ON w.viewer_id = v.id "  # noqa: S608
            f"WHERE v.organization_id = %s AND v.platform = %s AND v.{column} IN (SELECT given.value FROM {source})",
            [naming.organization_id, naming.platform, parameter],
        )
        return {one: (viewer, number) for one, viewer, number in cursor.fetchall()}


def _make_viewers(naming: Naming, ids: list[str], *, now: datetime) -> None:
    organization, platform = naming.organization_id, naming.platform
    if _was_anybody_erased(organization, platform):
        for start in range(0, len(ids), 1000):
            recognize_viewers((organization, platform, one) for one in ids[start : start + 1000])
    source, parameters = given_pairs([(new_ulid(), one) for one in ids])
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {Viewer._meta.db_table} "  # noqa: S608 - names of our own only
            "(id, organization_id, platform, platform_user_id, login, name, created_at) "
            f"SELECT given.one, %s, %s, given.two, '', '', %s FROM {source} WHERE TRUE ORDER BY given.two "
            "ON CONFLICT (organization_id, platform, platform_user_id) DO NOTHING",
            [organization, platform, connection.ops.adapt_datetimefield_value(now), *parameters],
        )


def _was_anybody_erased(organization_id: str, platform: str) -> bool:
    # The two limits let the index find them among any number of viewers: in every collation a marker lies between.
    first = PREFIX.rstrip(":")
    erased = Viewer.objects.filter(
        organization=organization_id,
        platform=platform,
        platform_user_id__gte=first,
        platform_user_id__lt=first[:-1] + chr(ord(first[-1]) + 1),
        platform_user_id__startswith=PREFIX,
    )
    return erased.exists()


def _make_watchers(viewer_ids: list[str]) -> None:
    source, parameter = given(viewer_ids)
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {Watcher._meta.db_table} (viewer_id) SELECT given.value FROM {source} WHERE TRUE "  # noqa: S608
            "ORDER BY given.value ON CONFLICT (viewer_id) DO NOTHING",
            [parameter],
        )
