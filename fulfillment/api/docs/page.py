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
class Call:
    """One call as the page shows it."""

    anchor: str
    method: str
    path: str
    title: str
    text: SafeString
    callers: list[str]
    parameters: list[Row]
    fields: list[Row]
    request: str
    answers: list[Status]
    errors: list[Status]


@dataclass(frozen=True, slots=True)
class Group:
    """Calls that belong together."""

    name: str
    anchor: str
    text: SafeString
    calls: list[Call] = field(default_factory=list)


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
    return Call(
        anchor=operation["operationId"],
        method=method.upper(),
        path=path,
        title=operation["summary"],
        text=in_html(operation["description"]),
        callers=[_caller(kind, components["securitySchemes"]) for kind in operation["security"]],
        parameters=[_parameter(one, schemas) for one in operation.get("parameters", ())],
        fields=list(_fields(sent.get("schema", {}), schemas)),
        request=operation["x-codeSamples"][0]["source"],
        answers=[answer for answer in answers if not answer.is_error],
        errors=[answer for answer in answers if answer.is_error],
    )


def _caller(kind: dict[str, list[str]], schemes: Schema) -> str:
    """Say whose token it takes. A scheme without scopes goes along with each and is told at the top of the page."""
    told = []
    for name, scopes in kind.items():
        if schemes[name]["type"] != "oauth2":
            continue
        words = LABELS[name]
        told.append(
            _("%(token)s with scope %(scopes)s") % {"token": words, "scopes": ", ".join(scopes)} if scopes else words
        )
    return ", ".join(told)


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
