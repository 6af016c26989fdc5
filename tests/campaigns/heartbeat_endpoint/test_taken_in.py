"""What is taken in: a heartbeat is stored whole, and whatever in it names nobody costs the others nothing (W1, W2, W4, P4, P5, L10)."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from campaigns.models import Game, Heartbeat, HeartbeatViewers, RegisteredIdentifier
from tests import factories as make
from tests import watching
from tests.campaigns.heartbeat_endpoint.sending import TOKEN, Sender, outcomes
from tests.factories import NOW

pytestmark = pytest.mark.django_db


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


def test_p4_ids_that_name_nobody_do_not_cost_the_others_their_minute(sender: Sender) -> None:
    campaign = watching.make_counted_campaign(sender.source.game)
    ids = ["1", "x" * 10_240, "", "2", "a\0b", "x" * 201, "y" * 200, "\u0301é", "👀"]
    assert sender.send(viewers=ids).status_code == 204
    assert Heartbeat.objects.values_list("viewers", "listed").get() == (9, 5)
    watching.count_all()
    assert watching.totals(campaign) == {"1": 1, "2": 1, "y" * 200: 1, "\u0301é": 1, "👀": 1}


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
