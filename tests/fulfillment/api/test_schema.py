"""What the partner API says of itself (A4): complete, valid, true to what is answered, and open to everybody."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache
from html.parser import HTMLParser
from typing import Any

import pytest
import yaml
from django.conf import settings
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from drf_spectacular.drainage import GENERATOR_STATS
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.validation import validate_schema
from jsonschema import Draft202012Validator

from fulfillment.api.docs import schema as docs
from fulfillment.api.docs.describing import Operation
from fulfillment.api.docs.schema import PREFIXES, described, description
from fulfillment.api.kick import claims as kick_claims
from fulfillment.api.kick import keys as kick_keys
from fulfillment.api.points import purses
from fulfillment.api.twitch import analytics, entitlements
from fulfillment.api.twitch.cursors import cursor_of
from fulfillment.api.views import BODY_LIMIT_BYTES
from fulfillment.models import Endpoint
from fulfillment.rules.scopes import SCOPES
from portal.models import Organization
from tests.factories import api_headers, make_api_client, make_api_token
from tests.fulfillment.api.shape import Studio, hide

OPERATIONS = sorted(described().values(), key=lambda operation: operation.id)
PAGES = {"askPlayer", "askKickPlayer"}
"""Pages for browsers: their answers are HTML, of which no example is given."""


# Complete and valid.


def routes(patterns: list[Any] | None = None, prefix: str = "/") -> Iterator[tuple[str, URLPattern]]:
    """Yield every address of the portal beneath the partner API's prefixes."""
    for pattern in get_resolver().url_patterns if patterns is None else patterns:
        path = prefix + re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", str(pattern.pattern))
        if isinstance(pattern, URLResolver):
            yield from routes(pattern.url_patterns, path)
        elif path.startswith(PREFIXES):
            yield path, pattern


def methods_of(pattern: URLPattern) -> set[str]:
    view = getattr(pattern.callback, "cls", None)
    if view is None:
        return {"GET"}
    names = {name for name in view.http_method_names if hasattr(view, name)}
    return {name.upper() for name in names - {"head", "options"}}


def test_every_address_of_the_partner_api_is_described_and_nothing_else() -> None:
    there = {(path, method) for path, pattern in routes() for method in methods_of(pattern)}
    assert len(there) >= 16
    told = {(path, method.upper()) for path, methods in description()["paths"].items() for method in methods}
    assert told == there


def test_the_description_is_openapi_3_1_and_nothing_was_complained_about() -> None:
    schema = SchemaGenerator().get_schema(request=None, public=True)
    assert not GENERATOR_STATS
    assert schema["openapi"] == "3.1.1"
    validate_schema(schema)


def test_a_call_that_is_not_described_is_complained_about(monkeypatch: pytest.MonkeyPatch) -> None:
    fewer = {key: operation for key, operation in described().items() if operation.id != "getPublicKey"}
    monkeypatch.setattr(docs, "described", lambda: fewer)
    SchemaGenerator().get_schema(request=None, public=True)
    assert "is not described" in str(dict(GENERATOR_STATS._error_cache))
    GENERATOR_STATS.reset()


def test_a_description_without_a_call_is_complained_about(monkeypatch: pytest.MonkeyPatch) -> None:
    key = ("/helix/nothing", "GET")
    monkeypatch.setattr(docs, "described", lambda: {**described(), key: described()["/public/v1/public-key", "GET"]})
    SchemaGenerator().get_schema(request=None, public=True)
    assert "there is no such call" in str(dict(GENERATOR_STATS._error_cache))
    GENERATOR_STATS.reset()


def test_names_of_operations_are_unique_and_every_reference_leads_somewhere() -> None:
    assert len({operation.id for operation in OPERATIONS}) == len(OPERATIONS)
    schema = description()
    for name in set(re.findall(r"#/components/schemas/(\w+)", str(schema))):
        assert name in schema["components"]["schemas"]


# Examples.


def validator(schema: Any) -> Draft202012Validator:
    components = description()["components"]
    return Draft202012Validator(
        {**schema, "components": components}, format_checker=Draft202012Validator.FORMAT_CHECKER
    )


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.id)
def test_examples_are_what_their_schemas_say(operation: Operation) -> None:
    answers = list(operation.answers.values())
    bodies = [operation.body] if operation.body else []
    checked = [(part.schema, example.value) for part in [*answers, *bodies] for example in part.examples]
    checked += [
        (one.schema, value) for one in operation.parameters for value in one.examples if "array" not in str(one)
    ]
    assert checked or operation.id in PAGES
    for schema, value in checked:
        validator(schema).validate(value)


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.id)
def test_every_status_has_an_example_or_an_empty_body(operation: Operation) -> None:
    for status, answer in operation.answers.items():
        assert answer.text
        assert answer.examples or answer.schema is None or answer.media_type == "text/html", status


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.id)
def test_every_field_and_parameter_is_described(operation: Operation) -> None:
    def bare(schema: Any, at: str) -> Iterator[str]:
        for name, one in schema.get("properties", {}).items():
            resolved = description()["components"]["schemas"].get(one.get("$ref", "").rsplit("/", 1)[-1], one)
            if not resolved.get("description"):
                yield f"{at}.{name}"
            yield from bare(resolved, f"{at}.{name}")
        yield from bare(schema["items"], f"{at}[]") if "items" in schema else ()

    schemas = description()["components"]["schemas"]
    assert [fault for name, schema in schemas.items() for fault in bare(schema, name)] == []
    assert all(one.text for one in operation.parameters)


# Refusals: each that is shown is really answered, word for word.


@dataclass(frozen=True)
class Try:
    """A call that is refused: what is wrong with it."""

    query: dict[str, Any] = field(default_factory=dict)
    body: Any = None
    headers: dict[str, str | None] = field(default_factory=dict)
    scopes: tuple[str, ...] = SCOPES
    calls_a_minute: int = 800
    enabled: bool = True
    as_player: bool = False
    broken: bool = False


SHOWN = "01KAGD7Q3ZWB1V5G0S7T2N4M8C"
LARGE = "x" * (BODY_LIMIT_BYTES + 1)
SENT = {"entitlement_ids": ["a"], "fulfillment_status": "FULFILLED"}
SAID = {"claims": [{"claim_id": SHOWN, "external_status": "processed"}]}
NO_ORGANIZATION = "The client is not associated with a known organization."

REFUSALS: dict[str, Try] = {
    # Twitch's shape.
    "OAuth token is missing": Try(headers={"Authorization": None}),
    "Invalid OAuth token": Try(headers={"Authorization": "Bearer of-nobody"}),
    "Client ID is missing": Try(headers={"Client-Id": None}),
    "Client ID and OAuth token do not match": Try(headers={"Client-Id": "another"}),
    **{f"Missing scope: {scope}": Try(scopes=tuple(one for one in SCOPES if one != scope)) for scope in SCOPES},
    NO_ORGANIZATION: Try(enabled=False),
    "Internal server error": Try(broken=True),
    "Too Many Requests": Try(calls_a_minute=1),
    "first must be a whole number from 1 to 1000.": Try({"first": 1001}),
    "first must be a whole number from 1 to 100.": Try({"first": 0}),
    "fulfillment_status must be CLAIMED or FULFILLED.": Try(
        {"fulfillment_status": "GIVEN"}, {**SENT, "fulfillment_status": "GIVEN"}
    ),
    "after must be a cursor that an earlier page gave.": Try({"after": "of-nobody"}),
    "user_id must match the user ID in the user access token.": Try({"user_id": "another"}, as_player=True),
    "The organization does not own the game that game_id names.": Try({"game_id": "of-another"}),
    "The organization does not own an entitlement that id names.": Try({"id": "of-another"}),
    "entitlement_ids must have 1 to 100 ids. It has 0.": Try(body={**SENT, "entitlement_ids": []}),
    "The body is not valid JSON.": Try(body="{"),
    "The body may have at most 1048576 bytes.": Try(body=LARGE),
    "started_at and ended_at must be given together, or neither.": Try({"started_at": "2026-11-01T00:00:00Z"}),
    "ended_at must not be earlier than started_at.": Try(
        {"started_at": "2026-11-02T00:00:00Z", "ended_at": "2026-11-01T00:00:00Z"}
    ),
    "Reports are paged forward only: use after.": Try({"before": cursor_of(1)}),
    "The game that game_id names was not found.": Try({"game_id": "of-another"}),
    # Kick's shape.
    "Unauthorized": Try(headers={"Authorization": None}),
    **{
        f"Forbidden: this needs the scope {scope}.": Try(scopes=tuple(one for one in SCOPES if one != scope))
        for scope in SCOPES
    },
    "limit must be a whole number from 1 to 1000.": Try({"limit": 0}),
    "claim_id must be an id: 1 to 200 characters, no control characters.": Try({"claim_id": "\n"}),
    '"claims" must have 1 to 100 items. It has 0.': Try(body={"claims": []}),
    'claims[0] must be an object with "claim_id" and "external_status", and nothing else.': Try(body={"claims": [{}]}),
    f"Not updated: {SHOWN} (no such claim). All others were.": Try(body=SAID),
    f"Not updated: {SHOWN} (not possible in its state). All others were.": Try(body=SAID),
}
HANDLERS: dict[str, tuple[Any, str]] = {
    "/helix/entitlements/drops": (entitlements, "read_parameters"),
    "/helix/analytics/games": (analytics, "read_parameters"),
    "/helix/analytics/game": (analytics, "read_parameters"),
    "/public/v1/drops/claims": (kick_claims, "read_parameters"),
    "/public/v1/public-key": (kick_keys, "public_key"),
}
SHOWN_REFUSALS = [
    (operation, status, example.when)
    for operation in OPERATIONS
    if operation.path.startswith(("/helix/", "/public/")) and operation.id != "getReportFile"
    for status, answer in operation.answers.items()
    if status >= 400
    for example in answer.examples
]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("operation", "status", "message"),
    SHOWN_REFUSALS,
    ids=[f"{one.id}-{text}" for one, _status, text in SHOWN_REFUSALS],
)
def test_a_refusal_that_is_shown_is_what_is_answered(
    operation: Operation, status: int, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried = REFUSALS[message]
    purses.forget()
    studio = Studio("kick" if "public" in operation.path else "twitch")
    prepare(studio, message)
    if not tried.enabled:
        Organization.objects.filter(pk=studio.organization.pk).update(enabled=False)
    if tried.broken:
        break_down(operation, monkeypatch)
    client = make_api_client(studio.organization, scopes=tried.scopes, points_per_minute=tried.calls_a_minute)
    user = studio.account()[0] if tried.as_player else None
    headers: dict[str, Any] = {**api_headers(client, make_api_token(client, user=user)), **tried.headers}
    headers = {name: value for name, value in headers.items() if value is not None}
    for _ in range(2 if message == "Too Many Requests" else 1):
        response = ask(operation, tried, headers)
    assert response.status_code == status, response.content
    (shown,) = [example.value for example in operation.answers[status].examples if example.when == message]
    assert response.json() == shown
    assert_headers(operation, status, response)


def prepare(studio: Studio, message: str) -> None:
    """Have a claim of Kick's that is held, where that is what the refusal is about."""
    if "not possible in its state" in message:
        hide(studio.claim(platform_claim_id=SHOWN))


def break_down(operation: Operation, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*args: Any, **kwargs: Any) -> None:
        raise RuntimeError("broken")

    if operation.method == "PATCH":
        module: Any = kick_claims if "public" in operation.path else entitlements
        monkeypatch.setattr(module, "read_updates" if "public" in operation.path else "read_update", fail)
    else:
        monkeypatch.setattr(*HANDLERS[operation.path], fail)


def ask(operation: Operation, tried: Try, headers: dict[str, str]) -> Any:
    http = Client()
    if operation.method == "GET":
        return http.get(operation.path, tried.query, headers=headers)
    body = tried.body if tried.body is not None else (SAID if "public" in operation.path else SENT)
    return http.patch(operation.path, body, content_type="application/json", headers=headers)


def assert_headers(operation: Operation, status: int, response: Any) -> None:
    told = operation.as_openapi(base="")["responses"][str(status)].get("headers", {})
    assert [name for name, header in told.items() if header.get("required") and name not in response.headers] == []


@pytest.mark.django_db
def test_a_game_that_is_pushed_to_is_not_marked_in_kicks_shape_either() -> None:
    studio = Studio("kick")
    studio.claim(platform_claim_id=SHOWN)
    Endpoint.objects.filter(pk=studio.endpoint.pk).update(mode=Endpoint.Mode.PUSH, url="https://game.example.org/")
    response = Client().patch("/public/v1/drops/claims", SAID, content_type="application/json", headers=studio.headers)
    assert response.status_code == 409


# For everybody.


@pytest.mark.parametrize(("path", "read"), [("/api/openapi.json", None), ("/api/openapi.yaml", yaml.safe_load)])
def test_the_description_needs_no_token_and_is_kept_by_who_asks(path: str, read: Callable[[bytes], Any] | None) -> None:
    response = Client().get(path)
    assert response.status_code == 200
    content = read(response.content) if read else response.json()
    assert content["openapi"] == "3.1.1"
    assert content["servers"][0]["url"] == settings.BASE_URL
    assert "&id0" not in response.content.decode()  # no anchors of YAML, which many readers do not know
    assert response["Cache-Control"] == "public, max-age=300"
    assert response["Access-Control-Allow-Origin"] == "*"
    again = Client().get(path, headers={"If-None-Match": response["ETag"]})
    assert again.status_code == 304
    assert again.content == b""


class Page(HTMLParser):
    """What the page holds: addresses of links, anchors, and tags."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.anchors: list[str] = []
        self.named: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        self.anchors += [values["id"]] if "id" in values else []
        self.links += [values["href"]] if tag == "a" else []
        self.named += [values["aria-labelledby"]] if "aria-labelledby" in values else []


@cache
def page_html() -> str:
    response = Client().get("/api/")
    assert response.status_code == 200
    return response.content.decode()


def test_the_page_shows_every_call_and_needs_neither_token_nor_script() -> None:
    html = page_html()
    assert "<script" not in html
    page = Page(html)
    assert len(page.anchors) == len(set(page.anchors))
    assert {link[1:] for link in page.links if link.startswith("#")} | set(page.named) <= set(page.anchors)
    for operation in OPERATIONS:
        assert f"#{operation.id}" in page.links
        assert operation.path in html
    assert [link for link in page.links if link.startswith(("http", "//"))] == []


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.id)
def test_every_variable_of_an_example_request_is_explained(operation: Operation) -> None:
    part = page_html().split(f'id="{operation.id}"', 1)[1].split("</article>", 1)[0]
    set_before = {"TOKEN", "CLIENT_ID", "CLIENT_SECRET", *re.findall(r"^([A-Z_]+)=", operation.request, re.M)}
    for name in set(re.findall(r"\$([A-Z_]+)", operation.request)) - set_before:
        assert f"<dt><code>{name}</code></dt>" in part


@pytest.mark.django_db
def test_the_page_is_linked_from_every_viewers_page() -> None:
    assert 'href="/api/"' in Client().get("/").content.decode()
