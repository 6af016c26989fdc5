"""How users sign in at a platform: by default OAuth as RFC 6749 has it, and the user in a list called ``data``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs

from tests.loopback import Request

Json = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What a consent page is asked for."""

    client_id: str
    redirect_uri: str
    state: str
    scope: str = ""
    challenge: str = ""


@dataclass(frozen=True, kw_only=True)
class SignInShape:
    """Paths, names, and somebody who signs in. What is asked and answered is read and written by RFC 6749's names."""

    authorize_path: str
    token_path: str
    user_path: str
    person: Json
    """The answer about a user, as the platform writes it."""
    id_field: str
    name_fields: tuple[str, ...]
    scope: str = ""
    """What is asked for when nothing but who somebody is matters."""
    pkce: bool = False

    def asked(self, query: Json) -> Asked:
        """Read the address of the consent page."""
        assert query["response_type"] == "code"
        challenge = query.get("code_challenge", "")
        assert not challenge or query["code_challenge_method"] == "S256"
        return Asked(
            client_id=query["client_id"],
            redirect_uri=query["redirect_uri"],
            state=query["state"],
            scope=query.get("scope", ""),
            challenge=challenge,
        )

    def token_request(self, request: Request) -> Json:
        """Read a call that changes a code for a token."""
        return {name: values[0] for name, values in parse_qs(request.body.decode()).items()}

    def is_bound(self, form: Json, asked: Asked) -> bool:
        """Tell whether the call names what ties it to the consent."""
        return bool(form.get("redirect_uri") == asked.redirect_uri)

    def tokens(self, answer: Json) -> Json:
        """Write the tokens."""
        return answer

    def refusal(self, error: str, status: int) -> Json:
        """Write a refusal to give tokens."""
        return {"error": error}

    def may_ask_who(self, headers: dict[str, str], client_id: str) -> bool:
        """Tell whether a call for the user has what it needs besides the token."""
        return True

    def users(self, people: list[Json]) -> Json:
        """Write the answer about the user whose token it is; none or more than one is a fault."""
        return {"data": people}
