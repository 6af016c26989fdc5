"""How one call of the partner API is described (A4): what it takes, what it answers, and a request that can be pasted.

A description is data. The modules of each shape hold them; :mod:`fulfillment.api.docs.schema` makes OpenAPI of them.
Texts are plain English in CommonMark without headings, as OpenAPI takes them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

Schema = dict[str, Any]
"""A JSON schema of draft 2020-12, as OpenAPI 3.1 takes it."""

JSON = "application/json"
FORM = "application/x-www-form-urlencoded"
BASE = "{base}"
"""What stands in a request for the portal's own address."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """A parameter of the query or a header. ``schema`` says its limits; of one that may be repeated, those of a list."""

    name: str
    schema: Schema
    text: str
    where: str = "query"
    required: bool = False
    examples: Sequence[Any] = ()

    def as_openapi(self) -> Schema:
        """Return it as OpenAPI has it. Lists are repeated parameters (``id=1&id=2``)."""
        described: Schema = {
            "in": self.where,
            "name": self.name,
            "description": self.text,
            "schema": self.schema,
        }
        if self.required:
            described["required"] = True
        if self.schema.get("type") == "array":
            described |= {"style": "form", "explode": True}
        if self.examples:
            described["examples"] = {f"example{n}": {"value": value} for n, value in enumerate(self.examples, 1)}
        return described


@dataclass(frozen=True, slots=True)
class Example:
    """A body as it is sent or answered, and in which case."""

    when: str
    value: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Body:
    """What is sent in the body."""

    schema: Schema
    examples: Sequence[Example]
    media_type: str = JSON
    required: bool = True

    def as_openapi(self) -> Schema:
        """Return it as OpenAPI has it."""
        return {"required": self.required, "content": {self.media_type: _media(self.schema, self.examples)}}


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What is answered with one status. Without a schema the body is empty."""

    text: str
    schema: Schema | None = None
    examples: Sequence[Example] = ()
    media_type: str = JSON
    headers: Mapping[str, str] = field(default_factory=dict)
    """Names of headers of which :data:`HEADERS` says more, and whether they are always there (``""``) or when."""

    def as_openapi(self) -> Schema:
        """Return it as OpenAPI has it."""
        described: Schema = {"description": self.text}
        if self.headers:
            described["headers"] = {name: _header(name, when) for name, when in self.headers.items()}
        if self.schema is not None:
            described["content"] = {self.media_type: _media(self.schema, self.examples)}
        return described


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One call: an address and a method.

    ``security`` has an entry for each kind of caller, with the scopes that the kind needs. ``request`` is a command for a
    shell, with ``{base}`` for the portal's address; it works as it stands once the variables are set that the page names.
    """

    path: str
    method: str
    id: str
    tag: str
    title: str
    text: str
    request: str
    answers: Mapping[int, Answer]
    parameters: Sequence[Parameter] = ()
    body: Body | None = None
    security: Sequence[Mapping[str, Sequence[str]]] = ()

    def as_openapi(self, *, base: str) -> Schema:
        """Return it as OpenAPI has it, for a portal at this address."""
        described: Schema = {
            "operationId": self.id,
            "summary": self.title,
            "description": self.text,
            "tags": [self.tag],
            "parameters": [parameter.as_openapi() for parameter in self.parameters],
            "security": [{name: list(scopes) for name, scopes in kind.items()} for kind in self.security],
            "responses": {str(status): answer.as_openapi() for status, answer in sorted(self.answers.items())},
            "x-codeSamples": [{"lang": "Shell", "label": "curl", "source": self.request.replace(BASE, base)}],
        }
        if not self.parameters:
            del described["parameters"]
        if self.body is not None:
            described["requestBody"] = self.body.as_openapi()
        return described


HEADERS: dict[str, Schema] = {
    "Retry-After": {
        "description": "After how many seconds there are calls again.",
        "schema": {"type": "string", "pattern": "^[0-9]+$"},
    },
    "Ratelimit-Limit": {
        "description": "How many calls a minute are answered.",
        "schema": {"type": "string", "pattern": "^[0-9]+$"},
    },
    "Ratelimit-Remaining": {
        "description": "How many of them are left. A lower bound: each of the portal's processes keeps a few for itself.",
        "schema": {"type": "string", "pattern": "^[0-9]+$"},
    },
    "Ratelimit-Reset": {
        "description": "When there are all of them again, in seconds since 1970 (UTC).",
        "schema": {"type": "string", "pattern": "^[0-9]+$"},
    },
    "WWW-Authenticate": {"description": "That a token is wanted.", "schema": {"type": "string"}},
    "ETag": {
        "description": "What to send as `If-None-Match` the next time: unchanged, the answer is 304 and empty.",
        "schema": {"type": "string"},
    },
    "Location": {"description": "Where the browser goes on.", "schema": {"type": "string"}},
}
"""The headers that answers have."""


def ref(name: str) -> Schema:
    """Return a reference to a schema among the components."""
    return {"$ref": f"#/components/schemas/{name}"}


def phrase(status: int) -> str:
    """Return the words that belong to a status."""
    return HTTPStatus(status).phrase


def _header(name: str, when: str) -> Schema:
    described = dict(HEADERS[name])
    if when:
        described["description"] += f" {when}"
    else:
        described["required"] = True
    return described


def _media(schema: Schema, examples: Sequence[Example]) -> Schema:
    described: Schema = {"schema": schema}
    if examples:
        described["examples"] = {
            f"example{n}": {"summary": example.when, "value": example.value} for n, example in enumerate(examples, 1)
        }
    return described
