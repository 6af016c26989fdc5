"""Twitch's Viewer Heartbeat Service: connecting a user to it, and the user's token with which that is done.

The calls are of Twitch's API version 5 (Kraken): "Create / Check / Delete User Connection to Viewer Heartbeat Service
(VHS)" of its Users reference, which the Drops Guide names in step 4. How they are called is told by Twitch's own sample
for account linking with VHS (``PUT https://api.twitch.tv/kraken/user/vhs``, JSON with ``identifier``, scope
``viewing_activity_read``); what they answer, by the comments of client libraries that copied the reference (404, 409 and
422). Where success is only presumed to be 204, any status of success is taken.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from portal.platforms.calls import (
    LONGEST_LIFE_SECONDS,
    PlatformError,
    TokenRefused,
    ask,
    ask_for_object,
    id_of,
    not_understood,
    text_of,
)
from portal.platforms.registrar import TokenFacts, UserToken

TIME_LIMIT_SECONDS = 5.0
"""So long one call may take: several are made one after the other, and a background job has 30 seconds."""


@dataclass(frozen=True)
class ViewerHeartbeatService:
    """Registers viewers with Twitch's heartbeat service. A call may take so many ``seconds``."""

    seconds: float = TIME_LIMIT_SECONDS
    scopes: tuple[str, ...] = ("viewing_activity_read",)
    """Drops Guide, step 1: "To be able to hit the VHS endpoint, specify the viewing_activity_read scope"."""

    def create(self, api_url: str, *, client_id: str, access_token: str, identifier: str) -> None:
        """Connect the token's user, to be named ``identifier`` in each heartbeat; again is the same. Raises ``PlatformError``.

        401: the token is not valid or lacks the scope. 409: the identifier belongs to another Twitch user. 422: no
        heartbeat endpoint is set up for this client id (Users reference, Create User Connection to VHS).
        """
        headers = _headers(client_id, access_token)
        ask("PUT", _address(api_url), headers=headers, json={"identifier": identifier}, timeout=self.seconds)

    def check(self, api_url: str, *, client_id: str, access_token: str) -> str | None:
        """Return the identifier that the token's user is connected under, None where not connected. Raises ``PlatformError``.

        404 is how Twitch says *not connected* (Users reference, Check User Connection to VHS). The reference asks for
        the scope ``user_read``, which the portal does not: a refusal for want of it says nothing about the connection.
        """
        headers = _headers(client_id, access_token)
        try:
            reply = ask_for_object("GET", _address(api_url), headers=headers, timeout=self.seconds)
        except PlatformError as error:
            if error.status != 404:
                raise
            return None
        return id_of(reply.get("identifier"))

    def delete(self, api_url: str, *, client_id: str, access_token: str) -> None:
        """End the connection of the token's user, also where there is none. Raises ``PlatformError``.

        Users reference, Delete User Connection to VHS.
        """
        try:
            ask("DELETE", _address(api_url), headers=_headers(client_id, access_token), timeout=self.seconds)
        except PlatformError as error:
            if error.status != 404:
                raise

    def refresh(self, id_url: str, *, client_id: str, client_secret: str, refresh_token: str) -> UserToken:
        """Return new tokens, both to be kept (Twitch, "Refreshing access tokens"). Raises ``PlatformError``.

        ``TokenRefused`` for 401 (the user disconnected the app or changed the password) and for 400 (invalid refresh
        token); but a 400 or 403 about the client is the studio's matter, which no viewer can mend.
        """
        form = {
            "grant_type": "refresh_token",
            "refresh_token": refresh_token,
            "client_id": client_id,
            "client_secret": client_secret,
        }
        reply = self._ask_about_token("POST", f"{id_url}/oauth2/token", refusals=(400, 401), form=form)
        access = text_of(reply.get("access_token"))
        if not access:
            raise not_understood()
        return UserToken(
            access_token=access,
            refresh_token=text_of(reply.get("refresh_token")) or refresh_token,
            expires_in=_seconds(reply),
        )

    def validate(self, id_url: str, *, access_token: str) -> TokenFacts:
        """Return whose token it is and what it permits (Twitch, "Validating tokens"). Raises ``PlatformError``.

        ``TokenRefused`` for 401: not valid any more. Apps must ask hourly for every token they keep (L9).
        """
        headers = {"Authorization": f"OAuth {access_token}"}
        reply = self._ask_about_token("GET", f"{id_url}/oauth2/validate", refusals=(401,), headers=headers)
        scopes = reply.get("scopes")
        return TokenFacts(
            client_id=id_of(reply.get("client_id")),
            user_id=text_of(reply.get("user_id")),
            scopes=tuple(map(str, scopes)) if isinstance(scopes, list) else (),
            expires_in=_seconds(reply),
        )

    def revoke(self, id_url: str, *, client_id: str, access_token: str) -> None:
        """End the token (Twitch, "Revoking access tokens"), also one that has ended: 400. Raises ``PlatformError``."""
        form = {"client_id": client_id, "token": access_token}
        try:
            ask("POST", f"{id_url}/oauth2/revoke", form=form, timeout=self.seconds)
        except PlatformError as error:
            if error.status != 400:
                raise

    def _ask_about_token(self, method: str, url: str, *, refusals: tuple[int, ...], **options: Any) -> dict[str, Any]:
        try:
            return ask_for_object(method, url, timeout=self.seconds, **options)
        except PlatformError as error:
            if error.status not in refusals or (error.status == 400 and "client" in error.said.lower()):
                raise
            refused = TokenRefused(status=error.status or 0, host=error.host)
        raise refused


def _address(api_url: str) -> str:
    return f"{api_url}/kraken/user/vhs"


def _headers(client_id: str, access_token: str) -> dict[str, str]:
    return {
        "Accept": "application/vnd.twitchtv.v5+json",
        "Client-ID": client_id,
        "Authorization": f"OAuth {access_token}",
    }


def _seconds(reply: Mapping[str, Any]) -> int | None:
    """Return how long a token lives; None where it is not told. 0 stands for a token that does not expire."""
    value = reply.get("expires_in")
    if not isinstance(value, int) or isinstance(value, bool) or value <= 0:
        return None
    return min(value, LONGEST_LIFE_SECONDS)
