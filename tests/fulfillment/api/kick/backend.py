"""The backend of a game that pulls its claims in Kick's shape, and what it reads out of the answers."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

from django.db import connection
from django.http import HttpResponse
from django.test import Client

from tests import factories as make
from tests.fulfillment.api.shape import Studio

CLAIMS = "/public/v1/drops/claims"


class Backend(Studio):
    """The backend of a game that pulls, written for Kick: with its token, and with ways to ask."""

    def __init__(self, **client: Any) -> None:
        super().__init__("kick", **client)
        self.token = make.make_api_token(self.client)
        self.http = Client()

    def get(self, query: str = "", *, token: str | None = None, path: str = CLAIMS, **parameters: Any) -> HttpResponse:
        query = query or urlencode(parameters, doseq=True)
        headers = {"Authorization": f"Bearer {token or self.token}"}
        return self.http.get(f"{path}?{query}", headers=headers)  # type: ignore[return-value]

    def patch(self, body: Any, *, token: str | None = None) -> HttpResponse:
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        headers = {"Authorization": f"Bearer {token or self.token}"}
        return self.http.patch(CLAIMS, content, content_type="application/json", headers=headers)  # type: ignore[return-value]

    def set(self, *updates: tuple[str, str], token: str | None = None) -> HttpResponse:
        rows = [{"claim_id": claim_id, "external_status": status} for claim_id, status in updates]
        return self.patch({"claims": rows}, token=token)

    def listed(self, **parameters: Any) -> list[dict[str, Any]]:
        return data_of(self.get(**parameters))["claims"]

    def ids(self, **parameters: Any) -> list[str]:
        return [item["claim_id"] for item in self.listed(**parameters)]


def data_of(response: HttpResponse) -> dict[str, Any]:
    assert response.status_code == 200, response.content
    body = json.loads(response.content)
    assert set(body) == {"data", "message"}
    assert body["message"] == "OK"
    return body["data"]


def written(moment: datetime) -> str:
    """Return a time as a page has it: PostgreSQL gives all digits of a second's fraction, SQLite none where it is 0."""
    text = moment.astimezone(UTC).isoformat()
    if connection.vendor == "postgresql" and not moment.microsecond:
        text = text.replace("+00:00", ".000000+00:00")
    return text.replace("+00:00", "Z")


def refusal_of(response: HttpResponse) -> tuple[int, str]:
    body = json.loads(response.content)
    assert set(body) == {"data", "message"}
    assert body["data"] is None
    return response.status_code, body["message"]
