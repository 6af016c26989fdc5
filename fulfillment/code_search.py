"""Finding claims by the end of their code: what a player reads out of it to support (D8)."""

from __future__ import annotations

from fulfillment.models import RewardCode
from fulfillment.rules.stock import SUFFIX
from portal.models import Organization

MOST = 50
_LEAST = 2
_DOTS = "….·"


def endings(text: str) -> set[str]:
    """Return what a text may be the end of a code as: whatever its case, with or without dots before it."""
    end = text.strip().lstrip(_DOTS)[-SUFFIX:]
    return {end, end.upper(), end.lower()} - {""}


def claims_by_code(organization: Organization, text: str) -> list[str]:
    """Return the claims whose code ends so, newest first; none for a text that is too long or too short to be an end."""
    if not _LEAST <= len(text.strip().lstrip(_DOTS)) <= SUFFIX:
        return []
    codes = RewardCode.objects.filter(organization=organization, suffix__in=endings(text), claim__isnull=False)
    return list(codes.order_by("-claim_id").values_list("claim_id", flat=True)[:MOST])
