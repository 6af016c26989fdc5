"""Whose address it is, how long it is valid, and what it answers while its source is switched off (P1, P4)."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
import time_machine

from campaigns.heartbeats.addresses import address_state, renew_address
from campaigns.heartbeats.sources import end_previous_address, forget_sources, new_address
from campaigns.models import HeartbeatSource
from tests.campaigns.heartbeat_endpoint.sending import TOKEN, Sender, outcomes, refused
from tests.factories import NOW

pytestmark = pytest.mark.django_db


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
