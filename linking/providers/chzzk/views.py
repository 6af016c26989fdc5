"""CHZZK's sign-in (CHZZK, Authorization, 1.1 and 1.2; user info: CHZZK, User, GET /open/v1/users/me).

Names are its own, what is sent for a code is JSON and has the state in it again, and answers come in an envelope (CHZZK, API,
notes). There is neither PKCE nor a scope. What comes back where somebody does not consent is not documented.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from allauth.socialaccount.providers.oauth2.views import OAuth2CallbackView

from linking.providers.base import PlatformOAuth2Adapter, PlatformOAuth2Client


class ChzzkOAuth2Client(PlatformOAuth2Client):
    """Asks for consent and for tokens in CHZZK's form."""

    def get_redirect_url(self, authorization_url: str, scope: list[str], extra_params: Mapping[str, str]) -> str:
        """Return the address of the consent page."""
        asked = {"clientId": self.consumer_key, "redirectUri": self.callback_url, "state": self.state}
        return f"{authorization_url}?{urlencode(asked)}"

    def token_request(self, code: str, pkce_code_verifier: str | None, **more: str) -> dict[str, Any]:
        """Return the body that asks for tokens."""
        asked = {
            "grantType": "authorization_code",
            "clientId": self.consumer_key,
            "clientSecret": self.consumer_secret,
            "code": code,
            "state": self.request.GET.get("state", ""),
        }
        return {"json": asked}

    def tokens_in(self, answer: dict[str, Any]) -> Mapping[str, Any]:
        """Return the tokens. The lifetime is documented as a text of digits, and comes as a number."""
        content = content_of(answer)
        lifetime = content.get("expiresIn")
        if isinstance(lifetime, str) and lifetime.isascii() and lifetime.isdigit() and len(lifetime) < 10:
            lifetime = int(lifetime)
        return {
            "access_token": content.get("accessToken"),
            "refresh_token": content.get("refreshToken"),
            "expires_in": lifetime,
        }


class ChzzkOAuth2Adapter(PlatformOAuth2Adapter):
    """The consent page is at the sign-in address, all else at the API's."""

    provider_id = "chzzk"
    client_class = ChzzkOAuth2Client
    authorize_path = "/account-interlock"
    token_path = "/auth/v1/token"
    user_path = "/open/v1/users/me"

    @property
    def access_token_url(self) -> str:
        """The token endpoint, at the address of the API."""
        return f"{self._setting('api_url')}{self.token_path}"

    def person_in(self, answer: dict[str, Any]) -> dict[str, Any] | None:
        """Return the user, who stands in the envelope alone."""
        return content_of(answer) or None


def content_of(answer: dict[str, Any]) -> dict[str, Any]:
    """Return what the envelope holds, empty where that is nothing."""
    content = answer.get("content")
    return content if isinstance(content, dict) else {}


oauth2_callback = OAuth2CallbackView.adapter_view(ChzzkOAuth2Adapter)
