"""Several workers at the same moment: each subscription is made once, whoever else works, looks or revokes (O4)."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection

from fulfillment.models import PlatformSubscription
from fulfillment.subscribing.again import look_now, make_anew
from fulfillment.subscribing.wanting import want_topics
from tests import factories as make
from tests.fulfillment.subscribing.studio import KICK_STREAM, State
from tests.together import at_once

pytestmark = [pytest.mark.postgresql, pytest.mark.django_db(transaction=True)]


@pytest.mark.parametrize("shape", ["twitch", "kick"])
def test_four_workers_make_each_subscription_once(shape: str, make_studio: Any) -> None:
    studio = make_studio(shape)
    studio.list_channels(20)
    assert at_once(*[studio.run] * 4) == []
    studio.run(minutes=1)
    assert set(studio.api.made.values()) == {1}
    assert len(studio.api.there) == (20 if shape == "kick" else 42)
    assert set(studio.states().values()) == {State.ENABLED}


def test_eight_who_work_out_what_is_wanted_write_each_row_once(make_studio: Any) -> None:
    studio = make_studio("twitch")
    studio.list_channels(10)
    credential = studio.credential
    assert at_once(*[lambda: want_topics(credential, now=studio.clock())] * 8) == []
    assert PlatformSubscription.objects.filter(wanted=True).count() == 22


def test_a_renewal_by_four_workers_leaves_one_of_each_with_the_new_secret(make_studio: Any) -> None:
    studio = make_studio("twitch")
    studio.list_channels(10)
    studio.settle()
    studio.change(webhook_secret="another-secret-0123")
    assert at_once(*[studio.run] * 4) == []
    for _ in range(3):
        studio.run(minutes=2)
    assert {one.secret for one in studio.api.there} == {"another-secret-0123"}
    assert len(studio.api.there) == 22
    assert set(studio.states().values()) == {State.ENABLED}


def test_people_who_press_buttons_while_a_worker_makes_it_cause_no_second_one(make_studio: Any) -> None:
    studio = make_studio("kick")
    (number,) = studio.list_channels(1)
    actor = make.make_user()
    want_topics(studio.credential, now=studio.clock())
    row = studio.row(KICK_STREAM, number)
    others: list[BaseException] = []

    def press(method: str) -> None:
        """While the platform has made it and has not answered yet."""
        if method == "POST":
            studio.api.before_answer = None
            look_now(row=row, actor=actor, now=studio.clock())
            others.extend(at_once(studio.run))
            connection.close()

    studio.api.before_answer = press
    studio.run()
    studio.run(minutes=2)
    assert others == []
    assert studio.api.made[KICK_STREAM, number] == 1
    assert studio.row(KICK_STREAM, number).state == State.ENABLED
    make_anew(row=studio.row(KICK_STREAM, number), actor=actor, now=studio.clock())
    studio.run(minutes=1)
    assert studio.api.made[KICK_STREAM, number] == 2
    assert studio.only(KICK_STREAM, number).status == "enabled"
