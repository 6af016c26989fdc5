"""The same id again is answered as success and counts once, whatever its body says (W1)."""

from __future__ import annotations

from typing import Any

import pytest

from campaigns.models import Heartbeat
from tests import factories as make
from tests import watching
from tests.campaigns.heartbeat_endpoint.sending import Sender, outcomes

pytestmark = pytest.mark.django_db


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
