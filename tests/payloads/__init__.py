"""The recorded messages, read. See README.md beside this file."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).parent
SECRET = "lab-secret-0123456789"
TWITCH_SECRET = SECRET


@dataclass(frozen=True)
class Recorded:
    """One request as it was sent."""

    headers: dict[str, str]
    body: bytes
    public_key: str = ""


def kick_claim() -> Recorded:
    """Return the recorded Kick claim, with the key that it was signed with."""
    record = json.loads((FOLDER / "kick" / "drop-valid.json").read_text())
    return Recorded(headers=record["headers"], body=record["body"].encode(), public_key=record["public_key"])


def chzzk_claim() -> Recorded:
    """Return the CHZZK claim that was written by hand."""
    record = json.loads((FOLDER / "chzzk" / "claim.json").read_text())
    return Recorded(headers=record["headers"], body=record["body"].encode())


def twitch_notification() -> Recorded:
    """Return the recorded grant of one entitlement."""
    return _twitch("01-notification.json")


def twitch_verification() -> Recorded:
    """Return the recorded challenge."""
    return _twitch("02-verification.json")


def _twitch(name: str) -> Recorded:
    record = json.loads((FOLDER / "twitch-eventsub" / name).read_text())
    return Recorded(headers=dict(record["headers"]), body=base64.b64decode(record["body_b64"]))
