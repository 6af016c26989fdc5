"""The address that heartbeats are posted to: whatever comes is counted or refused in a sentence, and harms nothing (W1, P4)."""

from __future__ import annotations

import gzip
import json
import logging
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from io import BytesIO
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.http import HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext

from campaigns.heartbeats.addresses import address_state, renew_address
from campaigns.heartbeats.sources import end_previous_address, forget_sources, new_address
from campaigns.heartbeats.tally import tallies
from campaigns.models import Game, Heartbeat, HeartbeatSource, HeartbeatTally, HeartbeatViewers, RegisteredIdentifier
from portal.logs import JSONFormatter
from tests import factories as make
from tests import watching
from tests.factories import NOW
from tests.fulfillment.webhooks.contract import Endless, Garbled

pytestmark = pytest.mark.django_db

TOKEN = "D_3zyyIFWDthajoFxm4NIBjTKb7xdIogH5hHHUDL1EY"
LIMIT = 8 * 1024 * 1024
SAMPLE_TIME = "2006-01-02T15:04:05Z07:00"  # Twitch, Drops guide, "Sample JSON post": a layout of Go's, and no time


@pytest.fixture
def game() -> Game:
    return make.make_game(name="Skyforge")


@pytest.fixture
def source(game: Game) -> HeartbeatSource:
    return watching.make_source(game, token=TOKEN)


@pytest.fixture(autouse=True)
def _clock() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


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


@pytest.fixture
def sender(source: HeartbeatSource) -> Sender:
    return Sender(source)


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


# --- taken in ---------------------------------------------------------------------------------------------------------


def test_w1_a_heartbeat_is_stored_whole_and_answered_with_204(sender: Sender) -> None:
    answer = sender.send(
        viewers=["a", "b"], minute=NOW, broadcaster="900", id="beat", retries=3, broadcast_id="77", further={"x": 1}
    )
    assert (answer.status_code, answer.content) == (204, b"")
    assert not answer.cookies
    row = Heartbeat.objects.get()
    assert (row.source, row.heartbeat_id, row.sent_at, row.received_at) == (sender.source, "beat", NOW, NOW)
    assert (row.broadcaster, row.game_name, row.viewers, row.listed, row.retries) == ("900", "Skyforge", 2, 2, 3)
    assert json.loads(bytes(row.viewer_list.ids)) == ["a", "b"]
    assert json.loads(row.extra) == {"broadcast_id": "77", "further": {"x": 1}}
    assert (row.outcome, row.due_at, row.repeats, row.conflicts) == ("waiting", NOW, 0, 0)
    assert outcomes() == {"accepted": 1}


def test_p5_answering_takes_the_same_few_statements_whatever_was_stored_before(sender: Sender) -> None:
    counted = []
    for number in range(3):
        with CaptureQueriesContext(
            connection,
        ) as queries:
            assert sender.send(viewers=[str(n) for n in range(10 ** (number + 1))]).status_code == 204
        counted.append(len(queries))
    # PostgreSQL inserts both rows in one statement, SQLite in two between the two of a transaction.
    assert counted[1] == counted[2] == (1 if connection.vendor == "postgresql" else 4)


def test_w1_the_guides_further_fields_may_be_missing(sender: Sender) -> None:
    for name in ("viewers", "version", "retries"):
        assert sender.without(name).status_code == 204
    assert list(Heartbeat.objects.values_list("viewers", "retries")) == [(2, 0)] * 3


def test_w1_viewers_that_differ_from_the_list_are_noted_and_the_list_counts(sender: Sender) -> None:
    assert sender.send(count=6).status_code == 204
    assert Heartbeat.objects.values_list("viewers", "listed").get() == (6, 2)


def test_w1_an_empty_list_is_a_heartbeat_too(sender: Sender) -> None:
    assert sender.send(viewers=[]).status_code == 204
    assert Heartbeat.objects.get().listed == 0


def test_w2_an_id_twice_in_one_list_is_one_viewer(sender: Sender) -> None:
    assert sender.send(viewers=["1", "2", "1", "1"]).status_code == 204
    assert Heartbeat.objects.values_list("viewers", "listed").get() == (4, 2)


def test_negative_retries_and_viewers_are_taken_as_they_are(sender: Sender) -> None:
    assert sender.send(retries=-1, count=-6).status_code == 204
    assert Heartbeat.objects.values_list("retries", "viewers", "listed").get() == (-1, -6, 2)


def test_w4_a_time_before_every_campaign_is_stored_and_counts_nowhere(sender: Sender) -> None:
    campaign = watching.make_counted_campaign(sender.source.game)
    for year in (1, 1969, 1971, 2020):
        assert sender.send(minute=NOW.replace(year=year), time=f"{year:04}-03-01T00:00:00Z").status_code == 204
    watching.count_all()
    assert set(Heartbeat.objects.values_list("outcome", "due_at")) == {("nowhere", None)}
    assert watching.totals(campaign) == {}


@pytest.mark.parametrize(
    ("text", "minute"),
    [
        ("2026-11-20T11:59:59.999999999Z", 59),
        ("2026-11-20T12:59:30+01:00", 59),
        ("2026-11-20t11:00:60z", 0),
        ("2026-11-20 11:30:00-00:00", 30),
    ],
)
def test_w1_times_may_have_a_zone_or_a_fraction(sender: Sender, text: str, minute: int) -> None:
    assert sender.send({**sender.body(), "time": text}).status_code == 204
    sent_at = Heartbeat.objects.get().sent_at
    assert (sent_at.hour, sent_at.minute) == (11, minute)


# --- refused ----------------------------------------------------------------------------------------------------------


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


# --- ids that are none ------------------------------------------------------------------------------------------------


def test_p4_ids_that_name_nobody_do_not_cost_the_others_their_minute(sender: Sender) -> None:
    campaign = watching.make_counted_campaign(sender.source.game)
    ids = ["1", "x" * 10_240, "", "2", "a\0b", "x" * 201, "y" * 200, "\u0301é", "👀"]
    assert sender.send(viewers=ids).status_code == 204
    assert Heartbeat.objects.values_list("viewers", "listed").get() == (9, 5)
    watching.count_all()
    assert watching.totals(campaign) == {"1": 1, "2": 1, "y" * 200: 1, "\u0301é": 1, "👀": 1}


def test_p4_an_id_of_10_kilobytes_elsewhere_is_400(sender: Sender) -> None:
    for name in ("broadcaster", "game", "id", "time"):
        refused(sender.send({**sender.body(), name: "x" * 10_240}), 400, name)


def test_p4_of_a_field_that_comes_twice_the_last_is_read(sender: Sender) -> None:
    body = json.dumps(sender.body()).replace('"broadcaster": "900"', '"broadcaster": "900", "broadcaster": "901"')
    assert sender.raw(body.encode()).status_code == 204
    assert Heartbeat.objects.get().broadcaster == "901"


@pytest.mark.parametrize("value", ["x" * 5000, {"a": ["\0"]}, 10**30, 1.5, ["\U0001f440"] * 2000])
def test_p4_what_is_unknown_is_kept_or_noted_and_never_refused(sender: Sender, value: Any) -> None:
    assert sender.send(further=value).status_code == 204
    extra = json.loads(Heartbeat.objects.get().extra)
    assert "not kept" in extra or set(extra) == {"further"}
    assert len(Heartbeat.objects.get().extra) <= 4096


# --- size -------------------------------------------------------------------------------------------------------------


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


def test_p1_a_body_in_chunks_is_taken_and_has_the_same_limit(sender: Sender) -> None:
    refused(in_chunks(sender, Endless()), 413)
    refused(in_chunks(sender, BytesIO(sized(sender, LIMIT + 1))), 413)
    refused(in_chunks(sender, BytesIO()), 400, "not JSON")
    assert in_chunks(sender, BytesIO(sized(sender, LIMIT))).status_code == 204
    assert Heartbeat.objects.get().listed == 2


def test_p1_a_body_that_breaks_off_is_400(sender: Sender) -> None:
    refused(in_chunks(sender, Garbled()), 400, "to its end")


# --- the same id again ------------------------------------------------------------------------------------------------


def test_w1_the_same_heartbeat_again_is_answered_as_success_and_stored_once(sender: Sender) -> None:
    body = sender.body()
    for retries in (0, 1, 2):
        assert sender.send({**body, "retries": retries}).status_code == 204
    row = Heartbeat.objects.get()
    assert (row.retries, row.repeats, row.conflicts) == (0, 2, 0)
    assert outcomes() == {"accepted": 1, "repeated": 2}


@pytest.mark.parametrize(
    "change",
    [
        {"viewer_list": ["1", "2", "3"]},
        {"viewer_list": ["1"]},
        {"viewer_list": []},
        {"broadcaster": "901"},
        {"game": "Another"},
        {"time": "2026-11-20T11:59:00Z"},
        {"viewers": 7},
    ],
)
def test_w1_the_same_id_with_another_body_is_flagged_and_the_first_counts(
    sender: Sender, change: dict[str, Any]
) -> None:
    campaign = watching.make_counted_campaign(sender.source.game)
    body = sender.body()
    assert sender.send(body).status_code == 204
    assert sender.send({**body, **change}).status_code == 204
    row = Heartbeat.objects.get()
    assert (row.repeats, row.conflicts, row.broadcaster, row.listed) == (0, 1, "900", 2)
    watching.count_all()
    assert sender.send({**body, **change}).status_code == 204
    watching.count_all()
    assert watching.totals(campaign) == {"1": 1, "2": 1}
    assert outcomes() == {"accepted": 1, "conflicting": 2}


def test_w1_a_repeat_after_it_was_counted_gives_nothing_more(sender: Sender) -> None:
    campaign = watching.make_counted_campaign(sender.source.game)
    body = sender.body()
    for _ in range(3):
        assert sender.send(body).status_code == 204
        watching.count_all()
    assert watching.totals(campaign) == {"1": 1, "2": 1}
    assert Heartbeat.objects.values_list("outcome", "due_at", "viewer_list", "repeats").get() == (
        "counted",
        None,
        None,
        2,
    )


def test_w1_two_sources_may_use_the_same_id(sender: Sender) -> None:
    other = Sender(watching.make_source(make.make_game(), token="other-token"), "other-token")
    assert sender.send(id="beat").status_code == other.send(id="beat").status_code == 204
    assert Heartbeat.objects.filter(heartbeat_id="beat", conflicts=0).count() == 2


# --- whose address it is ----------------------------------------------------------------------------------------------


def test_p1_an_address_of_nobody_is_404_whatever_is_sent(sender: Sender) -> None:
    for body in (b"{}", b"no", json.dumps(sender.body()).encode()):
        refused(Sender(sender.source, "unknown").raw(body), 404)
    assert outcomes() == {}


def test_p4_a_disabled_source_answers_503_so_that_the_sender_keeps_it(sender: Sender) -> None:
    HeartbeatSource.objects.update(enabled=False)
    answer = sender.send()
    refused(answer, 503, "switched off")
    assert int(answer["Retry-After"]) > 0
    assert outcomes() == {"disabled": 1}
    HeartbeatSource.objects.update(enabled=True)
    forget_sources()
    assert sender.send().status_code == 204


@pytest.mark.parametrize("method", ["get", "head", "put", "patch", "delete", "options"])
def test_p4_another_method_is_405_and_says_which_is_right(sender: Sender, method: str) -> None:
    answer = getattr(sender.client, method)(f"/webhooks/heartbeats/{TOKEN}")
    assert answer.status_code == 405
    assert answer["Allow"] == "POST"


def test_p1_the_address_before_stays_valid_until_its_time_and_not_a_moment_longer(sender: Sender) -> None:
    url = new_address(source=sender.source, keep_previous_for=timedelta(hours=1), actor=None, now=NOW)
    fresh = Sender(sender.source, url.rsplit("/", 1)[1])
    for seconds, status in ((0, 204), (3599, 204), (3600, 404), (7200, 404)):
        with time_machine.travel(NOW + timedelta(seconds=seconds), tick=False):
            assert sender.send().status_code == status
            assert fresh.send().status_code == 204


def test_p1_only_one_address_before_is_kept_and_it_can_be_ended(sender: Sender) -> None:
    second = new_address(source=sender.source, keep_previous_for=timedelta(days=1), actor=None, now=NOW)
    new_address(source=sender.source, keep_previous_for=timedelta(days=1), actor=None, now=NOW)
    assert sender.send().status_code == 404
    before = Sender(sender.source, second.rsplit("/", 1)[1])
    assert before.send().status_code == 204
    end_previous_address(source=sender.source, actor=None, now=NOW)
    assert before.send().status_code == 404


def test_p1_without_an_overlap_the_address_before_ends_at_once(sender: Sender) -> None:
    new_address(source=sender.source, keep_previous_for=timedelta(0), actor=None, now=NOW)
    assert sender.send().status_code == 404


def test_p1_renewing_an_address_from_one_page_twice_renews_it_once(sender: Sender) -> None:
    seen = address_state(sender.source)
    options: dict[str, Any] = {"source": sender.source, "seen": seen, "keep_previous_for": timedelta(0), "actor": None}
    assert renew_address(**options, now=NOW) is not None
    assert renew_address(**options, now=NOW) is None


# --- what nothing may do ----------------------------------------------------------------------------------------------


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


def test_l10_an_unknown_broadcaster_is_kept_and_counted_when_linked_the_same_day(game: Game) -> None:
    credential = make.make_credential(game.organization, "twitch")
    source = watching.make_source(game, "registered", "twitch", TOKEN, credential=credential)
    campaign = watching.make_counted_campaign(game, platform="twitch")
    streamer, viewer = (make.make_viewer(game.organization, "twitch", platform_user_id=user) for user in ("77", "78"))
    sender = Sender(source)
    assert sender.send(viewers=[viewer.pk, "nobody"], broadcaster=streamer.pk).status_code == 204
    watching.count_all()
    row = Heartbeat.objects.get()
    assert (row.outcome, row.due_at, row.channel) == ("no_channel", None, None)
    assert HeartbeatViewers.objects.filter(heartbeat=row).exists()
    link(credential, streamer, NOW + timedelta(hours=8))
    watching.count_all()
    row = Heartbeat.objects.get()
    assert (row.outcome, row.unknown) == ("counted", 1)
    assert not HeartbeatViewers.objects.exists()
    assert row.channel is not None and row.channel.platform_channel_id == "77"
    assert watching.totals(campaign) == {"78": 1}


def link(credential: Any, viewer: Any, now: datetime) -> None:
    """Make a viewer known under a credential, as linking does."""
    from campaigns.heartbeats.again import count_again

    RegisteredIdentifier.objects.create(credential=credential, viewer=viewer, wanted_at=now)
    count_again(organization_id=viewer.organization_id, broadcaster=viewer.pk, now=now)
