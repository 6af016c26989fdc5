"""Claims that the portal made up itself, to try what follows from a platform's message. Pure."""

from __future__ import annotations

from enum import StrEnum

_PREFIX = "simulated-"


class Scenario(StrEnum):
    """What is tried."""

    SINGLE = "single"
    BATCH = "batch"
    DUPLICATE = "duplicate"
    LATE = "late"
    UNLINKED = "unlinked"
    UNMAPPED = "unmapped"
    BAD_SIGNATURE = "bad_signature"


def simulated_id(ulid: str) -> str:
    """Return the id of a made-up claim, as no platform makes one."""
    return f"{_PREFIX}{ulid}"


def is_simulated(platform_claim_id: str) -> bool:
    """Whether a claim was made up: its platform does not know it, so it is not told of it (F6)."""
    return platform_claim_id.startswith(_PREFIX)
