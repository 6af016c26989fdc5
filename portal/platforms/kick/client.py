"""Kick's API, as far as the portal uses it. Addresses are passed in: the sandbox has others (docs.kick.com)."""

from __future__ import annotations

from portal.platforms.calls import (
    AppToken,
    PlatformUser,
    ask_for_object,
    id_of,
    not_understood,
    only_row,
    request_app_token,
    text_of,
)
from portal.platforms.kick.signatures import KeyInvalid, load_public_key

KEY_TIME_LIMIT_SECONDS = 2.0


def fetch_public_key(api_url: str, *, timeout: float = KEY_TIME_LIMIT_SECONDS) -> str:
    """Return the PEM of the key that Kick signs webhooks with. Needs no token. Raises ``PlatformError``.

    ``GET /public/v1/public-key`` (Kick, Webhook security). What is returned can be loaded as a key.
    """
    reply = ask_for_object("GET", f"{api_url}/public/v1/public-key", timeout=timeout)
    data = reply.get("data")
    pem = data.get("public_key") if isinstance(data, dict) else None
    if not isinstance(pem, str):
        raise not_understood()
    try:
        load_public_key(pem)
    except KeyInvalid:
        raise not_understood() from None
    return pem


def get_own_user(api_url: str, *, access_token: str) -> PlatformUser:
    """Return the user whose token this is. Raises ``PlatformError``.

    ``GET /public/v1/users`` without parameters, with the scope ``user:read`` (Kick, Users).
    """
    reply = ask_for_object("GET", f"{api_url}/public/v1/users", headers={"Authorization": f"Bearer {access_token}"})
    row = only_row(reply)
    name = text_of(row.get("name"))
    return PlatformUser(
        id=id_of(row.get("user_id")), login=name, name=name, image_url=text_of(row.get("profile_picture"))
    )


def get_app_token(id_url: str, *, client_id: str, client_secret: str) -> AppToken:
    """Return a new app access token (Kick, OAuth, App access token flow). Raises ``PlatformError``."""
    return request_app_token(f"{id_url}/oauth/token", client_id=client_id, client_secret=client_secret)
