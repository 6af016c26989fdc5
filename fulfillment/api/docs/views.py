"""What everybody may read about the partner API, without a token: its description, and a page made of it (A4)."""

from __future__ import annotations

import hashlib
from functools import cache

import orjson
import yaml
from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.utils.cache import get_conditional_response
from django.views.decorators.http import require_safe

from fulfillment.api.docs.describing import BASE
from fulfillment.api.docs.page import groups_of
from fulfillment.api.docs.schema import INTRODUCTION, description
from fulfillment.api.docs.tokens import FETCH_TOKEN
from fulfillment.api.docs.words import in_html
from fulfillment.rules.scopes import SCOPE_NAMES

MAX_AGE_SECONDS = 300


@require_safe
def page(request: HttpRequest) -> HttpResponse:
    """Show how to get a token, and every call."""
    context = {
        "groups": groups_of(description()),
        "introduction": in_html(INTRODUCTION),
        "fetch_token": FETCH_TOKEN.replace(BASE, settings.BASE_URL),
        "scopes": SCOPE_NAMES,
    }
    return render(request, "fulfillment/api.html", context)


@require_safe
def as_json(request: HttpRequest) -> HttpResponseBase:
    """Return the description in JSON."""
    return _for_everybody(request, _json(), "application/json")


@require_safe
def as_yaml(request: HttpRequest) -> HttpResponseBase:
    """Return the description in YAML."""
    return _for_everybody(request, _yaml(), "application/yaml")


@cache
def _json() -> bytes:
    return orjson.dumps(description(), option=orjson.OPT_INDENT_2)


@cache
def _yaml() -> bytes:
    # By way of JSON: what is used twice would become an anchor, which many readers of OpenAPI do not know.
    content: str = yaml.safe_dump(orjson.loads(_json()), sort_keys=False, allow_unicode=True, width=120)
    return content.encode()


def _for_everybody(request: HttpRequest, body: bytes, media_type: str) -> HttpResponseBase:
    """Return a body that may be kept for minutes, and read by pages of every site; 304 to who has it already."""
    etag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    full = HttpResponse(body, content_type=media_type, headers={"ETag": etag})
    response: HttpResponseBase = get_conditional_response(request, etag=etag, response=full) or full
    response["Cache-Control"] = f"public, max-age={MAX_AGE_SECONDS}"
    response["Access-Control-Allow-Origin"] = "*"
    return response
