"""Twitch's Viewer Heartbeat Service: connecting a user to it, and the user's token with which that is done.

The calls are of Twitch's API version 5 (Kraken): "Create / Check / Delete User Connection to Viewer Heartbeat Service
(VHS)" of its Users reference, which the Drops Guide names in step 4. How they are called is told by Twitch's own sample
for account linking with VHS (``PUT https://api.twitch.tv/kraken/user/vhs``, JSON with ``identifier``, scope
``viewing_activity_read``); what they answer, by the comments of client libraries that copied the reference (404, 409 and
422). Where success is only presumed to be 204, any status of success is taken.
"""

from __future__ import annotations

from dataclasses import dataclass

from portal.platforms.calls import PlatformError, ask, ask_for_object, id_of
from portal.platforms.twitch.tokens import Tokens


@dataclass(frozen=True)
class ViewerHeartbeatService(Tokens):
    """Registers viewers with Twitch's heartbeat service. A call may take so many ``seconds``."""

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


def _address(api_url: str) -> str:
    return f"{api_url}/kraken/user/vhs"


def _headers(client_id: str, access_token: str) -> dict[str, str]:
    return {
        "Accept": "application/vnd.twitchtv.v5+json",
        "Client-ID": client_id,
        "Authorization": f"OAuth {access_token}",
    }
