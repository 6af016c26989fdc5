"""Messages that a platform might send, made by the portal itself so that a studio can try what follows from them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol


@dataclass(frozen=True, kw_only=True)
class SimulatedGrant:
    """What one made-up claim says. ``granted_at`` is in UTC."""

    claim_id: str
    user_id: str
    user_name: str
    campaign_id: str
    reward_id: str
    external_id: str
    category_id: str
    organization_id: str
    granted_at: datetime


@dataclass(frozen=True)
class SimulatedMessage:
    """One message as the platform's documents describe it: its headers and the bytes that were signed."""

    headers: Mapping[str, str]
    body: bytes


class Simulator(Protocol):
    """How a platform's claim messages are made."""

    signs: bool
    """Whether ``secret`` signs them as the platform would. Kick signs with a key that nobody else has."""
    batches: bool
    """Whether one message may hold several claims."""

    def message(
        self, grants: Sequence[SimulatedGrant], *, secret: str, message_id: str, now: datetime
    ) -> SimulatedMessage:
        """Return the message that tells of these claims, one alone where the platform does not batch."""


def written(moment: datetime, *, digits: int = 0) -> str:
    """Return a time as platforms write it: RFC 3339 in UTC with so many digits of fraction."""
    moment = moment.astimezone(UTC)
    fraction = f".{moment.microsecond:06d}000"[: digits + 1] if digits else ""
    return f"{moment:%Y-%m-%dT%H:%M:%S}{fraction}Z"


def compact(content: Any) -> bytes:
    """Return JSON without blanks."""
    return json.dumps(content, separators=(",", ":")).encode()
