"""Kick's OAuth 2.1 endpoints (Kick, "OAuth 2 flow"; user info: Kick, Users API, GET /public/v1/users)."""

from allauth.socialaccount.providers.oauth2.views import OAuth2CallbackView

from linking.providers.base import PlatformOAuth2Adapter


class KickOAuth2Adapter(PlatformOAuth2Adapter):
    """Kick wants PKCE *and* the secret, all of it in the form."""

    provider_id = "kick"
    authorize_path = "/oauth/authorize"
    token_path = "/oauth/token"
    user_path = "/public/v1/users"


oauth2_callback = OAuth2CallbackView.adapter_view(KickOAuth2Adapter)
