"""The OAuth library's server with what the partner API has of it: three grants, PKCE always, and no id tokens (A1).

The library keeps clients, codes and tokens, and checks them. What is decided here: how long tokens live, that a code is
used once however close two calls come, where players may be sent back to, and who may still hold a token.
"""

from __future__ import annotations

import re
from typing import Any

from allauth.idp.oidc import app_settings
from allauth.idp.oidc.internal.oauthlib.request_validator import OAuthLibRequestValidator
from allauth.idp.oidc.internal.oauthlib.server import generate_opaque_token
from django.core.cache import cache
from oauthlib.common import Request
from oauthlib.oauth2 import AuthorizationEndpoint, BearerToken, TokenEndpoint
from oauthlib.oauth2.rfc6749.errors import InvalidGrantError, InvalidRequestError
from oauthlib.oauth2.rfc6749.grant_types import AuthorizationCodeGrant, ClientCredentialsGrant, RefreshTokenGrant

from fulfillment.oauth.faults import TOO_MANY, Refused
from fulfillment.oauth.persons import is_known_to
from fulfillment.rules.redirects import may_return_to
from portal.ratelimit import hit
from portal.tokens import hash_token

APP_TOKEN_SECONDS = 60 * 24 * 3600
"""A client's own token lives about 60 days at Twitch."""

PLAYER_TOKEN_SECONDS = 4 * 3600
"""A player's token lives about 4 hours at Twitch; it is renewed with the refresh token."""

CALLS_PER_CLIENT = 1200
"""So many tokens a client gets in a minute: who has a token uses it until it ends."""

_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")  # RFC 7636, section 4.2: base64url of a SHA-256 digest


class Validator(OAuthLibRequestValidator):
    """The library's checks, and ours."""

    def validate_redirect_uri(
        self, client_id: str, redirect_uri: str, request: Request, *args: Any, **kwargs: Any
    ) -> bool:
        """Accept what is registered, to the letter; the library's own check is wider."""
        return may_return_to(redirect_uri, request.client.get_redirect_uris())

    def is_pkce_required(self, client_id: str, request: Request) -> bool:
        """Demand PKCE of every client, as Kick does."""
        return True

    def validate_code(
        self, client_id: str, code: str, client: Any, request: Request, *args: Any, **kwargs: Any
    ) -> bool:
        """Accept a code whose player is still one of the organization's."""
        return super().validate_code(client_id, code, client, request) and is_known_to(request.user, client)

    def validate_refresh_token(
        self, refresh_token: str, client: Any, request: Request, *args: Any, **kwargs: Any
    ) -> bool:
        """Accept a refresh token whose player is still one of the organization's."""
        return super().validate_refresh_token(refresh_token, client, request) and is_known_to(request.user, client)


class PartnerServer(AuthorizationEndpoint, TokenEndpoint):
    """Authorization codes, and tokens for codes, refresh tokens and clients themselves. ``demands_state`` is Kick's rule."""

    def __init__(self, *, demands_state: bool = False) -> None:
        validator = Validator()
        bearer = BearerToken(validator, generate_opaque_token, _lifetime, generate_opaque_token)
        before_asking = [_demand_challenge, *([_demand_state] if demands_state else [])]
        codes = AuthorizationCodeGrant(validator, pre_auth=before_asking, post_token=[_not_too_often, _use_once])
        AuthorizationEndpoint.__init__(
            self, default_response_type="code", default_token_type=bearer, response_types={"code": codes}
        )
        TokenEndpoint.__init__(
            self,
            default_grant_type="authorization_code",
            default_token_type=bearer,
            grant_types={
                "authorization_code": codes,
                "refresh_token": RefreshTokenGrant(validator, post_token=[_not_too_often]),
                "client_credentials": ClientCredentialsGrant(validator, post_token=[_not_too_often]),
            },
        )


def _lifetime(request: Request) -> int:
    return APP_TOKEN_SECONDS if request.user is None else PLAYER_TOKEN_SECONDS


def _demand_challenge(request: Request) -> dict[str, Any]:
    """Refuse a request without PKCE, and ``plain``, which proves nothing to whoever reads the request (RFC 7636, 7.2)."""
    if not request.code_challenge:
        raise InvalidRequestError("code_challenge is missing: this server demands PKCE.", request=request)
    if request.code_challenge_method != "S256":
        raise InvalidRequestError("code_challenge_method must be S256.", request=request)
    if not _CHALLENGE.fullmatch(request.code_challenge):
        raise InvalidRequestError("code_challenge must be 43 characters of base64url.", request=request)
    return {}


def _demand_state(request: Request) -> dict[str, Any]:
    if not request.state:
        raise InvalidRequestError("state is missing.", request=request)
    return {}


def _not_too_often(request: Request) -> None:
    """Count a client's calls once it has shown its secret: nobody else can use them up (S4)."""
    if wait := hit("oauth-client", request.client.pk, limit=CALLS_PER_CLIENT, window_seconds=60):
        raise Refused(TOO_MANY, wait_seconds=wait)


def _use_once(request: Request) -> None:
    """Let one call have a code: the library looks it up first and removes it last, and another call fits in between."""
    used = f"oauth-code-used:{hash_token(f'{request.client.pk}:{request.code}')}"
    if not cache.add(used, True, timeout=2 * app_settings.AUTHORIZATION_CODE_EXPIRES_IN):
        raise InvalidGrantError(request=request)
