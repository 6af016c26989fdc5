"""Users' tokens at Twitch: what the services that need one do with it (Twitch, Authentication)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from portal.platforms.calls import (
    PlatformError,
    TokenRefused,
    ask,
    ask_for_object,
    id_of,
    not_understood,
    seconds_of,
    text_of,
)
from portal.platforms.registrar import TokenFacts, UserToken

TIME_LIMIT_SECONDS = 5.0
"""So long one call may take: several are made one after the other, and a background job has 30 seconds."""


@dataclass(frozen=True)
class Tokens:
    """The calls to Twitch's token endpoints. A call may take so many ``seconds``."""

    seconds: float = TIME_LIMIT_SECONDS

    def exchange(self, id_url: str, *, client_id: str, client_secret: str, redirect_uri: str, code: str) -> UserToken:
        """Return the tokens for a code (Twitch, "Authorization code grant flow"). Raises ``PlatformError``.

        ``TokenRefused`` where the code is not taken (any more): a new consent is needed.
        """
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": redirect_uri}
        return self._grant(id_url, client_id=client_id, client_secret=client_secret, form=form)

    def refresh(self, id_url: str, *, client_id: str, client_secret: str, refresh_token: str) -> UserToken:
        """Return new tokens, both to be kept (Twitch, "Refreshing access tokens"). Raises ``PlatformError``.

        ``TokenRefused`` for 401 (the user disconnected the app or changed the password) and for 400 (invalid refresh
        token); but a 400 or 403 about the client is the studio's matter, which no user can mend.
        """
        form = {"grant_type": "refresh_token", "refresh_token": refresh_token}
        return self._grant(id_url, client_id=client_id, client_secret=client_secret, form=form)

    def validate(self, id_url: str, *, access_token: str) -> TokenFacts:
        """Return whose token it is and what it permits (Twitch, "Validating tokens"). Raises ``PlatformError``.

        ``TokenRefused`` for 401: not valid any more. Apps must ask hourly for every token they keep (L9). An app token is
        nobody's: its user id is empty.
        """
        headers = {"Authorization": f"OAuth {access_token}"}
        reply = self._ask_about_token("GET", f"{id_url}/oauth2/validate", refusals=(401,), headers=headers)
        scopes = reply.get("scopes")
        return TokenFacts(
            client_id=id_of(reply.get("client_id")),
            user_id=text_of(reply.get("user_id")),
            scopes=tuple(map(str, scopes)) if isinstance(scopes, list) else (),
            expires_in=seconds_of(reply.get("expires_in")),
        )

    def revoke(self, id_url: str, *, client_id: str, access_token: str) -> None:
        """End the token (Twitch, "Revoking access tokens"), also one that has ended: 400. Raises ``PlatformError``."""
        form = {"client_id": client_id, "token": access_token}
        try:
            ask("POST", f"{id_url}/oauth2/revoke", form=form, timeout=self.seconds)
        except PlatformError as error:
            if error.status != 400:
                raise

    def _grant(self, id_url: str, *, client_id: str, client_secret: str, form: dict[str, str]) -> UserToken:
        form = {**form, "client_id": client_id, "client_secret": client_secret}
        reply = self._ask_about_token("POST", f"{id_url}/oauth2/token", refusals=(400, 401), form=form)
        access = text_of(reply.get("access_token"))
        if not access:
            raise not_understood()
        return UserToken(
            access_token=access,
            refresh_token=text_of(reply.get("refresh_token")) or form.get("refresh_token", ""),
            expires_in=seconds_of(reply.get("expires_in")),
        )

    def _ask_about_token(self, method: str, url: str, *, refusals: tuple[int, ...], **options: Any) -> dict[str, Any]:
        try:
            return ask_for_object(method, url, timeout=self.seconds, **options)
        except PlatformError as error:
            if error.status not in refusals or (error.status == 400 and "client" in error.said.lower()):
                raise
            refused = TokenRefused(status=error.status or 0, host=error.host)
        raise refused
