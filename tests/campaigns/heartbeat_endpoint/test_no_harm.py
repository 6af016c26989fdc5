"""Whatever comes, the token is in no log, the refusal is kept with its source, and other heartbeats are undisturbed (P1, P4)."""

from __future__ import annotations

import json
import logging
from datetime import timedelta

import pytest
import time_machine

from campaigns.heartbeats.sources import forget_sources
from campaigns.models import HeartbeatSource
from portal.logs import JSONFormatter
from tests import watching
from tests.campaigns.heartbeat_endpoint.sending import LIMIT, TOKEN, Sender, in_chunks, message, outcomes
from tests.factories import NOW
from tests.fulfillment.webhooks.contract import Garbled

pytestmark = pytest.mark.django_db


def test_p1_the_token_is_in_no_log_line_whatever_happens(sender: Sender, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        sender.send()
        sender.raw(b"no")
        sender.raw(b"{}", headers={"Content-Encoding": "gzip"})
        sender.raw(b" " * (LIMIT + 1))
        sender.client.get(f"/webhooks/heartbeats/{TOKEN}")
        in_chunks(sender, Garbled())
        HeartbeatSource.objects.update(enabled=False)
        forget_sources()
        sender.send()
        for path in ("{}/", "{}/more", "/{}"):
            sender.client.post(f"/webhooks/heartbeats/{path.format(TOKEN)}", b"{}", content_type="application/json")
        Sender(sender.source, f"{TOKEN}x").send()
    lines = [JSONFormatter().format(record) for record in caplog.records]
    assert lines
    assert not any(TOKEN in line for line in lines)


def test_p4_a_refusal_is_kept_with_the_source_in_words(sender: Sender) -> None:
    said = message(sender.send(id=""))
    sender.source.refresh_from_db()
    assert (sender.source.last_refused_at, sender.source.last_refusal) == (NOW, said)
    with time_machine.travel(NOW + timedelta(seconds=9), tick=False):
        sender.raw(b"no")
    sender.source.refresh_from_db()
    assert sender.source.last_refusal == said
    with time_machine.travel(NOW + timedelta(seconds=10), tick=False):
        said = message(sender.raw(b"no"))
    sender.source.refresh_from_db()
    assert (sender.source.last_refused_at, sender.source.last_refusal) == (NOW + timedelta(seconds=10), said)


def test_bad_input_disturbs_nothing_of_what_came_before_and_comes_after(sender: Sender) -> None:
    campaign = watching.make_counted_campaign(sender.source.game)
    bad: list[bytes] = [b"no", b"[]", json.dumps({**sender.body(), "viewer_list": 7}).encode(), b" " * (LIMIT + 1)]
    minute = NOW
    for number, body in enumerate(bad):
        assert sender.send(minute=minute - timedelta(minutes=number)).status_code == 204
        assert sender.raw(body).status_code in (400, 413)
    watching.count_all()
    assert watching.totals(campaign) == {"1": 4, "2": 4}
    assert outcomes() == {"accepted": 4, "refused": 4}
