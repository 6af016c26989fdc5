"""Looking up users, categories and streams at Twitch (Twitch API reference, Get Users, Get Games, Get Streams)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from portal.platforms.calls import PlatformUser, ask_for_object, id_of, rows_of, some_of, text_of
from portal.platforms.directory import Live
from portal.platforms.times import parse_time
from portal.platforms.twitch.client import headers

USERS_PER_CALL = 50
STREAMS_PER_CALL = 50
"""Twitch takes a hundred; half of that, so that users with long descriptions stay well below what the door reads (D7)."""
GAMES_PER_CALL = 100

# One bad id or login has Twitch refuse them all.
_ID = re.compile(r"\d{1,20}", re.ASCII)
_LOGIN = re.compile(r"\w{1,25}", re.ASCII)


@dataclass(frozen=True)
class HelixDirectory:
    """Looks things up; what cannot be an id or a login is not asked for."""

    def users(
        self, api_url: str, *, client_id: str, access_token: str, ids: Sequence[str] = (), logins: Sequence[str] = ()
    ) -> list[PlatformUser]:
        """Return the users. ``GET /helix/users``. Raises ``PlatformError``."""
        asked = [("id", value) for value in ids if _ID.fullmatch(value)]
        asked += [("login", value.lower()) for value in logins if _LOGIN.fullmatch(value)]
        found: dict[str, PlatformUser] = {}
        for start in range(0, len(asked), USERS_PER_CALL):
            reply = ask_for_object(
                "GET",
                f"{api_url}/helix/users",
                headers=headers(client_id, access_token),
                params=asked[start : start + USERS_PER_CALL],
            )
            for row in rows_of(reply):
                login, user_id = text_of(row.get("login")), id_of(row.get("id"))
                found[user_id] = PlatformUser(
                    id=user_id,
                    login=login,
                    name=text_of(row.get("display_name")) or login,
                    image_url=text_of(row.get("profile_image_url")),
                )
        return list(found.values())

    def categories(self, api_url: str, *, client_id: str, access_token: str, ids: Sequence[str]) -> dict[str, str]:
        """Return the names of the categories. ``GET /helix/games``. Raises ``PlatformError``."""
        found: dict[str, str] = {}
        for some in some_of([value for value in ids if _ID.fullmatch(value)], GAMES_PER_CALL):
            reply = ask_for_object(
                "GET",
                f"{api_url}/helix/games",
                headers=headers(client_id, access_token),
                params=[("id", value) for value in some],
            )
            found |= {id_of(row.get("id")): text_of(row.get("name")) for row in rows_of(reply)}
        return found

    def live(self, api_url: str, *, client_id: str, access_token: str, channel_ids: Sequence[str]) -> dict[str, Live]:
        """Return those that stream now. ``GET /helix/streams``. Raises ``PlatformError``."""
        found = {}
        for some in some_of([value for value in channel_ids if _ID.fullmatch(value)], STREAMS_PER_CALL):
            reply = ask_for_object(
                "GET",
                f"{api_url}/helix/streams",
                headers=headers(client_id, access_token),
                params=[("first", str(STREAMS_PER_CALL)), *(("user_id", value) for value in some)],
            )
            for row in rows_of(reply):
                viewers, channel_id = row.get("viewer_count"), id_of(row.get("user_id"))
                found[channel_id] = Live(
                    channel_id=channel_id,
                    category_id=text_of(row.get("game_id")),
                    category_name=text_of(row.get("game_name")),
                    title=text_of(row.get("title")),
                    started_at=parse_time(text_of(row.get("started_at"))),
                    viewers=viewers if isinstance(viewers, int) and not isinstance(viewers, bool) else None,
                )
        return found
