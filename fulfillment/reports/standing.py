"""How it stands with the leave to read a platform's reports, for whoever watches over the portal."""

from __future__ import annotations

from collections.abc import Collection
from typing import Literal

from fulfillment.models import ReportGrant

Standing = Literal["none", "good", "lapsed"]


def grant_standing(credential_ids: Collection[str]) -> dict[str, Standing]:
    """Return of each credential whether nobody has let the portal read reports, or somebody has, or that is over.

    One query.
    """
    rows = ReportGrant.objects.filter(credential__in=credential_ids).values_list("credential_id", "lapsed_at")
    standing: dict[str, Standing] = dict.fromkeys(credential_ids, "none")
    for credential_id, lapsed_at in rows:
        standing[credential_id] = "lapsed" if lapsed_at else "good"
    return standing
