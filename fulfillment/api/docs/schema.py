"""OpenAPI 3.1 of the partner API, from its addresses and the descriptions of its calls (A4).

The library walks the addresses and asks what each call is (``DescribedView`` and the hooks below, named in the settings). A
call without a description, and a description without a call, is reported as an error, which ``make check`` fails on.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

from django.conf import settings
from django.urls import Resolver404, resolve
from drf_spectacular.drainage import error
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.openapi import AutoSchema
from rest_framework.views import APIView

from fulfillment.api.docs.described import OPERATIONS, SCHEMAS, TAGS
from fulfillment.api.docs.describing import Operation, Schema
from fulfillment.api.docs.security import security_schemes

PREFIXES = ("/helix/", "/public/v1/", "/game-state/v1/", "/oauth2/", "/oauth/")
"""Beneath these addresses everything belongs to the partner API."""

INTRODUCTION = """\
Claims of every platform and of the portal's own campaigns, in the shapes that game backends already speak: Twitch's beneath
`/helix/` and Kick's beneath `/public/v1/`. A program written for either works here once its base URL is changed.

Beside them, beneath `/game-state/v1/`, game servers ask for whom they may stream game state, and overlays read it.

A client sees what belongs to its own organization. What it may not see is answered as what does not exist.
"""

Endpoint = tuple[str, str, str, Callable[..., Any]]


class DescribedSchema(AutoSchema):
    """Takes a call's description from where it was written down, instead of guessing at it."""

    def get_operation(self, path: str, path_regex: str, path_prefix: str, method: str, registry: Any) -> Schema | None:
        """Return a call as OpenAPI has it; reports one that is not described."""
        operation = described().get((path, method.upper()))
        if operation is None:
            error(f"{method} {path} is not described.")
            return None
        return operation.as_openapi(base=settings.BASE_URL)


@cache
def described() -> dict[tuple[str, str], Operation]:
    """Return the descriptions of all calls by address and method."""
    return {(operation.path, operation.method): operation for operation in OPERATIONS}


def only_partner_api(endpoints: list[Endpoint], **kwargs: Any) -> list[Endpoint]:
    """Leave out what belongs to others, and add the calls that are answered by views of other libraries."""
    found = [endpoint for endpoint in endpoints if endpoint[0].startswith(PREFIXES)]
    known = {(path, method) for path, _regex, method, _callback in found}
    for path, method in described().keys() - known:
        try:
            resolve(path)
        except Resolver404:
            error(f"{method} {path} is described, and there is no such call.")
            continue
        found.append((path, path, method, _Elsewhere.as_view()))
    places = {key: place for place, key in enumerate(described())}
    return sorted(found, key=lambda endpoint: places.get((endpoint[0], endpoint[2]), len(places)))


def complete(result: Schema, generator: Any, **kwargs: Any) -> Schema:
    """Add what calls share: schemas, who may call, this portal's address."""
    result["info"]["description"] = INTRODUCTION
    result["servers"] = [{"url": settings.BASE_URL, "description": "This portal"}]
    result["tags"] = [{"name": name, "description": text} for name, text in TAGS]
    result["components"] = {
        "schemas": SCHEMAS,
        "securitySchemes": security_schemes(settings.BASE_URL),
    }
    return result


@cache
def description() -> Schema:
    """Return the description of this portal's partner API. Made once in each process: it changes with the code alone."""
    schema: Schema = SchemaGenerator().get_schema(request=None, public=True)  # type: ignore[no-untyped-call]
    return schema


class _Elsewhere(APIView):
    """Stands for views that are not of the REST framework."""

    def get(self) -> None:
        """Stand for a GET."""

    post = put = patch = delete = get
