"""Twitch's API, as far as the portal uses it. Addresses are passed in: the sandbox has others (dev.twitch.tv/docs)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from portal.platforms.calls import (
    AppToken,
    PlatformUser,
    ask_for_object,
    id_of,
    only_row,
    request_app_token,
    rows_of,
    text_of,
)

AUTHORIZATIONS_PER_CALL = 10


def get_own_user(api_url: str, *, client_id: str, access_token: str) -> PlatformUser:
    """Return the user whose token this is. Raises ``PlatformError``.

    ``GET /helix/users`` without parameters (Twitch API reference, Get Users). No scope is needed.
    """
    reply = ask_for_object("GET", f"{api_url}/helix/users", headers=headers(client_id, access_token))
    row = only_row(reply)
    login = text_of(row.get("login"))
    return PlatformUser(
        id=id_of(row.get("id")),
        login=login,
        name=text_of(row.get("display_name")) or login,
        image_url=text_of(row.get("profile_image_url")),
    )


def get_app_token(id_url: str, *, client_id: str, client_secret: str) -> AppToken:
    """Return a new app access token (Twitch, Client credentials grant flow). Raises ``PlatformError``."""
    return request_app_token(f"{id_url}/oauth2/token", client_id=client_id, client_secret=client_secret)


def get_authorizations(
    api_url: str, *, client_id: str, access_token: str, user_ids: Sequence[str]
) -> dict[str, tuple[str, ...]]:
    """Return, of at most ten users, those who authorize the app, each with the scopes they granted (L9).

    ``GET /helix/authorization/users`` with an app token (Twitch API reference, Get Authorization By User). A user who
    is missing from the result is taken not to be linked any more. Raises ``PlatformError``, and ``ValueError`` for
    more than ten users.
    """
    if not 1 <= len(user_ids) <= AUTHORIZATIONS_PER_CALL:
        raise ValueError(f"between 1 and {AUTHORIZATIONS_PER_CALL} users can be asked for, not {len(user_ids)}")
    reply = ask_for_object(
        "GET",
        f"{api_url}/helix/authorization/users",
        headers=headers(client_id, access_token),
        params=[("user_id", user_id) for user_id in user_ids],
    )
    authorizations = {}
    for row in rows_of(reply):
        scopes = row.get("scopes")
        authorizations[id_of(row.get("user_id"))] = tuple(map(str, scopes)) if isinstance(scopes, list) else ()
    return authorizations


@dataclass(frozen=True)
class AuthorizedUsers:
    """Asks Twitch who authorizes the app."""

    users_per_call = AUTHORIZATIONS_PER_CALL

    def read(
        self, api_url: str, *, client_id: str, access_token: str, user_ids: Sequence[str]
    ) -> dict[str, tuple[str, ...]]:
        """Return those of at most ten users who authorize the app, with their scopes. Raises ``PlatformError``."""
        return get_authorizations(api_url, client_id=client_id, access_token=access_token, user_ids=user_ids)


def headers(client_id: str, access_token: str) -> dict[str, str]:
    """Return what every call to Helix carries: the client id must be the token's own (Twitch API guide)."""
    return {"Authorization": f"Bearer {access_token}", "Client-Id": client_id}
