"""Twitch's OAuth endpoints (Twitch, "Authorization code grant flow"; user info: Twitch API, Get Users)."""

from typing import Any

from allauth.socialaccount.providers.oauth2.views import OAuth2CallbackView

from linking.providers.base import PlatformOAuth2Adapter


class TwitchOAuth2Adapter(PlatformOAuth2Adapter):
    """As allauth's own, but with addresses that the credential gives."""

    provider_id = "twitch"
    authorize_path = "/oauth2/authorize"
    token_path = "/oauth2/token"
    user_path = "/helix/users"

    def user_headers(self, app: Any) -> dict[str, str]:
        """Twitch wants the client id beside the token."""
        return {"Client-Id": app.client_id}


oauth2_callback = OAuth2CallbackView.adapter_view(TwitchOAuth2Adapter)
