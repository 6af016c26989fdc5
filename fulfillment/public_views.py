"""What the portal tells everybody over HTTP, without a sign-in: a game's campaigns."""

from __future__ import annotations

import hashlib
from typing import Any

import orjson
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.utils import timezone
from django.utils.cache import get_conditional_response
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.request import Request
from rest_framework.views import APIView

from fulfillment.public_campaigns import find_public_game, public_campaigns

MAX_AGE_SECONDS = 60


class OnlyJSON(BaseContentNegotiation):
    """Answers JSON whatever was asked for: there is nothing else."""

    def select_parser(self, request: Request, parsers: Any) -> Any:
        """Return the only parser."""
        return parsers[0]

    def select_renderer(self, request: Request, renderers: Any, format_suffix: str | None = None) -> Any:
        """Return the only renderer."""
        return renderers[0], renderers[0].media_type


class PublicCampaigns(APIView):
    """A game's campaigns that are announced or live. Cached for a minute; may be read by pages of every site."""

    http_method_names = ["get", "head", "options"]
    authentication_classes = ()
    permission_classes = ()
    content_negotiation_class = OnlyJSON

    def get(self, request: Request, organization: str, game: str) -> HttpResponseBase:
        """Return them, or 304 to who has them already, or 404."""
        found = find_public_game(organization=organization, game=game)
        if found is None:
            return _json(request._request, {"message": "There is no such game."}, status=404)
        return _json(request._request, public_campaigns(found, now=timezone.now()))

    def options(self, request: Any, *args: Any, **kwargs: Any) -> Any:
        """Let pages of other sites ask for it with an ETag that they have."""
        response = HttpResponse(status=204)
        response["Allow"] = response["Access-Control-Allow-Methods"] = "GET, HEAD, OPTIONS"
        response["Access-Control-Allow-Headers"] = "If-None-Match"
        response["Access-Control-Max-Age"] = "86400"
        return _for_all_sites(response)


def _json(request: HttpRequest, value: dict[str, Any], *, status: int = 200) -> HttpResponseBase:
    body = orjson.dumps(value)
    full = HttpResponse(body, content_type="application/json", status=status)
    response: HttpResponseBase = full
    if status == 200:
        etag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
        full["ETag"] = etag
        response = get_conditional_response(request, etag=etag, response=full) or full
    response["Cache-Control"] = f"public, max-age={MAX_AGE_SECONDS}"
    response["Access-Control-Expose-Headers"] = "ETag"
    return _for_all_sites(response)


def _for_all_sites(response: HttpResponseBase) -> HttpResponseBase:
    response["Access-Control-Allow-Origin"] = "*"
    return response
