"""Kick's API, as far as the portal uses it. Addresses are passed in: the sandbox has others (docs.kick.com)."""

from __future__ import annotations

import time
from dataclasses import dataclass

from portal.platforms.calls import (
    AppToken,
    PlatformError,
    PlatformUser,
    TokenRefused,
    ask,
    ask_for_object,
    id_of,
    not_understood,
    only_row,
    request_app_token,
    seconds_of,
    text_of,
)
from portal.platforms.kick.signatures import KeyInvalid, load_public_key
from portal.platforms.registrar import TokenFacts

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
    reply = ask_for_object("GET", f"{api_url}/public/v1/users", headers=headers(access_token))
    row = only_row(reply)
    name = text_of(row.get("name"))
    return PlatformUser(
        id=id_of(row.get("user_id")), login=name, name=name, image_url=text_of(row.get("profile_picture"))
    )


def get_app_token(id_url: str, *, client_id: str, client_secret: str) -> AppToken:
    """Return a new app access token (Kick, OAuth, App access token flow). Raises ``PlatformError``."""
    return request_app_token(f"{id_url}/oauth/token", client_id=client_id, client_secret=client_secret)


@dataclass(frozen=True)
class KickTokens:
    """The calls about tokens, users' and apps' alike (Kick, OAuth)."""

    def validate(self, id_url: str, *, access_token: str) -> TokenFacts:
        """Return what Kick says of the token. ``POST /oauth/token/introspect``. Raises ``PlatformError``.

        ``TokenRefused`` for 401 and for a token that Kick calls not active. Whose it is Kick does not say (Kick, OAuth,
        Token Introspect Endpoint).
        """
        try:
            reply = ask_for_object("POST", f"{id_url}/oauth/token/introspect", headers=headers(access_token))
        except PlatformError as error:
            if error.status != 401:
                raise
            refused = TokenRefused(status=401, host=error.host)
        else:
            facts = reply.get("data")
            if not isinstance(facts, dict):
                raise not_understood()
            if facts.get("active") is True:
                ends = facts.get("exp")
                return TokenFacts(
                    client_id=id_of(facts.get("client_id")),
                    user_id="",
                    scopes=tuple(text_of(facts.get("scope")).split()),
                    expires_in=seconds_of(ends - int(time.time())) if isinstance(ends, int) else None,
                )
            refused = TokenRefused(status=200)
        raise refused

    def revoke(self, id_url: str, *, client_id: str, access_token: str) -> None:
        """End the token. ``POST /oauth/revoke`` (Kick, OAuth, Revoke Token Endpoint). Raises ``PlatformError``.

        What is answered for a token that has ended is not documented; 400 and 401 are taken for it.
        """
        params = {"token": access_token, "token_hint_type": "access_token"}
        try:
            ask("POST", f"{id_url}/oauth/revoke", params=params)
        except PlatformError as error:
            if error.status not in (400, 401):
                raise


def headers(access_token: str) -> dict[str, str]:
    """Return what every call to Kick's API carries."""
    return {"Authorization": f"Bearer {access_token}"}
