"""What the higher app hangs into linking, from its ``AppConfig.ready()``.

``link_changed`` is called inside the transaction that makes or ends a link, so that the viewer's waiting claims are
looked at again (L7) or those never attempted go back to waiting (L6).
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from linking.models import Link

link_changed: list[Callable[[Link, datetime], None]] = []


def call_link_changed(link: Link, now: datetime) -> None:
    """Tell whoever keeps claims that this link was made or has ended."""
    for hook in link_changed:
        hook(link, now)
