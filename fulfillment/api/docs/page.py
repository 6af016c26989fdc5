"""The page about the partner API: the description, put in the order in which somebody reads it (A4).

Everything on it comes from the OpenAPI description, so that the two cannot differ. The template only lays it out.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from django.utils.safestring import SafeString
from django.utils.text import slugify
from django.utils.translation import gettext as _

from fulfillment.api.docs.describing import Schema
from fulfillment.api.docs.security import LABELS
from fulfillment.api.docs.words import in_html, kind_of, resolved


@dataclass(frozen=True, slots=True)
class Row:
    """A parameter, or a field of a body: its name, what it may be, what it means."""

    name: str
    kind: str
    text: SafeString
    required: bool = False


@dataclass(frozen=True, slots=True)
class Sample:
    """A body, and in which case it is sent or answered."""

    when: str
    body: str


@dataclass(frozen=True, slots=True)
class Status:
    """What is answered with one status."""

    code: str
    phrase: str
    text: SafeString
    fields: list[Row]
    samples: list[Sample]
    headers: list[str]

    @property
    def is_error(self) -> bool:
        """Whether the call was refused."""
        return self.code >= "400"


@dataclass(frozen=True, slots=True)
class Variable:
    """What an example request wants to be set beforehand, besides client and token."""

    name: str
    text: SafeString


@dataclass(frozen=True, slots=True)
class Call:
    """One call as the page shows it."""

    anchor: str
    method: str
    path: str
    title: str
    text: SafeString
    callers: str
    parameters: list[Row]
    fields: list[Row]
    request: str
    variables: list[Variable]
    answers: list[Status]
    errors: list[Status]

    @property
    def refusal(self) -> str:
        """What is answered to a call that is refused: the first example there is."""
        return next((sample.body for answer in self.errors for sample in answer.samples), "")


@dataclass(frozen=True, slots=True)
class Group:
    """Calls that belong together."""

    name: str
    anchor: str
    text: SafeString
    calls: list[Call] = field(default_factory=list)


def variables() -> dict[str, str]:
    """Return the variables of example requests, and what to put into each."""
    return {
        "CLAIM_ID": _("the id of a claim from the list"),
        "GAME_ID": _("the id of a game, as the client's page shows it"),
        "SESSION": _("the id of a session from the list"),
        "REPORT_URL": _("the URL of a report from the list"),
        "REDIRECT_URI": _("an address that is registered for the client"),
        "STATE": _("a random value that comes back"),
        "CHALLENGE": _(
            "the digest of a random verifier, as `openssl dgst -sha256 -binary | basenc --base64url | tr -d =` makes it"
        ),
    }


def groups_of(schema: Schema) -> list[Group]:
    """Return all calls in groups, in the order of the description."""
    groups = {
        tag["name"]: Group(tag["name"], slugify(tag["name"]), in_html(tag["description"])) for tag in schema["tags"]
    }
    for path, methods in schema["paths"].items():
        for method, operation in methods.items():
            groups[operation["tags"][0]].calls.append(_call(schema["components"], path, method, operation))
    return [group for group in groups.values() if group.calls]


def _call(components: Schema, path: str, method: str, operation: Schema) -> Call:
    schemas = components["schemas"]
    answers = [_status(code, answer, schemas) for code, answer in operation["responses"].items()]
    sent = _first(operation.get("requestBody", {}))
    request = operation["x-codeSamples"][0]["source"]
    return Call(
        anchor=operation["operationId"],
        method=method.upper(),
        path=path,
        title=operation["summary"],
        text=in_html(operation["description"]),
        callers=_callers(operation["security"], components["securitySchemes"]),
        parameters=[_parameter(one, schemas) for one in operation.get("parameters", ())],
        fields=list(_fields(sent.get("schema", {}), schemas)),
        request=request,
        variables=[Variable(name, in_html(text)) for name, text in variables().items() if f"${name}" in request],
        answers=[answer for answer in answers if not answer.is_error],
        errors=[answer for answer in answers if answer.is_error],
    )


def _callers(kinds: list[dict[str, list[str]]], schemes: Schema) -> str:
    """Say whose token it takes, if any. What goes along with every token is told for the whole group."""
    told: dict[str, list[str]] = {}
    for kind in kinds:
        for name, scopes in kind.items():
            if schemes[name]["type"] == "oauth2":
                told.setdefault(LABELS[name], []).extend([", ".join(scopes)] if scopes else [])
    return _(", or ").join(
        _("%(token)s with the scope %(scopes)s") % {"token": label, "scopes": _(" or ").join(any_of)}
        if any_of
        else label
        for label, any_of in told.items()
    )


def _parameter(one: Schema, schemas: Schema) -> Row:
    return Row(one["name"], kind_of(one["schema"], schemas), in_html(one["description"]), one.get("required", False))


def _status(code: str, answer: Schema, schemas: Schema) -> Status:
    media = _first(answer)
    samples = [Sample(one["summary"], _text(one["value"])) for one in media.get("examples", {}).values()]
    return Status(
        code,
        HTTPStatus(int(code)).phrase,
        in_html(answer["description"]),
        list(_fields(media.get("schema", {}), schemas)),
        samples,
        list(answer.get("headers", ())),
    )


def _first(described: Schema) -> Schema:
    """Return the only media type of a body: there is never a choice."""
    media: Schema = next(iter(described.get("content", {}).values()), {})
    return media


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, indent=2, ensure_ascii=False)


def _fields(schema: Schema, schemas: Schema, within: str = "") -> Iterator[Row]:
    """Go through the fields of a body, and of what is within it (``data[].id``)."""
    schema = resolved(schema, schemas)
    if schema.get("type") == "array":
        yield from _fields(schema["items"], schemas, f"{within}[]")
    for name, one in schema.get("properties", {}).items():
        one = resolved(one, schemas)
        place = f"{within}.{name}" if within else name
        yield Row(place, kind_of(one, schemas), in_html(one["description"]), name in schema.get("required", ()))
        yield from _fields(one, schemas, place)
