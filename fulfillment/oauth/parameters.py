"""What a call about tokens says: in the body, in the query, or in both, and the client's credentials in a header too.

Public clients of Twitch send everything in the query with an empty body, or JSON; Kick's send a form. Only the parameters
that are meant are read: the OAuth library takes every other one for a value of its own.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator
from urllib.parse import unquote_plus

import orjson
from django.core.exceptions import BadRequest, SuspiciousOperation
from django.http import HttpRequest, QueryDict, UnreadablePostError
from django.http.multipartparser import MultiPartParserError

from fulfillment.oauth.faults import MALFORMED, TOO_LARGE, Refused
from portal.inbound import TooLarge, read_body

BODY_LIMIT_BYTES = 64 * 1024
LONGEST_VALUE = 2000
FORM = "application/x-www-form-urlencoded"

GRANT_PARAMETERS = (
    "client_id",
    "client_secret",
    "grant_type",
    "code",
    "code_verifier",
    "redirect_uri",
    "refresh_token",
    "scope",
)
TOKEN_PARAMETERS = ("client_id", "token")

Pairs = Iterator[tuple[str, str]]


def read_parameters(request: HttpRequest, names: tuple[str, ...]) -> dict[str, str]:
    """Return those of these parameters that have a value. Raises ``Refused`` for what cannot be read or contradicts itself."""
    given: dict[str, str] = {}
    for sources in (_pairs_of_query(request), _pairs_of_body(request), _pairs_of_header(request)):
        for name, value in sources:
            if name not in names or not value:
                continue
            if len(value) > LONGEST_VALUE or not value.isprintable():
                raise Refused(MALFORMED, f"malformed {name}")
            if given.setdefault(name, value) != value:
                raise Refused(MALFORMED, f"{name} was given twice with different values.")
    return given


def _pairs_of_query(request: HttpRequest) -> Pairs:
    try:
        query = request.GET
    except SuspiciousOperation:
        raise Refused(MALFORMED, "There are too many parameters.") from None
    for name, values in query.lists():
        yield from ((name, value) for value in values)


def _pairs_of_body(request: HttpRequest) -> Pairs:
    try:
        body = read_body(request, limit=BODY_LIMIT_BYTES)
        if request.content_type == "application/json":
            yield from _pairs_of_json(body)
            return
        # Django itself reads no form that comes in chunks, without a length.
        in_chunks = request.content_type == FORM and not request.META.get("CONTENT_LENGTH")
        fields = QueryDict(body, encoding="utf-8") if in_chunks else request.POST
    except TooLarge:
        raise Refused(TOO_LARGE, f"The body may have at most {BODY_LIMIT_BYTES} bytes.") from None
    except UnreadablePostError:
        raise Refused(MALFORMED, "The body ended before it was complete.") from None
    except (BadRequest, MultiPartParserError, SuspiciousOperation):
        raise Refused(MALFORMED, "The body is not a form.") from None
    for name, values in fields.lists():
        yield from ((name, value) for value in values)


def _pairs_of_json(body: bytes) -> Pairs:
    try:
        fields = orjson.loads(body) if body.strip() else {}
    except orjson.JSONDecodeError:
        raise Refused(MALFORMED, "The body is not valid JSON.") from None
    if not isinstance(fields, dict):
        raise Refused(MALFORMED, "The body must be a JSON object.")
    for name, value in fields.items():
        if name == "scope" and isinstance(value, list) and all(isinstance(one, str) for one in value):
            yield name, " ".join(value)
        elif isinstance(value, str):
            yield name, value
        elif value is not None:
            raise Refused(MALFORMED, f"malformed {name}" if name.isidentifier() else "malformed body")


def _pairs_of_header(request: HttpRequest) -> Pairs:
    """HTTP Basic (RFC 6749, section 2.3.1): id and secret are encoded as in a form."""
    scheme, _, credentials = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return
    try:
        client_id, _, secret = base64.b64decode(credentials.strip(), validate=True).decode().partition(":")
    except (binascii.Error, ValueError):
        raise Refused(MALFORMED, "The Authorization header cannot be read.") from None
    yield "client_id", unquote_plus(client_id)
    yield "client_secret", unquote_plus(secret)
