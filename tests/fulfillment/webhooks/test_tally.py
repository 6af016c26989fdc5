"""Counts of webhook calls: in memory first, then added to the stored rows (P1)."""

from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta
from threading import Thread
from typing import Any

import pytest

from fulfillment.models import WebhookTally
from portal.models import PlatformCredential
from portal.tallies import Tallies
from tests import factories as make

NOW = datetime(2026, 11, 20, 12, 34, 56, tzinfo=UTC)

pytestmark = pytest.mark.django_db


def counters() -> Tallies:
    return Tallies(model=lambda: WebhookTally, whose="credential")


@pytest.fixture
def credential() -> PlatformCredential:
    return make.make_credential(make.make_organization())


def test_p1_counting_touches_no_database(credential: PlatformCredential, django_assert_num_queries: Any) -> None:
    tallies = counters()
    with django_assert_num_queries(0):
        tallies.count(credential.pk, "bad_signature", now=NOW)
    assert not WebhookTally.objects.exists()


def test_counts_are_added_hour_by_hour_in_one_statement(
    credential: PlatformCredential, django_assert_num_queries: Any
) -> None:
    tallies = counters()
    for minutes in (0, 1, 60):
        tallies.count(credential.pk, "accepted", now=NOW + timedelta(minutes=minutes))
    tallies.count(credential.pk, "bad_signature", now=NOW)
    with django_assert_num_queries(1):
        tallies.flush()
    tallies.count(credential.pk, "accepted", now=NOW)
    tallies.flush()
    hour = NOW.replace(minute=0, second=0)
    assert sorted(WebhookTally.objects.values_list("hour", "outcome", "count")) == [
        (hour, "accepted", 3),
        (hour, "bad_signature", 1),
        (hour + timedelta(hours=1), "accepted", 1),
    ]


def test_the_time_of_the_last_one_is_kept_whichever_process_writes_later(credential: PlatformCredential) -> None:
    first, second = (Tallies(model=lambda: WebhookTally, whose="credential", keeps_last=True) for _ in range(2))
    first.count(credential.pk, "accepted", now=NOW + timedelta(seconds=2))
    first.count(credential.pk, "accepted", now=NOW + timedelta(seconds=1))
    second.count(credential.pk, "accepted", now=NOW)
    first.flush()
    second.flush()
    row = WebhookTally.objects.get()
    assert (row.count, row.last_at) == (3, NOW + timedelta(seconds=2))
    second.count(credential.pk, "accepted", now=NOW + timedelta(microseconds=2_000_001))
    second.flush()
    row.refresh_from_db()
    assert (row.count, row.last_at) == (4, NOW + timedelta(microseconds=2_000_001))


def test_a_row_from_before_the_time_was_kept_gets_one(credential: PlatformCredential) -> None:
    hour = NOW.replace(minute=0, second=0)
    WebhookTally.objects.create(credential=credential, hour=hour, outcome="accepted", count=7)
    tallies = Tallies(model=lambda: WebhookTally, whose="credential", keeps_last=True)
    tallies.count(credential.pk, "accepted", now=NOW)
    tallies.flush()
    row = WebhookTally.objects.get()
    assert (row.count, row.last_at) == (8, NOW)


def test_nothing_counted_is_nothing_written(django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(0):
        counters().flush()


def test_threads_lose_no_count(credential: PlatformCredential) -> None:
    tallies = counters()

    def count() -> None:
        for _ in range(500):
            tallies.count(credential.pk, "accepted", now=NOW)

    threads = [Thread(target=count) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    tallies.flush()
    assert WebhookTally.objects.get().count == 2000


@pytest.mark.django_db(transaction=True)
def test_the_counts_of_a_deleted_credential_are_dropped(
    credential: PlatformCredential, caplog: pytest.LogCaptureFixture
) -> None:
    tallies = counters()
    tallies.count(credential.pk, "accepted", now=NOW)
    credential.delete()
    with caplog.at_level(logging.WARNING):
        tallies.flush()
    assert "dropped" in caplog.text
    tallies.flush()
    assert not WebhookTally.objects.exists()
