"""The game backend: checks a delivery, gives the item once, and answers as its producer told it to."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction

from portal.sandbox.models import (
    BackendMode,
    GameBackend,
    GrantedItem,
    ReceivedDelivery,
)
from portal.sandbox.signing import delivery_fault

#: Modes in which the game does its work, whatever the caller then gets to see.
GIVING_MODES = {
    BackendMode.NORMAL.value,
    BackendMode.SLOW.value,
    BackendMode.HUGE.value,
}

ANSWERS = {
    BackendMode.NORMAL.value: "204",
    BackendMode.SERVER_ERROR.value: "500",
    BackendMode.NOT_FOUND.value: "404",
    BackendMode.GONE.value: "410",
    BackendMode.TOO_MANY.value: "429, Retry-After {seconds}",
    BackendMode.SLOW.value: "204 after {seconds} s",
    BackendMode.HANG.value: "nothing; closed after {seconds} s",
    BackendMode.CLOSE.value: "nothing; closed at once",
    BackendMode.REDIRECT.value: "307",
    BackendMode.HUGE.value: "200 with 10 GB",
}


@dataclass(frozen=True)
class Delivery:
    """One request as it arrived."""

    message_id: str
    timestamp: str
    signature_header: str
    body: bytes


@dataclass(frozen=True)
class Verdict:
    """What the game made of a request: 0 stands for "answer as the mode says"."""

    status: int
    note: str


def receive(*, backend: GameBackend, delivery: Delivery, now: datetime) -> Verdict:
    """Check, record, and (if the mode works at all) give the item, once for each message id."""
    fault = delivery_fault(
        secret=backend.signing_secret,
        message_id=delivery.message_id,
        timestamp=delivery.timestamp,
        signature_header=delivery.signature_header,
        body=delivery.body,
        now_seconds=now.timestamp(),
    )
    with transaction.atomic():
        verdict = _judge(backend=backend, delivery=delivery, fault=fault, now=now)
        answered = str(verdict.status) if verdict.status else ANSWERS[backend.mode].format(seconds=backend.seconds)
        record(
            backend=backend,
            delivery=delivery,
            verified=not fault,
            note=verdict.note,
            answered=answered,
            now=now,
        )
    return verdict


def _judge(*, backend: GameBackend, delivery: Delivery, fault: str, now: datetime) -> Verdict:
    if backend.mode not in GIVING_MODES:
        return Verdict(0, fault or "Not looked at: the game was told to fail.")
    if fault:
        return Verdict(401, fault)
    try:
        player_id, item = read_item(delivery.body)
    except ValueError as reason:
        return Verdict(400, str(reason))
    _, created = GrantedItem.objects.get_or_create(
        backend=backend,
        message_id=delivery.message_id,
        defaults={"player_id": player_id, "item": item, "granted_at": now},
    )
    return Verdict(
        0,
        f"Gave {item} to {player_id}." if created else f"{player_id} already had it from this delivery.",
    )


def read_item(body: bytes) -> tuple[str, str]:
    """Player id and item of a delivery's body. Raises ValueError in plain words.

    The item is the reward's external id; for a reward without one, its id at the portal.
    """
    try:
        content = json.loads(body)
    except ValueError as fault:
        raise ValueError("The body is not JSON.") from fault
    player_id = _text_at(content, "data", "player", "id")
    item = _text_at(content, "data", "reward", "external_id") or _text_at(content, "data", "reward", "id")
    if not player_id:
        raise ValueError("The body names no player: data.player.id is missing.")
    if not item:
        raise ValueError("The body names no item: data.reward.external_id is missing.")
    return player_id, item


def _text_at(content: Any, *keys: str) -> str:
    """The text at the end of a path of keys; empty if there is none."""
    for key in keys:
        content = content.get(key) if isinstance(content, dict) else None
    return content[:200] if isinstance(content, str) else ""


def record(
    *,
    backend: GameBackend,
    delivery: Delivery,
    verified: bool,
    note: str,
    answered: str,
    now: datetime,
) -> None:
    """Keep one request; its first 4,000 characters."""
    earlier = ReceivedDelivery.objects.filter(backend=backend, message_id=delivery.message_id).count()
    ReceivedDelivery.objects.create(
        backend=backend,
        message_id=delivery.message_id[:200],
        times_seen=earlier + 1,
        verified=verified,
        note=note[:300],
        body=delivery.body.decode("utf-8", "replace")[:4000],
        answered=answered,
        received_at=now,
    )
