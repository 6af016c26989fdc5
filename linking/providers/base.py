"""What the platforms' sign-ins have in common: allauth's OAuth flow as a proof of identity, and nothing more (I3, L3).

By default all is as RFC 6749 has it. A platform that asks, or answers, otherwise overrides the one method that says so.
"""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, ClassVar

from allauth.socialaccount.adapter import get_adapter
from allauth.socialaccount.providers.base import ProviderAccount
from allauth.socialaccount.providers.oauth2.client import OAuth2Client, OAuth2Error
from allauth.socialaccount.providers.oauth2.provider import OAuth2Provider
from allauth.socialaccount.providers.oauth2.views import OAuth2Adapter
from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse

from portal.platforms.messages import is_storable

UNREACHABLE = "unreachable"
MISCONFIGURED = "misconfigured"
REJECTED = "rejected"
UNUSABLE = "unusable"


class SignInFailed(OAuth2Error):
    """The platform's answer cannot be used. ``kind`` says why; the text never holds the answer, nor a token."""

    def __init__(self, kind: str, detail: str = "") -> None:
        super().__init__(f"{kind}: {detail}" if detail else kind)
        self.kind = kind


class PlatformOAuth2Client(OAuth2Client):
    """Changes a code for a token, and tells apart why that can fail."""

    def get_access_token(
        self, code: str, pkce_code_verifier: str | None = None, extra_data: Mapping[str, str] | None = None
    ) -> dict[str, Any]:
        """Return the tokens of the endpoint's answer. Raises ``SignInFailed`` and ``requests.RequestException``.

        They stay in the memory of this request; what is kept of them, and where, :mod:`linking.adapters` decides (L9).
        """
        body = self.token_request(code, pkce_code_verifier, **(extra_data or {}))
        with get_adapter().get_requests_session() as session:
            response = session.post(self.access_token_url, headers={"Accept": "application/json"}, **body)
        answer = self.tokens_in(read_answer(response))
        token = answer.get("access_token")
        if not isinstance(token, str) or not token:
            raise SignInFailed(UNUSABLE, "no access token")
        return {
            "access_token": token,
            "refresh_token": text(answer.get("refresh_token")),
            "expires_in": seconds(answer.get("expires_in")),
        }

    def token_request(self, code: str, pkce_code_verifier: str | None, **more: str) -> dict[str, Any]:
        """Return the body that asks for tokens, as ``requests`` takes it: a form, with the verifier where there is PKCE."""
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self.callback_url,
            "client_id": self.consumer_key,
            "client_secret": self.consumer_secret,
            **({"code_verifier": pkce_code_verifier} if pkce_code_verifier else {}),
        }
        return {"data": {**form, **more}}

    def tokens_in(self, answer: dict[str, Any]) -> Mapping[str, Any]:
        """Return an answer's tokens under RFC 6749's names; what cannot be read is missing."""
        return answer


class PlatformOAuth2Adapter(OAuth2Adapter):
    """Asks a platform who the viewer is. A platform gives the endpoints and reads its own user info."""

    client_class = PlatformOAuth2Client
    authorize_path: ClassVar[str]
    token_path: ClassVar[str]
    user_path: ClassVar[str]

    @property
    def authorize_url(self) -> str:
        """The consent page, at the address the credential names."""
        return f"{self._setting('id_url')}{self.authorize_path}"

    @property
    def access_token_url(self) -> str:
        """The token endpoint, at the address the credential names."""
        return f"{self._setting('id_url')}{self.token_path}"

    @property
    def user_url(self) -> str:
        """Where the platform tells who a token belongs to."""
        return f"{self._setting('api_url')}{self.user_path}"

    def get_callback_url(self, request: HttpRequest, app: Any) -> str:
        """Return the redirect URI exactly as it is registered, whatever name this request came by."""
        return f"{settings.BASE_URL}{reverse(f'{self.provider_id}_callback')}"

    def complete_login(self, request: HttpRequest, app: Any, token: Any, **kwargs: Any) -> Any:
        """Return a SocialLogin that names the viewer. Raises ``SignInFailed`` and ``requests.RequestException``."""
        headers = {"Authorization": f"Bearer {token.token}", "Accept": "application/json", **self.user_headers(app)}
        with get_adapter().get_requests_session() as session:
            person = self.person_in(read_answer(session.get(self.user_url, headers=headers)))
        if person is None:
            raise SignInFailed(UNUSABLE, "not one user")
        return self.get_provider().sociallogin_from_response(request, person)

    def person_in(self, answer: dict[str, Any]) -> dict[str, Any] | None:
        """Return the one user that the user info names, or None where it names none, or more: a list called ``data``."""
        people = answer.get("data")
        return people[0] if isinstance(people, list) and len(people) == 1 and isinstance(people[0], dict) else None

    def user_headers(self, app: Any) -> dict[str, str]:
        """Return the headers that the user info needs besides the token."""
        return {}

    def _setting(self, name: str) -> str:
        return str(self.get_provider().app.settings[name])


class PlatformProvider(OAuth2Provider):
    """A platform as allauth sees it. Scope and parameters come from the portal, never from the address bar."""

    id: str
    user_id_field: ClassVar[str]
    account_class = ProviderAccount

    def get_scope_from_request(self, request: HttpRequest) -> list[str]:
        """Return the app's scopes: ``?scope=`` is ignored."""
        return list(self.get_scope())

    def get_auth_params_from_request(self, request: HttpRequest, action: str) -> dict[str, str]:
        """Return the app's parameters: ``?auth_params=`` is ignored."""
        return dict(self.get_auth_params())

    def extract_uid(self, data: dict[str, Any]) -> str:
        """Return the platform's user id as text, of any length that is plausible. Raises ``SignInFailed``."""
        value = data.get(self.user_id_field)
        if isinstance(value, int) and not isinstance(value, bool):
            value = str(value)
        if not isinstance(value, str) or not value.strip() or len(value) > 190 or not is_storable(value):
            raise SignInFailed(UNUSABLE, "no user id")
        return value

    def extract_extra_data(self, data: dict[str, Any]) -> dict[str, Any]:
        """Keep nothing of the answer but what names the viewer."""
        return {}

    def names_of(self, data: dict[str, Any]) -> tuple[str, str]:
        """Return login and shown name of the user info; a platform with other field names says so."""
        return text(data.get("login")), text(data.get("name"))

    def sociallogin_from_response(self, request: HttpRequest, response: dict[str, Any]) -> Any:
        """Return a SocialLogin with nothing in it but the user's id, login and name."""
        login = super().sociallogin_from_response(request, response)
        name, shown = self.names_of(response)
        login.account.extra_data = {"login": name[:200], "name": shown[:200]}
        return login


def read_answer(response: Any) -> dict[str, Any]:
    """Return an answer's JSON object. Raises ``SignInFailed`` for any other answer."""
    status = response.status_code
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR or status == HTTPStatus.TOO_MANY_REQUESTS:
        raise SignInFailed(UNREACHABLE, str(status))
    try:
        answer = response.json()
    except ValueError:
        answer = None
    if status != HTTPStatus.OK:
        code = answer.get("error") if isinstance(answer, dict) else ""
        wrong_app = status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN) or code in (
            "invalid_client",
            "unauthorized_client",
        )
        raise SignInFailed(MISCONFIGURED if wrong_app else REJECTED, str(status))
    if not isinstance(answer, dict):
        raise SignInFailed(UNUSABLE, "no JSON object")
    return answer


def seconds(value: object) -> int | None:
    """Return ``value`` if it is a lifetime that a calendar can hold, else None: it was not told."""
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 < value < 10**9 else None


def text(value: object) -> str:
    """Return ``value`` if it is text that a database takes, else an empty one."""
    return value if isinstance(value, str) and is_storable(value) else ""
