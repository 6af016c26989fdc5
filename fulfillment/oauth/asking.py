"""A client asks a player for permission (A1): what it asks for, what can be given, and what the answer is."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode, urlsplit

from django.http import QueryDict
from django.utils.translation import gettext_lazy as _
from oauthlib.oauth2.rfc6749.errors import AccessDeniedError, FatalClientError, OAuth2Error

from fulfillment.models import ApiClient
from fulfillment.oauth.parameters import LONGEST_VALUE
from fulfillment.oauth.server import PartnerServer
from fulfillment.oauth.tokens import usable_client
from fulfillment.rules.scopes import ANALYTICS, NAMED_ONLY, SCOPES
from portal.models import User
from portal.sentences import Sentence

PARAMETERS = (
    "client_id",
    "redirect_uri",
    "response_type",
    "scope",
    "state",
    "code_challenge",
    "code_challenge_method",
)


class Unanswerable(Exception):
    """The link cannot be answered to whoever made it. ``sentence`` says what is wrong with it, for a page of ours."""

    def __init__(self, sentence: Sentence) -> None:
        super().__init__(str(sentence))
        self.sentence = sentence


class SentBack(Exception):
    """The client made a mistake that it is told of: ``location`` is its own address with the error."""

    def __init__(self, location: str) -> None:
        super().__init__("sent back")
        self.location = location


@dataclass(frozen=True, slots=True)
class Asked:
    """What a client asks for. ``scopes`` are those it names, perhaps none."""

    client: ApiClient
    parameters: dict[str, str]
    scopes: tuple[str, ...]
    demands_state: bool

    @property
    def redirect_uri(self) -> str:
        """Where the answer goes: one of the client's addresses."""
        return self.parameters["redirect_uri"]

    @property
    def host(self) -> str:
        """Where that is, to show; empty for an address of a native game's own, or on the person's own machine."""
        parts = urlsplit(self.redirect_uri)
        return parts.hostname or "" if parts.scheme == "https" else ""


def read_request(given: QueryDict, *, demands_state: bool, now: datetime) -> Asked:
    """Return what a link asks for. Nobody is sent anywhere by a link whose client or address is not right.

    Raises ``Unanswerable`` and ``SentBack``.
    """
    parameters = _read_parameters(given)
    client_id = parameters.get("client_id")
    if client_id is None:
        raise Unanswerable(Sentence(_("The link names no client: client_id is missing.")))
    client = usable_client(client_id, now=now)
    if client is None:
        raise Unanswerable(
            Sentence(
                _("There is no client with the id %(client_id)s, or it may not ask any more."), {"client_id": client_id}
            )
        )
    address = parameters.get("redirect_uri")
    if address is None:
        raise Unanswerable(Sentence(_("The link does not say where to go back to: redirect_uri is missing.")))
    try:
        scopes, _info = PartnerServer(demands_state=demands_state).validate_authorization_request(_uri(parameters))
    except FatalClientError:
        raise Unanswerable(
            Sentence(
                _("%(address)s is not one of the addresses that are registered for %(client)s."),
                {"address": address, "client": client},
            )
        ) from None
    except OAuth2Error as error:
        raise SentBack(error.in_uri(address)) from None
    return Asked(client, parameters, tuple(scopes), demands_state)


def _read_parameters(given: QueryDict) -> dict[str, str]:
    parameters: dict[str, str] = {}
    for name in PARAMETERS:
        values = {value for value in given.getlist(name) if value}
        if len(values) > 1:
            raise Unanswerable(Sentence(_("The link says %(name)s twice."), {"name": name}))
        for value in values:
            if len(value) > LONGEST_VALUE or not value.isprintable():
                raise Unanswerable(
                    Sentence(_("What the link says as %(name)s cannot be read, or is too long."), {"name": name})
                )
            parameters[name] = " ".join(value.split()) if name == "scope" else value
    return parameters


def grantable(asked: Asked, *, is_member: bool) -> tuple[str, ...]:
    """Return the scopes that a person can grant: figures of games are the staff's alone."""
    return tuple(scope for scope in asked.scopes if is_member or scope != ANALYTICS)


def permitted(client: ApiClient, scopes: Collection[str]) -> list[str]:
    """Return what a token with these scopes lets a client do: one without any, all that need not be asked for by name."""
    of_client = client.oauth.get_scopes()
    granted = scopes or [scope for scope in SCOPES if scope not in NAMED_ONLY]
    return [scope for scope in SCOPES if scope in of_client and scope in granted]


def grant_code(asked: Asked, *, user: User, scopes: Sequence[str]) -> str:
    """Return the client's address with a code that it can change for the person's tokens, once and within a minute."""
    parameters = {name: value for name, value in asked.parameters.items() if name != "scope"}
    if scopes:
        parameters["scope"] = " ".join(scopes)
    server = PartnerServer(demands_state=asked.demands_state)
    headers, _body, _status = server.create_authorization_response(
        _uri(parameters), scopes=list(scopes), credentials={"user": user}
    )
    return str(headers["Location"])


def denied(asked: Asked) -> str:
    """Return the client's address with the answer that the person does not allow it."""
    return str(AccessDeniedError(state=asked.parameters.get("state")).in_uri(asked.redirect_uri))


def _uri(parameters: dict[str, str]) -> str:
    # Written anew: the library fails at a query that is not encoded as it expects.
    return f"/?{urlencode(parameters)}"
