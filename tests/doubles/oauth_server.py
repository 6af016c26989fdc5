"""A platform's sign-in, or an OpenID provider's, as a real HTTP server on loopback.

Written from the platforms' documents and importing nothing of the product. A test is the viewer's browser: it takes
the address that the portal redirects to and hands it to ``consent`` or ``deny``, which return the address to go back to.
"""

from __future__ import annotations

import base64
import hashlib
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import jwt

from tests.doubles.shapes import sign_in_of
from tests.doubles.shapes.sign_in import Asked
from tests.loopback import Connection, LoopbackServer, Request

ACCESS_TOKEN = "access-token-that-nobody-may-keep"
REFRESH_TOKEN = "refresh-token-that-nobody-may-keep"

Json = dict[str, Any]


@dataclass
class Code:
    """A code that was given out, and what it was given for."""

    person: Json
    asked: Asked
    used: bool = False


@dataclass
class OAuthServer:
    """One platform, as ``shapes`` has it; faults are set by assigning to the fields below."""

    shape: str
    client_id: str = "client-1"
    client_secret: str = "secret-1"
    codes: dict[str, Code] = field(default_factory=dict)
    token_status: int = 200
    hang: bool = False
    people: list[Json] | None = None
    """Who is named instead of the person that the token belongs to."""
    user_answer: Any = None
    """What is answered instead about the user, as it is."""
    discovery: Json = field(default_factory=dict)
    token_requests: list[Json] = field(default_factory=list)
    user_requests: list[Request] = field(default_factory=list)
    _people: dict[str, Json] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.server = LoopbackServer(self._answer)
        self.wire = sign_in_of(self.shape)
        self.paths: dict[str, Callable[[Connection, Request], None]] = {
            self.wire.token_path: self._token,
            self.wire.user_path: self._user,
        }
        if self.shape == "oidc":
            self.paths["/.well-known/openid-configuration"] = self._discover

    @property
    def url(self) -> str:
        return self.server.url

    def consent(self, address: str, person: Json) -> str:
        """Allow what the portal asks for, as ``person``; return where the browser is sent."""
        asked = self.asked(address)
        assert asked.client_id == self.client_id
        assert asked.state
        code = secrets.token_urlsafe(12)
        self.codes[code] = Code(person, asked)
        return f"{asked.redirect_uri}?{urlencode({'code': code, 'state': asked.state})}"

    def deny(self, address: str, error: str = "access_denied") -> str:
        """Refuse what the portal asks for, without a word if there is no ``error``; return where the browser is sent."""
        asked = self.asked(address)
        answer = {"error": error, "state": asked.state} if error else {"state": asked.state}
        return f"{asked.redirect_uri}?{urlencode(answer)}"

    def asked(self, address: str) -> Asked:
        """Return what the portal asks for at ``address``, which must be the consent page's."""
        assert address.startswith(f"{self.url}{self.wire.authorize_path}?"), address
        return self.wire.asked(dict(parse_qsl(urlsplit(address).query)))

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
        form = self.wire.token_request(request)
        self.token_requests.append(form)
        given = self.codes.get(form.get("code", ""))
        if self.token_status != 200:
            self._refuse(connection, "server_error", self.token_status)
        elif (form.get("client_id"), form.get("client_secret")) != (self.client_id, self.client_secret):
            self._refuse(connection, "invalid_client", 401)
        elif given is None or given.used or not self.wire.is_bound(form, given.asked) or not self._proves(given, form):
            self._refuse(connection, "invalid_grant", 400)
        else:
            given.used = True
            token = f"{ACCESS_TOKEN}-{form['code']}"
            self._people[token] = given.person
            answer = {"access_token": token, "refresh_token": REFRESH_TOKEN, "token_type": "bearer", "expires_in": 3600}
            if self.shape == "oidc":
                claims = {"iss": self.url, "aud": self.client_id, "iat": 1, "exp": 32503680000, **given.person}
                answer["id_token"] = jwt.encode(claims, "a-key-that-is-not-checked-by-specification", "HS256")
            connection.reply_json(self.wire.tokens(answer))

    def _refuse(self, connection: Connection, error: str, status: int) -> None:
        connection.reply_json(self.wire.refusal(error, status), status)

    def _proves(self, given: Code, form: Json) -> bool:
        if not self.wire.pkce:
            return not given.asked.challenge
        digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        return base64.urlsafe_b64encode(digest).rstrip(b"=").decode() == given.asked.challenge

    def _user(self, connection: Connection, request: Request) -> None:
        self.user_requests.append(request)
        headers = {name.lower(): value for name, value in request.headers.items()}
        person = self._people.get(headers.get("authorization", "").removeprefix("Bearer "))
        if person is None or not self.wire.may_ask_who(headers, self.client_id):
            connection.reply_json({"message": "Unauthorized"}, 401)
        elif isinstance(self.user_answer, bytes):
            connection.reply(200, self.user_answer, Content_Type="application/json")
        elif self.user_answer is not None:
            connection.reply_json(self.user_answer)
        else:
            connection.reply_json(self.wire.users([person] if self.people is None else self.people))

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
