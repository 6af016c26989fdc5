"""CHZZK's calls, and what its documents say of refusing them."""

from __future__ import annotations

from typing import Any

from portal import platforms
from tests.portal.platforms.refusals import LIST, OURS, Calls

Z: Any = platforms.get("chzzk")

REFUSALS = Calls(
    calls={
        "list": lambda url: Z.claims_api.list_claims(url, **OURS, **LIST),
        "update": lambda url: Z.claims_api.mark_done(url, **OURS, claim_ids=["1"]),
    }
)
