"""Looking up users, categories and streams at Kick (Kick, Users, Channels, Categories, Livestreams).

The documentation leaves the messages to an OpenAPI file; their fields and the limits of a call are taken from client
libraries made from it, gokick (``users.go``, ``channels.go``, ``categories.go``) among them.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from portal.platforms.calls import PlatformUser, ask_for_object, id_of, not_understood, rows_of, some_of, text_of
from portal.platforms.directory import Live
from portal.platforms.kick.client import headers
from portal.platforms.times import parse_time

CHANNELS_PER_CALL = 50
CATEGORIES_PER_CALL = 25

# One bad id or slug has Kick refuse them all.
_ID = re.compile(r"\d{1,20}", re.ASCII)
_SLUG = re.compile(r"[\w-]{1,25}", re.ASCII)

_Rows = list[dict[str, Any]]


@dataclass(frozen=True)
class PublicDirectory:
    """Looks things up; what cannot be an id or a slug is not asked for."""

    def users(
        self, api_url: str, *, client_id: str, access_token: str, ids: Sequence[str] = (), logins: Sequence[str] = ()
    ) -> list[PlatformUser]:
        """Return the users. ``GET /public/v1/channels`` and ``GET /public/v1/users``. Raises ``PlatformError``.

        The slug, which is the name in addresses, is the channel's; the name and the picture are the user's. One call takes
        ids or slugs, never both.
        """
        slugs: dict[str, str] = {}
        names = [login.lower() for login in logins]
        for name, values in (("broadcaster_user_id", _only(_ID, ids)), ("slug", _only(_SLUG, names))):
            for row in _list(api_url, "v1/channels", access_token, name, values):
                slugs[id_of(row.get("broadcaster_user_id"))] = text_of(row.get("slug"))
        asked = list(dict.fromkeys([*_only(_ID, ids), *slugs]))
        found = {}
        for row in _list(api_url, "v1/users", access_token, "id", asked):
            user_id, name = id_of(row.get("user_id")), text_of(row.get("name"))
            picture = text_of(row.get("profile_picture"))
            found[user_id] = PlatformUser(
                id=user_id, login=slugs.get(user_id) or name, name=name or slugs.get(user_id, ""), image_url=picture
            )
        return list(found.values())

    def categories(self, api_url: str, *, client_id: str, access_token: str, ids: Sequence[str]) -> dict[str, str]:
        """Return the names of the categories. ``GET /public/v2/categories``. Raises ``PlatformError``.

        Ids are given in one parameter, with commas between; so does gokick. By version 1, which has them in the path, each
        would be a call, and it is to be removed (Kick, Changelog, 15 January 2026).
        """
        found = {}
        for some in some_of(_only(_ID, ids), CATEGORIES_PER_CALL):
            params = [("id", ",".join(some)), ("limit", str(CATEGORIES_PER_CALL))]
            for row in _ask(api_url, "v2/categories", access_token, params):
                found[id_of(row.get("id"))] = text_of(row.get("name"))
        return found

    def live(self, api_url: str, *, client_id: str, access_token: str, channel_ids: Sequence[str]) -> dict[str, Live]:
        """Return those that stream now. ``GET /public/v1/users/livestreams``. Raises ``PlatformError``.

        The list of livestreams cannot be narrowed to channels since its version 2, and version 1 is to be removed (Kick,
        Changelog, 23 June 2026).
        """
        found = {}
        for row in _list(api_url, "v1/users/livestreams", access_token, "user_id", _only(_ID, channel_ids)):
            channel_id = id_of(_part(row, "broadcaster_user").get("id"))
            category, viewers = _part(row, "category"), row.get("viewer_count")
            found[channel_id] = Live(
                channel_id=channel_id,
                category_id=id_of(category["id"]) if category.get("id") else "",
                category_name=text_of(category.get("name")),
                title=text_of(row.get("title")),
                started_at=parse_time(text_of(row.get("started_at"))),
                viewers=viewers if isinstance(viewers, int) and not isinstance(viewers, bool) else None,
            )
        return found


def _only(pattern: re.Pattern[str], values: Sequence[str]) -> list[str]:
    return [value for value in values if pattern.fullmatch(value)]


def _list(api_url: str, path: str, access_token: str, name: str, values: Sequence[str]) -> _Rows:
    parts = some_of(values, CHANNELS_PER_CALL)
    return [row for some in parts for row in _ask(api_url, path, access_token, [(name, value) for value in some])]


def _ask(api_url: str, path: str, access_token: str, params: list[tuple[str, str]]) -> _Rows:
    return rows_of(ask_for_object("GET", f"{api_url}/public/{path}", headers=headers(access_token), params=params))


def _part(row: dict[str, Any], name: str) -> dict[str, Any]:
    part = row.get(name)
    if part is not None and not isinstance(part, dict):
        raise not_understood()
    return part or {}
