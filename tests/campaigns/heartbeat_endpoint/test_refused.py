"""What is no heartbeat is refused in a sentence that says why, and nothing of it is stored (P4, W4)."""

from __future__ import annotations

import gzip
import json
from datetime import timedelta
from typing import Any

import pytest

from campaigns.models import Heartbeat
from tests.campaigns.heartbeat_endpoint.sending import TOKEN, Sender, outcomes, refused
from tests.factories import NOW

pytestmark = pytest.mark.django_db

SAMPLE_TIME = "2006-01-02T15:04:05Z07:00"  # Twitch, Drops guide, "Sample JSON post": a layout of Go's, and no time


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"hello",
        b"{",
        b'{"broadcaster": "900",}',
        b"\xff\xfe{}",
        b"\x00",
        b"NaN",
        b'{"a": Infinity}',
        b"[" * 100_000,
    ],
)
def test_p4_what_is_not_json_is_400(sender: Sender, body: bytes) -> None:
    refused(sender.raw(body), 400, "not JSON")
    assert outcomes() == {"refused": 1}


@pytest.mark.parametrize("body", [[], "text", 7, None, True, [{"broadcaster": "900"}]])
def test_p4_what_is_no_object_is_400(sender: Sender, body: Any) -> None:
    refused(sender.raw(json.dumps(body).encode()), 400, "not a JSON object")


def test_p4_deep_nesting_is_400(sender: Sender) -> None:
    deep = '{"broadcaster": ' + "[" * 5000 + "]" * 5000 + "}"
    refused(sender.raw(deep.encode()), 400, "not JSON")


@pytest.mark.parametrize("name", ["broadcaster", "viewer_list", "game", "id", "time"])
def test_p4_without_what_it_must_have_it_is_400_and_says_what_is_missing(sender: Sender, name: str) -> None:
    refused(sender.without(name), 400, name, "missing")


@pytest.mark.parametrize("name", ["broadcaster", "game", "id", "time"])
@pytest.mark.parametrize("value", [None, 7, 7.5, True, [], ["x"], {}, {"x": 1}, "", "  ", "x" * 201, "a\0b"])
def test_p4_texts_that_are_none_are_400(sender: Sender, name: str, value: Any) -> None:
    refused(sender.send({**sender.body(), name: value}), 400, name)


@pytest.mark.parametrize("name", ["viewers", "version", "retries"])
@pytest.mark.parametrize("value", [None, "6", 7.5, True, [], {}, 2**63, 2**64, 10**40, -(10**40), 1e300])
def test_p4_numbers_that_are_none_are_400(sender: Sender, name: str, value: Any) -> None:
    refused(sender.send({**sender.body(), name: value}), 400, name)


@pytest.mark.parametrize("version", [0, 2, -1])
def test_p4_another_version_is_400_and_says_which_is_read(sender: Sender, version: int) -> None:
    refused(sender.send(version=version), 400, str(version), "version 1")


@pytest.mark.parametrize("value", [None, "1,2", 7, {"1": "2"}, [1, 2], ["1", 2], ["1", None], [["1"]], [{"id": "1"}]])
def test_p4_a_list_that_is_none_of_texts_is_400(sender: Sender, value: Any) -> None:
    refused(sender.send(viewer_list=value), 400, "viewer_list")


@pytest.mark.parametrize(
    "text",
    [
        *[SAMPLE_TIME, "yesterday", "2026-11-20", "2026-11-20T12:00:00", "12:00:00Z", "2026-13-01T00:00:00Z"],
        *["2026-02-30T00:00:00Z", "2026-11-20T25:00:00Z", "0000-01-01T00:00:00Z", "1795176000", "-1795176000"],
        *["2026-11-20T12:00:00+24:00", "0001-01-01T00:00:00+23:59", "٢٠٢٦-11-20T12:00:00Z"],
    ],
)
def test_p4_a_time_that_is_none_is_400_also_the_one_of_twitchs_sample(sender: Sender, text: str) -> None:
    refused(sender.send({**sender.body(), "time": text}), 400, "time", "RFC 3339")


@pytest.mark.parametrize(("ahead", "status"), [(0, 204), (120, 204), (121, 400), (86_400 * 365 * 900, 400)])
def test_w4_a_time_over_two_minutes_ahead_is_refused(sender: Sender, ahead: int, status: int) -> None:
    answer = sender.send(minute=NOW + timedelta(seconds=ahead))
    assert answer.status_code == status
    if status == 400:
        refused(answer, 400, "2 minutes in the future", "2026-11-20T12:00:00Z")


def test_p4_a_surrogate_that_is_half_of_a_pair_is_400(sender: Sender) -> None:
    body = json.dumps(sender.body()).replace('"900"', r'"9\ud800"').encode()
    refused(sender.raw(body), 400, "not JSON")


def test_p4_a_compressed_body_is_415_and_says_to_send_it_as_it_is(sender: Sender) -> None:
    body = gzip.compress(json.dumps(sender.body()).encode())
    refused(sender.raw(body, headers={"Content-Encoding": "gzip"}), 415, "Content-Encoding")
    refused(sender.raw(body), 400, "not JSON")
    assert outcomes() == {"refused": 2}


def test_p4_identity_is_no_compression_and_any_content_type_will_do(sender: Sender) -> None:
    body = json.dumps(sender.body()).encode()
    assert sender.raw(body, headers={"Content-Encoding": "identity"}).status_code == 204
    path = f"/webhooks/heartbeats/{TOKEN}"
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", ""):
        body = json.dumps(sender.body()).encode()
        assert sender.client.generic("POST", path, body, content_type=kind).status_code == 204
    assert Heartbeat.objects.count() == 5


def test_p4_an_id_of_10_kilobytes_elsewhere_is_400(sender: Sender) -> None:
    for name in ("broadcaster", "game", "id", "time"):
        refused(sender.send({**sender.body(), name: "x" * 10_240}), 400, name)
