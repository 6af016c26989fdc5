"""A client with a secret, a player, and the calls between them, as a public client makes them."""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from django.test import Client as Browser

from fulfillment.models import ApiClient
from fulfillment.oauth.secrets import encode_secret, new_secret
from linking.models import Player
from portal.models import Organization, User
from tests.factories import make_api_client, make_game, make_organization, make_user, number

CALLBACK = "https://backend.example.org/callback"
FORM = "application/x-www-form-urlencoded"


class Verifier:
    """PKCE by the letter of RFC 7636, written apart from the product."""

    def __init__(self) -> None:
        self.verifier = secrets.token_urlsafe(48)
        digest = hashlib.sha256(self.verifier.encode("ascii")).digest()
        self.challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


class Program:
    """A client of an organization with a secret, and an HTTP client that keeps no cookies for it."""

    def __init__(
        self, organization: Organization | None = None, *, redirect_uris: tuple[str, ...] = (CALLBACK,), **fields: Any
    ) -> None:
        self.organization = organization or make_organization()
        self.client: ApiClient = make_api_client(self.organization, **fields)
        self.secret = new_secret()
        self.client.oauth.secret = encode_secret(self.secret)
        self.client.oauth.set_redirect_uris(list(redirect_uris))
        self.client.oauth.save()
        self.http = Browser()

    @property
    def id(self) -> str:
        return self.client.oauth_id

    @property
    def credentials(self) -> dict[str, str]:
        return {"client_id": self.id, "client_secret": self.secret}

    def call(
        self, path: str, body: dict[str, str] | None = None, query: dict[str, str] | None = None, **headers: str
    ) -> Any:
        address = f"{path}?{urlencode(query)}" if query else path
        return self.http.post(address, urlencode(body or {}), content_type=FORM, headers=headers)

    def token(self, path: str = "/oauth2/token", **given: str) -> Any:
        return self.call(path, {"grant_type": "client_credentials", **self.credentials, **given})

    def app_token(self) -> str:
        answer = self.token()
        assert answer.status_code == 200, answer.content
        token: str = answer.json()["access_token"]
        return token

    def redeem(self, code: str, verifier: Verifier, path: str = "/oauth2/token", **given: str) -> Any:
        parameters = {"code": code, "code_verifier": verifier.verifier, "redirect_uri": CALLBACK}
        return self.token(path, grant_type="authorization_code", **{**parameters, **given})


class Person:
    """Somebody with a browser, signed in; with a game account of the organization unless told otherwise."""

    def __init__(self, organization: Organization | None, **fields: Any) -> None:
        self.user: User = make_user(**fields)
        self.player: Player | None = None
        if organization is not None:
            game = make_game(organization)
            self.player = Player.objects.create(game=game, player_id=f"acc-{number()}", name="Nova", user=self.user)
        self.browser = Browser(enforce_csrf_checks=True)
        self.browser.force_login(self.user)

    def allow(self, address: str, *, answer: str = "allow") -> Any:
        """Open the page and press a button; return what came of it."""
        page = self.browser.get(address)
        assert page.status_code == 200, page.content
        fields = {"answer": answer, "account": page.context["account"]}
        return self.browser.post(address, {**fields, "csrfmiddlewaretoken": self.browser.cookies["drops_csrf"].value})


def question(program: Program, verifier: Verifier, path: str = "/oauth2/authorize", **changed: str | None) -> str:
    """The address that a program sends a player to. A parameter that is None is left out."""
    parameters = {
        "response_type": "code",
        "client_id": program.id,
        "redirect_uri": CALLBACK,
        "state": "st-4711",
        "code_challenge": verifier.challenge,
        "code_challenge_method": "S256",
        **changed,
    }
    return f"{path}?{urlencode({name: value for name, value in parameters.items() if value is not None})}"


def answered(response: Any) -> dict[str, str]:
    """What the client is told in the address that the browser is sent to."""
    assert response.status_code == 302, response.content
    return {name: values[0] for name, values in parse_qs(urlsplit(response["Location"]).query).items()}


def player_token(program: Program, person: Person, path: str = "/oauth2", **asked: str) -> dict[str, Any]:
    """The whole way from the question to the player's tokens."""
    verifier = Verifier()
    told = answered(person.allow(question(program, verifier, f"{path}/authorize", **asked)))
    given = program.redeem(told["code"], verifier, f"{path}/token")
    assert given.status_code == 200, given.content
    tokens: dict[str, Any] = json.loads(given.content)
    return tokens
