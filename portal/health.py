"""Whether this process is alive and whether the portal can do its work (O3)."""

from __future__ import annotations

from collections.abc import Callable

from django.core.cache import cache
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache

readiness: dict[str, Callable[[], str]] = {}
"""What the apps add: a name, and a function that returns a problem in words or nothing."""


@never_cache
def healthz(request: HttpRequest) -> HttpResponse:
    """Answer 200: the process is alive. Nothing else is asked."""
    return HttpResponse("ok", content_type="text/plain")


@never_cache
def readyz(request: HttpRequest) -> HttpResponse:
    """Answer 200 with every check's result, or 503 where one found a problem."""
    checks = {"database": _database, "migrations": _migrations, "cache": _cache, **readiness}
    problems: dict[str, str] = {}
    for name, check in checks.items():
        try:
            problems[name] = check()
        except DatabaseError as error:
            problems[name] = type(error).__name__
    status = 503 if any(problems.values()) else 200
    return JsonResponse({"ready": status == 200, "checks": {n: p or "ok" for n, p in problems.items()}}, status=status)


def _database() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return ""


def _migrations() -> str:
    executor = MigrationExecutor(connection)
    waiting = executor.migration_plan(executor.loader.graph.leaf_nodes())
    return f"{len(waiting)} migrations are not applied: run manage.py migrate" if waiting else ""


def _cache() -> str:
    cache.set("readyz", "1", 30)
    return "" if cache.get("readyz") == "1" else "what was written to the cache did not come back"
