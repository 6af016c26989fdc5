"""A studio's own sign-in, by OpenID Connect, as a proof of a game account (L2)."""

from __future__ import annotations

from typing import Any

from allauth.socialaccount.providers.oauth2.views import OAuth2CallbackView
from allauth.socialaccount.providers.openid_connect.provider import OpenIDConnectProvider
from allauth.socialaccount.providers.openid_connect.views import OpenIDConnectOAuth2Adapter
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from linking.providers.base import UNUSABLE, SignInFailed

UNREADABLE = (KeyError, TypeError, ValueError, AttributeError)


class GameOpenIDConnectAdapter(OpenIDConnectOAuth2Adapter):
    """allauth's, with the redirect URI as registered, and faults of the other side told as such."""

    @property
    def openid_config(self) -> dict[str, Any]:
        """The issuer's discovery document. Raises ``SignInFailed`` where it is none."""
        try:
            config: dict[str, Any] = super().openid_config
            if not all(
                isinstance(config[name], str) for name in ("authorization_endpoint", "token_endpoint", "issuer")
            ):
                raise SignInFailed(UNUSABLE, "discovery")
        except UNREADABLE:
            raise SignInFailed(UNUSABLE, "discovery") from None
        return config

    def get_callback_url(self, request: HttpRequest, app: Any) -> str:
        """Return the redirect URI exactly as the studio registered it."""
        return redirect_uri(self.provider_id)

    def get_access_token_data(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        """Change the code for tokens. Raises ``OAuth2Error`` and ``requests.RequestException``."""
        try:
            return dict(super().get_access_token_data(*args, **kwargs))
        except UNREADABLE:
            raise SignInFailed(UNUSABLE, "token") from None

    def complete_login(self, request: HttpRequest, app: Any, token: Any, **kwargs: Any) -> Any:
        """Return a SocialLogin with the claims. Raises ``OAuth2Error`` where they cannot be read."""
        try:
            return super().complete_login(request, app, token, **kwargs)
        except UNREADABLE:
            raise SignInFailed(UNUSABLE, "claims") from None


class GameOpenIDConnectProvider(OpenIDConnectProvider):
    """One game's OpenID provider. Scope and parameters come from the portal, never from the address bar."""

    oauth2_adapter_class = GameOpenIDConnectAdapter
    pkce_enabled_default = True

    def get_default_scope(self) -> list[str]:
        """Ask who somebody is and what they are called; not for the e-mail address."""
        return ["openid", "profile"]

    def get_scope_from_request(self, request: HttpRequest) -> list[str]:
        """Return the app's scopes: ``?scope=`` is ignored."""
        return list(self.get_scope())

    def get_auth_params_from_request(self, request: HttpRequest, action: str) -> dict[str, str]:
        """Return the app's parameters: ``?auth_params=`` is ignored."""
        return dict(self.get_auth_params())

    def extract_uid(self, data: dict[str, Any]) -> str:
        """Return the subject, shortened: the player id is read from the claims, not from here."""
        return super().extract_uid(data)[:190]

    def extract_common_fields(self, data: dict[str, Any]) -> dict[str, Any]:
        """Take nothing over into a user: the studio's sign-in proves a game account only."""
        return {}

    def extract_email_addresses(self, data: dict[str, Any]) -> list[Any]:
        """Take no addresses: nobody is found or signed in by e-mail."""
        return []


def redirect_uri(game_id: str) -> str:
    """Return the address that a studio registers with its OpenID provider for one game."""
    return f"{settings.BASE_URL}{reverse('game_sign_in_callback', kwargs={'game_id': game_id})}"


def answer_callback(request: HttpRequest, game_id: str) -> HttpResponse:
    """Take the OpenID provider's answer for one game."""
    view = OAuth2CallbackView.adapter_view(GameOpenIDConnectAdapter(request, game_id))
    response: HttpResponse = view(request)
    return response
