"""The job on the schedule: what it says it did, and that it goes on where time ran out."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import TestCase
from django_q.models import OrmQ

from fulfillment.schedules import JOBS
from fulfillment.subscribing.tasks import KEEP_SUBSCRIPTIONS, keep_soon, keep_subscriptions
from tests.fulfillment.subscribing.studio import Studio

pytestmark = pytest.mark.django_db


def test_the_job_is_on_the_schedule_and_tells_what_it_did(studio: Studio) -> None:
    assert [job.minutes for job in JOBS if job.function == KEEP_SUBSCRIPTIONS] == [1]
    assert keep_subscriptions() == "changed: 2, create: 2"
    assert studio.only().status == "enabled"
    assert keep_subscriptions() == "nothing was due"
    assert not OrmQ.objects.exists()


def test_where_time_ran_out_one_further_run_follows(studio: Studio) -> None:
    keep_subscriptions(seconds=0)
    keep_subscriptions(seconds=0)
    assert OrmQ.objects.count() == 1
    assert studio.api.there == []
    keep_subscriptions(continued=True)
    assert studio.only().status == "enabled"


def test_whoever_asks_for_a_run_when_one_is_coming_causes_no_second_one(db: Any, studio: Studio) -> None:
    with TestCase.captureOnCommitCallbacks(execute=True):
        for _ in range(5):
            keep_soon()
    assert OrmQ.objects.count() == 1
    keep_subscriptions(continued=True)
    with TestCase.captureOnCommitCallbacks(execute=True):
        keep_soon()
    assert OrmQ.objects.count() == 2
