"""Viewers that claims bring: made known, or their name refreshed, all in one statement, and the name before it kept (I2)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import connection, transaction
from django.db.models import Q

from campaigns.models import Viewer
from campaigns.returning import recognize_viewers
from fulfillment.former_names import Had, keep_names
from fulfillment.mapping import user_key
from fulfillment.models import Claim
from portal.ids import new_ulid


def register_viewers(claims: Sequence[Claim], *, now: datetime) -> dict[tuple[str, str, str], str]:
    """Return the viewers' ids of these claims, by organization, platform and user id; unknown viewers are entered.

    A claim that has its viewer already costs nothing. Where several claims of one viewer tell a name, the last to come in
    is believed.
    """
    known = {user_key(claim): claim.viewer_id for claim in claims if claim.viewer_id}
    names: dict[tuple[str, str, str], str] = {}
    for claim in sorted(claims, key=lambda claim: claim.received_at):
        if not claim.viewer_id:
            names[user_key(claim)] = claim.platform_user_name or names.get(user_key(claim), "")
    if not names:
        return known
    return known | _upsert(names, now=now)


def _upsert(names: dict[tuple[str, str, str], str], *, now: datetime) -> dict[tuple[str, str, str], str]:
    recognize_viewers(names)
    with transaction.atomic(savepoint=False):
        had = _names_before(names)
        known = _write(names, now=now)
        keep_names(had, now=now)
    return known


def _names_before(names: dict[tuple[str, str, str], str]) -> list[Had]:
    """Return the names that known viewers have now and will have no more. One query, none where nobody is named."""
    wanted: dict[tuple[str, str], list[str]] = {}
    for (organization, platform, user), name in names.items():
        if name:
            wanted.setdefault((organization, platform), []).append(user)
    if not wanted:
        return []
    theirs = Q()
    for (organization, platform), users in wanted.items():
        theirs |= Q(organization=organization, platform=platform, platform_user_id__in=users)
    return [
        Had(viewer.organization_id, viewer.name, viewer.created_at, viewer_id=viewer.pk)
        for viewer in Viewer.objects.filter(theirs).exclude(name="")
        if names[viewer.organization_id, viewer.platform, viewer.platform_user_id] not in (viewer.name, "")
        and viewer.name != viewer.login
    ]


def _write(names: dict[tuple[str, str, str], str], *, now: datetime) -> dict[tuple[str, str, str], str]:
    table = Viewer._meta.db_table
    moment = connection.ops.adapt_datetimefield_value(now)
    parameters: list[Any] = []
    for (organization, platform, user), name in sorted(names.items()):
        parameters += [new_ulid(), organization, platform, user, name, moment]
    rows = ", ".join(["(%s, %s, %s, %s, '', %s, %s)"] * len(names))
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {table} (id, organization_id, platform, platform_user_id, login, name, created_at) "  # noqa: S608
            f"VALUES {rows} ON CONFLICT (organization_id, platform, platform_user_id) DO UPDATE SET "
            f"name = CASE WHEN excluded.name <> '' THEN excluded.name ELSE {table}.name END "
            "RETURNING id, organization_id, platform, platform_user_id",
            parameters,
        )
        return {(organization, platform, user): key for key, organization, platform, user in cursor.fetchall()}
