"""A platform's sign-in as a real HTTP server on loopback: Kick, Twitch or an OpenID provider.

Written from the platforms' documents and importing nothing of the product. A test is the viewer's browser: it takes
the address that the portal redirects to and hands it to ``consent`` or ``deny``, which return the address to go back to.
"""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

import jwt

from tests.loopback import Connection, LoopbackServer, Request

ACCESS_TOKEN = "access-token-that-nobody-may-keep"
REFRESH_TOKEN = "refresh-token-that-nobody-may-keep"

Json = dict[str, Any]


@dataclass
class Code:
    """A code that was given out, and what it was given for."""

    person: Json
    redirect_uri: str
    challenge: str
    used: bool = False


@dataclass
class OAuthServer:
    """One platform. ``shape`` is ``kick``, ``twitch`` or ``oidc``; faults are set by assigning to the fields below."""

    shape: str
    client_id: str = "client-1"
    client_secret: str = "secret-1"
    codes: dict[str, Code] = field(default_factory=dict)
    token_status: int = 200
    hang: bool = False
    user_answer: Any = None
    discovery: Json = field(default_factory=dict)
    token_requests: list[Json] = field(default_factory=list)
    user_requests: list[Request] = field(default_factory=list)
    _people: dict[str, Json] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.server = LoopbackServer(self._answer)
        shapes: dict[str, dict[str, Callable[[Connection, Request], None]]] = {
            "kick": {"/oauth/token": self._token, "/public/v1/users": self._user},
            "twitch": {"/oauth2/token": self._token, "/helix/users": self._user},
            "oidc": {
                "/.well-known/openid-configuration": self._discover,
                "/token": self._token,
                "/userinfo": self._user,
            },
        }
        self.paths = shapes[self.shape]

    @property
    def url(self) -> str:
        return self.server.url

    def consent(self, address: str, person: Json) -> str:
        """Allow what the portal asks for, as ``person``; return where the browser is sent."""
        asked = dict(parse_qsl(urlsplit(address).query))
        assert asked["response_type"] == "code"
        assert asked["client_id"] == self.client_id
        assert asked["state"]
        code = secrets.token_urlsafe(12)
        if asked.get("code_challenge"):
            assert asked["code_challenge_method"] == "S256"
        self.codes[code] = Code(person, asked["redirect_uri"], asked.get("code_challenge", ""))
        return f"{asked['redirect_uri']}?{urlencode({'code': code, 'state': asked['state']})}"

    def deny(self, address: str, error: str = "access_denied") -> str:
        """Refuse what the portal asks for; return where the browser is sent."""
        asked = dict(parse_qsl(urlsplit(address).query))
        return f"{asked['redirect_uri']}?{urlencode({'error': error, 'state': asked['state']})}"

    def stop(self) -> None:
        self.server.stop()

    def _answer(self, connection: Connection, request: Request) -> None:
        if self.hang:
            connection.hang()
            return
        handler = self.paths.get(urlsplit(request.target).path)
        if handler is None:
            connection.reply_json({"error": "not found"}, 404)
        else:
            handler(connection, request)

    def _token(self, connection: Connection, request: Request) -> None:
        form = {name: values[0] for name, values in parse_qs(request.body.decode()).items()}
        self.token_requests.append(form)
        given = self.codes.get(form.get("code", ""))
        if self.token_status != 200:
            connection.reply_json({"error": "server_error"}, self.token_status)
        elif (form.get("client_id"), form.get("client_secret")) != (self.client_id, self.client_secret):
            connection.reply_json({"error": "invalid_client"}, 401)
        elif (
            given is None
            or given.used
            or given.redirect_uri != form.get("redirect_uri")
            or not self._proves(given, form)
        ):
            connection.reply_json({"error": "invalid_grant"}, 400)
        else:
            given.used = True
            token = f"{ACCESS_TOKEN}-{form['code']}"
            self._people[token] = given.person
            answer = {"access_token": token, "refresh_token": REFRESH_TOKEN, "token_type": "bearer", "expires_in": 3600}
            if self.shape == "oidc":
                claims = {"iss": self.url, "aud": self.client_id, "iat": 1, "exp": 32503680000, **given.person}
                answer["id_token"] = jwt.encode(claims, "a-key-that-is-not-checked-by-specification", "HS256")
            connection.reply_json(answer)

    def _proves(self, given: Code, form: Json) -> bool:
        verifier = form.get("code_verifier", "")
        digest = hashlib.sha256(verifier.encode()).digest()
        if self.shape == "twitch":
            return not given.challenge
        return bool(given.challenge) and base64.urlsafe_b64encode(digest).rstrip(b"=").decode() == given.challenge

    def _user(self, connection: Connection, request: Request) -> None:
        self.user_requests.append(request)
        headers = {name.lower(): value for name, value in request.headers.items()}
        person = self._people.get(headers.get("authorization", "").removeprefix("Bearer "))
        if person is None or (self.shape == "twitch" and headers.get("client-id") != self.client_id):
            connection.reply_json({"message": "Unauthorized"}, 401)
        elif isinstance(self.user_answer, bytes):
            connection.reply(200, self.user_answer, Content_Type="application/json")
        elif self.user_answer is not None:
            connection.reply_json(self.user_answer)
        elif self.shape == "oidc":
            connection.reply_json(person)
        else:
            connection.reply(200, json.dumps({"data": [person]}).encode(), Content_Type="application/json")

    def _discover(self, connection: Connection, request: Request) -> None:
        connection.reply_json({
            "issuer": self.url,
            "authorization_endpoint": f"{self.url}/authorize",
            "token_endpoint": f"{self.url}/token",
            "userinfo_endpoint": f"{self.url}/userinfo",
            "jwks_uri": f"{self.url}/jwks",
            "token_endpoint_auth_methods_supported": ["client_secret_post"],
            **self.discovery,
        })  # fmt: skip
