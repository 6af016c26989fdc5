"""What counting is compared with: one row a viewer and hour with a mask, one row a viewer with the total, upserted in sets.

That is the better of the usual designs (docs/performance.md); the usual one of all is ``update_or_create`` per viewer.
"""

from __future__ import annotations

from typing import Any

import orjson
from django.db import connection, models, transaction
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt


class Progress(models.Model):
    """The usual table: one row a viewer and campaign."""

    campaign_id = models.CharField(max_length=26)
    viewer_id = models.CharField(max_length=26)
    minutes = models.IntegerField(default=0)

    class Meta:
        app_label = "bench"
        db_table = "bench_progress_orm"
        unique_together = (("campaign_id", "viewer_id"),)

    def __str__(self) -> str:
        return self.viewer_id


def make_tables() -> None:
    """Make the tables anew, empty."""
    postgres = connection.vendor == "postgresql"
    fill = " WITH (fillfactor = 60)" if postgres else " WITHOUT ROWID"
    serial = "bigserial PRIMARY KEY" if postgres else "integer PRIMARY KEY"
    text, number = ("text", "bigint") if postgres else ("text", "integer")
    with connection.cursor() as cursor:
        for name in ("bench_mask", "bench_total", "bench_list", "bench_progress_orm"):
            cursor.execute(f"DROP TABLE IF EXISTS {name}")
        cursor.execute(
            f"CREATE TABLE bench_mask (campaign {text} NOT NULL, viewer {number} NOT NULL, hour {number} NOT NULL, "
            f"mask {number} NOT NULL, PRIMARY KEY (campaign, viewer, hour)){fill}"
        )
        cursor.execute(
            f"CREATE TABLE bench_total (campaign {text} NOT NULL, viewer {number} NOT NULL, minutes {number} NOT NULL, "
            f"PRIMARY KEY (campaign, viewer)){fill}"
        )
        cursor.execute(f"CREATE TABLE bench_list (channel {number}, viewer {number}, PRIMARY KEY (channel, viewer))")
        cursor.execute(
            f"CREATE TABLE bench_progress_orm (id {serial}, campaign_id {text} NOT NULL, viewer_id {text} NOT NULL, "
            "minutes integer NOT NULL, UNIQUE (campaign_id, viewer_id))"
        )


def update_or_create(campaign: str, ids: list[str]) -> None:
    """Credit a minute as a usual Django project does: row by row, in one transaction."""
    with transaction.atomic():
        for one in ids:
            row, created = Progress.objects.update_or_create(
                campaign_id=campaign, viewer_id=one, create_defaults={"minutes": 1}, defaults={}
            )
            if not created:
                row.minutes += 1
                row.save(update_fields=["minutes"])


def fill_list(channels: int, viewers: int) -> None:
    """Put the viewers of each channel into a table, from which the database works alone."""
    rows = [(channel, channel * viewers + number) for channel in range(channels) for number in range(viewers)]
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.executemany("INSERT INTO bench_list (channel, viewer) VALUES (%s, %s)", rows)
        if connection.vendor == "postgresql":
            cursor.execute("ANALYZE bench_list")


def upsert_alone(campaign: str, minute: int, channels: int) -> None:
    """Credit a minute by the database alone, a heartbeat a statement: masks, then the totals of who was new."""
    for channel in range(channels):
        _upsert(campaign, minute, f"(SELECT viewer FROM bench_list WHERE channel = {channel}) AS l", [])


def upsert_from_json(body: bytes, *, campaign: str, organization: str, minute: int) -> None:
    """Read a heartbeat's JSON and credit it at once: viewers found by their ids, masks, totals, in one transaction."""
    ids = orjson.loads(body)["viewer_list"]
    if connection.vendor == "postgresql":
        join = "JOIN"
        given, parameter = "unnest(%s::text[]) AS g(value)", "{" + ",".join(ids) + "}"
    else:
        join = "CROSS JOIN"  # so that SQLite begins with the list
        given, parameter = "json_each(%s) AS g", orjson.dumps(ids).decode()
    source = (
        f"(SELECT w.number AS viewer FROM {given} {join} campaigns_viewer v ON v.organization_id = %s "
        f"AND v.platform = 'kick' AND v.platform_user_id = g.value {join} campaigns_watcher w ON w.viewer_id = v.id) AS l"
    )
    _upsert(campaign, minute, source, [parameter, organization])


def _upsert(campaign: str, minute: int, source: str, parameters: list[Any]) -> None:
    hour, bit = minute // 60, 1 << (minute % 60)
    masks = (
        f"INSERT INTO bench_mask (campaign, viewer, hour, mask) SELECT %s, viewer, {hour}, {bit} FROM {source} "
        "WHERE TRUE ORDER BY viewer ON CONFLICT (campaign, viewer, hour) DO UPDATE SET mask = bench_mask.mask | excluded.mask "
        "WHERE bench_mask.mask & excluded.mask = 0 RETURNING viewer"
    )
    totals = (
        "INSERT INTO bench_total (campaign, viewer, minutes) SELECT %s, viewer, 1 FROM {new} WHERE TRUE ORDER BY viewer "
        "ON CONFLICT (campaign, viewer) DO UPDATE SET minutes = bench_total.minutes + 1"
    )
    with transaction.atomic(), connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(f"WITH new AS ({masks}) {totals.format(new='new')}", [campaign, *parameters, campaign])
            return
        cursor.execute(masks, [campaign, *parameters])
        new = orjson.dumps([row[0] for row in cursor.fetchall()]).decode()
        cursor.execute(totals.format(new="(SELECT value AS viewer FROM json_each(%s)) AS n"), [campaign, new])


def total_minutes(campaign: str) -> int:
    """Return all minutes of a campaign."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT COALESCE(SUM(minutes), 0) FROM bench_total WHERE campaign = %s", [campaign])
        return int(cursor.fetchone()[0])


@csrf_exempt
def credit_in_request(request: HttpRequest, campaign: str, organization: str, minute: int) -> HttpResponse:
    """Credit a heartbeat while its sender waits."""
    upsert_from_json(request.body, campaign=campaign, organization=organization, minute=minute)
    return HttpResponse(status=204)
