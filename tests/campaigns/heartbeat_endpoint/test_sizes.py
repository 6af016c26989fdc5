"""Bodies of up to 8 mebibytes are taken, with a length or in chunks; what is longer is refused (P1)."""

from __future__ import annotations

import json
import time
from io import BytesIO

import pytest

from campaigns.models import Heartbeat, HeartbeatViewers
from tests import watching
from tests.campaigns.heartbeat_endpoint.sending import LIMIT, TOKEN, Sender, in_chunks, outcomes, refused
from tests.fulfillment.webhooks.contract import Endless, Garbled

pytestmark = pytest.mark.django_db


def sized(sender: Sender, size: int) -> bytes:
    body = json.dumps(sender.body()).encode()
    return body + b" " * (size - len(body))


def test_p1_exactly_8_mebibytes_are_taken_and_a_byte_more_is_413(sender: Sender) -> None:
    refused(sender.raw(sized(sender, LIMIT + 1)), 413, str(LIMIT))
    assert sender.raw(sized(sender, LIMIT)).status_code == 204
    assert outcomes() == {"refused": 1, "accepted": 1}


def test_p1_a_length_that_is_too_large_is_413_before_anything_is_read(sender: Sender) -> None:
    answer = sender.client.generic(
        "POST", f"/webhooks/heartbeats/{TOKEN}", b"{}", CONTENT_LENGTH=str(10**12), **{"wsgi.input": Garbled()}
    )
    refused(answer, 413)


def test_a_million_viewers_are_counted_where_they_fit_and_413_where_not(sender: Sender) -> None:
    campaign = watching.make_counted_campaign(sender.source.game)
    ids = [f"{n:x}" for n in range(1_000_000)]
    listed = json.dumps(sender.body(viewers=ids), separators=(",", ":")).encode()
    assert len(listed) < LIMIT
    began = time.monotonic()
    assert sender.raw(listed).status_code == 204
    assert time.monotonic() - began < 5
    longer = [f"{n:020}" for n in range(1_000_000)]
    began = time.monotonic()
    assert sender.send(viewers=longer).status_code == 413
    assert time.monotonic() - began < 10
    # Only who watched is of interest here, so everything but a few is taken out before it is counted.
    row = Heartbeat.objects.get()
    assert (row.viewers, row.listed) == (1_000_000, 1_000_000)
    HeartbeatViewers.objects.update(ids=json.dumps(ids[::100_000]).encode())
    watching.count_all()
    assert watching.totals(campaign) == dict.fromkeys(ids[::100_000], 1)


def test_p1_a_body_in_chunks_is_taken_and_has_the_same_limit(sender: Sender) -> None:
    refused(in_chunks(sender, Endless()), 413)
    refused(in_chunks(sender, BytesIO(sized(sender, LIMIT + 1))), 413)
    refused(in_chunks(sender, BytesIO()), 400, "not JSON")
    assert in_chunks(sender, BytesIO(sized(sender, LIMIT))).status_code == 204
    assert Heartbeat.objects.get().listed == 2


def test_p1_a_body_that_breaks_off_is_400(sender: Sender) -> None:
    refused(in_chunks(sender, Garbled()), 400, "to its end")
