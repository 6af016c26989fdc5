"""Who is to be registered (L10): wanted when a link is made, unwanted when the viewer's last one under the credential ends."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django_q.tasks import async_task

from campaigns.heartbeats.again import count_again
from campaigns.models import HeartbeatSource, RegisteredIdentifier, Viewer
from campaigns.registering.tokens import ViewerToken
from campaigns.rules.registering import SETTLE
from portal import platforms

State = RegisteredIdentifier.State

STANDING = (State.WANTED, State.REGISTERED, State.LAPSED)
"""The states of a viewer who has a link: heartbeats may name the viewer."""

NO_TOKEN = "no_token"

_TOKENS = ("access_token", "refresh_token")


def scopes_to_register(game_ids: Collection[str]) -> dict[tuple[str, str], tuple[str, ...]]:
    """Return, by game and platform, the permissions that registering needs (L3): of the games that have a source for it.

    One query, however many games.
    """
    found = (
        HeartbeatSource.objects.filter(
            game__in=game_ids, identifiers=HeartbeatSource.Identifiers.REGISTERED, enabled=True
        )
        .values_list("game_id", "platform")
        .distinct()
    )
    needed = {}
    for game_id, platform in found:
        registrar = platforms.get(platform).registrar if platforms.is_known(platform) else None
        if registrar is not None:
            needed[game_id, platform] = registrar.scopes
    return needed


def viewers_with_consent(viewer_ids: Collection[str]) -> set[str]:
    """Return those of the viewers who are registered or about to be: their consent is good. One query."""
    good = RegisteredIdentifier.objects.filter(viewer__in=viewer_ids, state__in=(State.WANTED, State.REGISTERED))
    return set(good.values_list("viewer_id", flat=True))


def want_identifiers(*, game_id: str, viewer: Viewer, token: ViewerToken | None, now: datetime) -> int:
    """Have a viewer registered under every credential that the game's sources use; return how many those are.

    For the transaction that makes a link, or notes new consent on one. Once for each credential and viewer, however
    often it is called. Without a ``token`` a viewer who has none kept is noted as needing consent.
    """
    credentials = (
        HeartbeatSource.objects.filter(
            game=game_id,
            platform=viewer.platform,
            identifiers=HeartbeatSource.Identifiers.REGISTERED,
            enabled=True,
        )
        .order_by("credential")
        .values_list("credential_id", flat=True)
        .distinct()
    )
    wanted = [key for key in credentials if key is not None] if platforms.get(viewer.platform).registers_viewers else []
    with transaction.atomic():
        for credential_id in wanted:
            _want(credential_id, viewer, token, now=now)
    return len(wanted)


def unwant_identifiers(*, viewer_ids: Collection[str], now: datetime) -> int:
    """Have the viewers' registrations removed; return how many there were. For the transaction that ends a last link.

    A token is kept until the platform was told to forget the viewer, a day at most; one that works no more goes at once.
    """
    rows = RegisteredIdentifier.objects.filter(viewer__in=viewer_ids)
    lapsed = rows.filter(state=State.LAPSED).update(
        state=State.UNWANTED, due_at=None, attempts=0, last_error="", checked_at=now, **blank()
    )
    due = now + SETTLE
    removed = rows.filter(state__in=(State.WANTED, State.REGISTERED)).update(
        state=State.UNWANTED, due_at=due, attempts=0, last_error=""
    )
    return lapsed + removed


def note_unregistered(*, credential_id: str, viewer_ids: Collection[str], organization_id: str, now: datetime) -> int:
    """Note linked viewers, whose tokens were never kept, as needing consent; return how many are new."""
    known = RegisteredIdentifier.objects.filter(credential=credential_id, viewer__in=viewer_ids)
    missing = sorted(set(viewer_ids) - set(known.values_list("viewer_id", flat=True)))
    rows = [
        RegisteredIdentifier(
            credential_id=credential_id, viewer_id=key, state=State.LAPSED, wanted_at=now, last_error=NO_TOKEN
        )
        for key in missing
    ]
    with transaction.atomic():
        RegisteredIdentifier.objects.bulk_create(rows, ignore_conflicts=True)
        if rows:
            count_again(organization_id=organization_id, now=now)
    return len(rows)


def blank() -> dict[str, Any]:
    """Return the fields of a row without tokens."""
    return {"access_token": "", "refresh_token": "", "token_expires_at": None, "registered_at": None}


def _want(credential_id: str, viewer: Viewer, token: ViewerToken | None, *, now: datetime) -> None:
    fresh = _state_with(token, now)
    row = _locked(credential_id, viewer.pk)
    if row is None:
        try:
            with transaction.atomic():
                RegisteredIdentifier.objects.create(credential_id=credential_id, viewer=viewer, wanted_at=now, **fresh)
        except IntegrityError:  # another link of the viewer was made at this moment
            row = _locked(credential_id, viewer.pk)
            if row is None:
                raise
    if row is not None:
        changes = _changes(row, token, fresh, now=now)
        if changes:
            RegisteredIdentifier.objects.filter(pk=row.pk).update(**changes)
    if row is None or row.state == State.UNWANTED:
        count_again(organization_id=viewer.organization_id, broadcaster=viewer.pk, now=now)
    if token is not None:
        transaction.on_commit(start_soon, robust=True)


def _locked(credential_id: str, viewer_id: str) -> RegisteredIdentifier | None:
    # Without the tokens: one that cannot be decrypted any more is no reason to refuse a link.
    rows = RegisteredIdentifier.objects.select_for_update().defer(*_TOKENS)
    return rows.filter(credential=credential_id, viewer=viewer_id).first()


def _state_with(token: ViewerToken | None, now: datetime) -> dict[str, Any]:
    if token is None:
        return {"state": State.LAPSED, "due_at": None, "last_error": NO_TOKEN, **blank()}
    return {
        "state": State.WANTED,
        "due_at": now,
        "attempts": 0,
        "last_error": "",
        "access_token": token.access_token,
        "refresh_token": token.refresh_token,
        "token_expires_at": token.expires_at,
        "validated_at": now,
    }


def _changes(
    row: RegisteredIdentifier, token: ViewerToken | None, fresh: dict[str, Any], *, now: datetime
) -> dict[str, Any]:
    """Return what a link, new or confirmed, changes in a row that is there."""
    coming_back = {"wanted_at": now, "checked_at": None} if row.state == State.UNWANTED else {}
    being_removed = row.state == State.UNWANTED and row.due_at is not None
    if being_removed:  # a removal may be under way: what is wanted now must come after it
        coming_back["due_at"] = now + SETTLE
    if token is not None:
        return {**fresh, **coming_back}
    if being_removed:  # the token is still there
        return {"state": State.WANTED, "attempts": 0, "last_error": "", **coming_back}
    return {**fresh, **coming_back} if row.state == State.UNWANTED else {}


def start_soon() -> None:
    """Have a background process register what is wanted. Should this be lost, the schedule finds it."""
    async_task("campaigns.tasks.register_viewers")
