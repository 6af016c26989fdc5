"""Looking up what a platform knows of users, categories and streams, with an app token of the organization's own app."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from portal.platforms.calls import PlatformUser


@dataclass(frozen=True, kw_only=True)
class Live:
    """That a channel streams now. ``viewers`` is None where the platform does not tell."""

    channel_id: str
    category_id: str
    category_name: str
    title: str
    started_at: datetime | None
    viewers: int | None


class Directory(Protocol):
    """Every call may raise ``PlatformError`` and is safe to repeat. More is asked for in as many calls as it takes."""

    def users(
        self, api_url: str, *, client_id: str, access_token: str, ids: Sequence[str] = (), logins: Sequence[str] = ()
    ) -> list[PlatformUser]:
        """Return the users, who are the channels too, that have these ids or logins; unknown ones are missing."""

    def categories(self, api_url: str, *, client_id: str, access_token: str, ids: Sequence[str]) -> dict[str, str]:
        """Return the names of the categories with these ids; unknown ones are missing."""

    def live(self, api_url: str, *, client_id: str, access_token: str, channel_ids: Sequence[str]) -> dict[str, Live]:
        """Return those of these channels that stream now."""
