"""The admin's pages, asked in one process: ``python -m bench.cockpit_pages measure '{}'``.

Every page that the admin's registry knows, every choice of every filter of every list, and what people search for. Of each,
its time, its queries, and the statements that read many rows: more than a list may count, whatever index they use.
"""

from __future__ import annotations

import gc
import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import cached_property
from pathlib import Path
from statistics import median
from typing import Any

import django

ROUNDS = 7
FILTER_ROUNDS = 5
MANY_ROWS = 20_000
"""A statement that looks at more rows reads a table, whatever the plan calls it: twice what a list counts at most."""

STEPS_OF_A_ROW = 25
"""So many steps of SQLite's machine go into looking at one row."""

STEPS_AT_ONCE = 1_000

YARDSTICK_ROWS = 300


def measure() -> dict[str, dict[str, Any]]:
    """Return for each page of the admin: its time of the processor, its queries, and what its statements read whole.

    The time is told in yardsticks, and in ms of a processor that is as quick as it was at its best in this process.
    """
    from django.conf import settings
    from django.test import Client

    from portal.models import User

    settings.ALLOWED_HOSTS = ["*"]
    client = Client()
    client.force_login(
        User.objects.get(username="producer"), backend="allauth.account.auth_backends.AuthenticationBackend"
    )
    for _time in range(50):
        _yardstick.seconds()
    pages = dict(_pages())
    measured = {name: _page(client, address, ROUNDS) for name, address in pages.items()}
    for name, address in pages.items():
        for query in _filters(client, address) if name.endswith(", list") else ():
            measured[f"{name}?{query}"] = _page(client, f"{address}?{query}", FILTER_ROUNDS)
    return measured


def _page(client: Any, address: str, rounds: int) -> dict[str, Any]:
    from django.db import connection

    asked: list[tuple[str, Any]] = []

    def note(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        asked.append((sql, params))
        return execute(sql, params, many, context)

    with connection.execute_wrapper(note):
        answer = client.get(address)
    if answer.status_code != 200:
        return {"status": answer.status_code, "ms": 0.0, "yardsticks": 0.0, "queries": 0, "reads": []}
    gc.collect()  # what other pages left behind is not this one's
    took, paces = [], [_yardstick.seconds()]
    server = _server_seconds()
    for _round in range(rounds):
        began = time.process_time()
        again = client.get(address)
        if getattr(again, "streaming", False):
            next(iter(again.streaming_content), None)
        seconds = time.process_time() - began
        paces.append(_yardstick.seconds())
        took.append(seconds / ((paces[-2] + paces[-1]) / 2))
    yardsticks = median(took) + (_server_seconds() - server) / rounds / median(paces)
    selects = [(sql, params) for sql, params in asked if sql.lstrip().upper().startswith(("SELECT", "WITH"))]
    reads = sorted({_told(sql) for sql, params in selects if _rows_looked_at(sql, params) > MANY_ROWS})
    ms = yardsticks * _yardstick.shortest * 1000
    return {"status": 200, "ms": ms, "yardsticks": yardsticks, "queries": len(asked), "reads": reads}


class _Yardstick:
    """The same work each time, of the kind that pages are made of: how quick the processor is just now.

    What else a machine does, and what the machines beside it do, makes it up to half as quick for minutes: the pages of the one
    measurement would be compared with those of the other by that.
    """

    def __init__(self) -> None:
        self.shortest = float("inf")

    @cached_property
    def _template(self) -> Any:
        from django.template import engines

        return engines["django"].from_string("{% for row in rows %}<td>{{ row.name }}{{ row.count }}</td>{% endfor %}")

    def seconds(self) -> float:
        began = time.process_time()
        self._template.render({"rows": [{"name": f"<{row}>", "count": row} for row in range(YARDSTICK_ROWS)]})
        took = time.process_time() - began
        self.shortest = min(self.shortest, took)
        return took


_yardstick = _Yardstick()


def _server_seconds() -> float:
    """Return the time of the processor that PostgreSQL has taken for this process; SQLite is in it, and needs none.

    It is told in hundredths of a second, of which all rounds together have some.
    """
    from django.db import connection

    if connection.vendor != "postgresql":
        return 0.0
    connection.ensure_connection()
    told = Path(f"/proc/{connection.connection.info.backend_pid}/stat").read_text().rpartition(")")[2].split()
    return sum(int(ticks) for ticks in told[11:13]) / os.sysconf("SC_CLK_TCK")


def _told(sql: str) -> str:
    """Return from which table a statement reads, and whether it counts."""
    table = sql.partition(" FROM ")[2].lstrip("(").partition(" ")[0].strip('"')
    if table in ("SELECT", ""):
        table = sql.partition('FROM "')[2].partition('"')[0]
    return f"{'count of ' if 'COUNT(' in sql[:20] else ''}{table}"


def _rows_looked_at(sql: str, params: Any) -> float:
    """Return at about how many rows the database looks for a statement."""
    from django.db import connection

    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(f"EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) {sql}", params)
            return _looked_at(cursor.fetchone()[0][0]["Plan"])
    connection.ensure_connection()
    # Given again to a connection that has it, it is the same function: one made for each statement once ended in a crash.
    connection.connection.set_progress_handler(_steps.more, STEPS_AT_ONCE)
    before = _steps.taken
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        cursor.fetchall()
    return (_steps.taken - before) / STEPS_OF_A_ROW


class _Steps:
    """How far SQLite's machine has got in this process, in thousands of steps."""

    def __init__(self) -> None:
        self.taken = 0
        self.more = self._more  # one object for as long as the process lives

    def _more(self) -> int:
        self.taken += STEPS_AT_ONCE
        return 0


_steps = _Steps()


def _looked_at(plan: dict[str, Any]) -> float:
    """Return the most rows that one step of a plan of PostgreSQL looked at."""
    dropped = sum(plan.get(f"Rows Removed by {what}", 0) for what in ("Filter", "Index Recheck", "Join Filter"))
    mine = (plan["Actual Rows"] + dropped) * plan["Actual Loops"]
    return max([mine, *(_looked_at(part) for part in plan.get("Plans", []))])


def _pages() -> Iterator[tuple[str, str]]:
    """Name every page of the admin that a producer can open, with its address."""
    from django.contrib import admin
    from django.urls import NoReverseMatch, reverse

    from portal.admin_pages import pages

    yield "start page", reverse("admin:index")
    for page in pages:
        if "<" not in page.route:
            yield page.name, reverse(f"admin:{page.name}")
    for model in sorted(admin.site._registry, key=lambda one: one._meta.label_lower):
        name = f"{model._meta.app_label}_{model._meta.model_name}"
        yield f"{name}, list", reverse(f"admin:{name}_changelist")
        newest = model._default_manager.order_by("-pk").values_list("pk", flat=True).first()
        if newest is not None:
            yield f"{name}, one", reverse(f"admin:{name}_change", args=[newest])
    yield from _deep_pages(reverse, NoReverseMatch)


def _deep_pages(reverse: Callable[..., str], absent: type[Exception]) -> Iterator[tuple[str, str]]:
    from campaigns.hooks import campaign_pages
    from campaigns.models import Campaign, Viewer
    from linking.models import Player

    campaign = Campaign.objects.filter(scope=Campaign.Scope.ALLOW_LIST).order_by("-starts_at")[0]
    for page in campaign_pages:
        try:
            yield f"campaign, {page.name}", reverse(f"admin:campaigns_campaign_{page.name}", args=[campaign.pk])
        except absent:  # a page of something that the campaign has
            continue
    yield "campaign with 20,000 channels", reverse("admin:campaigns_campaign_change", args=[campaign.pk])
    viewer, player = Viewer.objects.order_by("-pk")[0], Player.objects.order_by("-pk")[0]
    yield "a viewer", reverse("admin:person_viewer", args=[viewer.pk])
    yield "a player", reverse("admin:person_player", args=[player.pk])
    yield "find, a name", f"{reverse('admin:find')}?q={viewer.login or viewer.pk}"
    claims = reverse("admin:fulfillment_claim_changelist")
    for query in ("q=bench-77", "p=5", "on_platform=kick&state=delivered", f"campaign__id__exact={campaign.pk}&p=2"):
        yield f"claims?{query}", f"{claims}?{query}"
    yield "trail?q=bench-77", f"{reverse('admin:portal_auditentry_changelist')}?q=bench-77"
    yield "trail?q=portal", f"{reverse('admin:portal_auditentry_changelist')}?q=portal"
    yield "links?q", f"{reverse('admin:linking_link_changelist')}?q={viewer.login}"
    yield "viewers?q", f"{reverse('admin:campaigns_viewer_changelist')}?q={viewer.login}"
    yield "players?q", f"{reverse('admin:linking_player_changelist')}?q={player.player_id}"


def _filters(client: Any, address: str) -> Iterator[str]:
    """Yield a query for every choice of every filter that a list offers; of related rows, for the first and the last."""
    from django.contrib.admin.filters import FieldListFilter, RelatedFieldListFilter
    from django.utils import timezone

    changelist = getattr(client.get(address), "context_data", {}).get("cl")
    yesterday = (timezone.now() - timedelta(days=1)).date().isoformat()
    for spec in changelist.filter_specs if changelist else ():
        if not isinstance(spec, FieldListFilter):
            yield from (f"{spec.parameter_name}={value}" for value, _label in spec.lookup_choices if value)
        elif isinstance(spec, RelatedFieldListFilter):
            shown = [spec.lookup_choices[0], spec.lookup_choices[-1]] if spec.lookup_choices else []
            yield from dict.fromkeys(f"{spec.lookup_kwarg}={value}" for value, _label in shown)
        elif spec.field.flatchoices:
            yield from (f"{spec.lookup_kwarg}={value}" for value, _label in spec.field.flatchoices)
        elif f"{spec.field_path}_from_0" in spec.expected_parameters():
            for side in ("from", "to"):
                yield f"{spec.field_path}_{side}_0={yesterday}&{spec.field_path}_{side}_1=00%3A00%3A00"
        else:
            yield f"{spec.expected_parameters()[0]}=1"


if __name__ == "__main__":
    django.setup()
    print(json.dumps(globals()[sys.argv[1]](**json.loads(sys.argv[2]))))
