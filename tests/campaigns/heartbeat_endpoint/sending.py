"""Posts to the address of a source as senders do, and reads what it answers."""

from __future__ import annotations

import json
from typing import Any

from django.http import HttpResponse
from django.test import Client

from campaigns.heartbeats.tally import tallies
from campaigns.models import Heartbeat, HeartbeatSource, HeartbeatTally
from tests import watching
from tests.factories import NOW

TOKEN = "D_3zyyIFWDthajoFxm4NIBjTKb7xdIogH5hHHUDL1EY"
LIMIT = 8 * 1024 * 1024


class Sender:
    """Posts to a source's address as a sender does."""

    def __init__(self, source: HeartbeatSource, token: str = TOKEN) -> None:
        self.source = source
        self.token = token
        self.client = Client(enforce_csrf_checks=True)

    def body(self, **fields: Any) -> dict[str, Any]:
        return watching.body_of(self.source, **{"viewers": ["1", "2"], "minute": NOW, **fields})

    def raw(self, body: bytes, **options: Any) -> HttpResponse:
        answer: HttpResponse = self.client.post(
            f"/webhooks/heartbeats/{self.token}", body, content_type="application/json", **options
        )
        assert answer.status_code != 500
        return answer

    def send(self, body: Any = None, **fields: Any) -> HttpResponse:
        """Post a heartbeat with some fields changed, or a body."""
        changed = {"viewer_list": fields.pop("viewer_list")} if "viewer_list" in fields else {}
        count = {"viewers": fields.pop("count")} if "count" in fields else {}
        return self.raw(json.dumps(body if body is not None else {**self.body(**fields), **changed, **count}).encode())

    def without(self, name: str) -> HttpResponse:
        return self.send({key: value for key, value in self.body().items() if key != name})


def message(answer: HttpResponse) -> str:
    said: str = json.loads(answer.content)["message"]
    return said


def refused(answer: HttpResponse, status: int, *words: str) -> None:
    """The answer is a sentence with these words, and nothing was stored."""
    assert answer.status_code == status, answer.content
    said = message(answer)
    assert said.endswith(".") and len(said) < 300
    for word in words:
        assert word in said
    assert not Heartbeat.objects.exists()


def outcomes() -> dict[str, int]:
    tallies.flush()
    return dict(HeartbeatTally.objects.values_list("outcome", "count"))


def in_chunks(sender: Sender, stream: Any) -> HttpResponse:
    """Post as the server hands on a body that was sent in chunks: without a length, ended by the server."""
    answer: HttpResponse = sender.client.generic(
        "POST",
        f"/webhooks/heartbeats/{TOKEN}",
        content_type="application/json",
        headers={"Transfer-Encoding": "chunked"},
        **{"CONTENT_LENGTH": "", "wsgi.input": stream, "wsgi.input_terminated": True},
    )
    return answer
