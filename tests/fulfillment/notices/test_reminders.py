"""Reminders before claiming closes: of what was earned and not claimed, once in each window, of nothing else."""

from __future__ import annotations

import itertools
from datetime import datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from campaigns.models import Campaign, CampaignPlatform, CampaignReward, Viewer
from fulfillment.models import Claim, Notice
from fulfillment.notices import tasks
from fulfillment.notices.reminders import Cursor, remind
from tests.factories import NOW, make_player, make_user, make_viewer
from tests.fulfillment.notices.people import Person, settle

pytestmark = pytest.mark.django_db
CLOSES = NOW + timedelta(days=21)


def at(**before: float) -> datetime:
    """So long before claiming closes."""
    return CLOSES - timedelta(**before)


def run(now: datetime) -> None:
    assert remind(now=now, seconds=30) is None


@pytest.fixture
def person() -> Person:
    person = Person()
    assert person.campaign.closes_at == CLOSES
    person.link()
    Notice.objects.all().delete()
    return person


def windows(person: Person) -> list[str]:
    return [notice.parameters["window"] for notice in person.notices()]


def test_f5_what_was_earned_and_not_claimed_is_recalled_three_days_and_one_day_before(person: Person) -> None:
    person.earn()
    run(at(hours=73))
    assert person.notices() == []
    for now in (at(hours=72), at(hours=71), at(hours=25)):
        run(now)
    assert windows(person) == ["72h"]
    for now in (at(hours=24), at(hours=1)):
        run(now)
    assert windows(person) == ["72h", "24h"]
    [first, _second] = person.notices()
    assert (first.kind, first.campaign_reward_id, first.viewer_id) == ("expiring", person.place().pk, person.viewer.pk)
    assert first.created_at == at(hours=72)


def test_a_portal_that_was_down_reminds_once_and_of_the_nearer_end(person: Person) -> None:
    person.earn()
    run(at(hours=3))
    assert windows(person) == ["24h"]


def test_nothing_is_recalled_once_claiming_has_closed_or_the_campaign_was_cancelled(person: Person) -> None:
    person.earn()
    run(CLOSES)
    Campaign.objects.update(status="cancelled", cancelled_at=NOW)
    run(at(hours=3))
    assert person.notices() == []


def test_what_was_claimed_is_not_recalled_whoever_of_the_persons_viewers_claimed_it(person: Person) -> None:
    person.earn()
    other = make_viewer(person.organization, "twitch", user=person.user)
    person.earn(viewer=other)
    person.claim()
    settle()
    Notice.objects.all().delete()
    run(at(hours=24))
    assert person.notices() == []
    Claim.objects.update(state="abandoned", player_slot=None, viewer_slot=None)
    run(at(hours=24))
    assert len(windows(person)) == 2


def test_r3_what_requires_another_reward_is_recalled_only_once_that_is_earned(person: Person) -> None:
    CampaignReward.objects.filter(pk=person.place(1).pk).update(requires=person.place(0))
    person.earn(1)
    run(at(hours=72))
    assert person.notices() == []
    person.earn(0)
    run(at(hours=72))
    assert len(windows(person)) == 2


def test_who_is_not_known_is_reminded_of_nothing(person: Person) -> None:
    person.earn(viewer=make_viewer(person.organization))
    run(at(hours=24))
    assert not Notice.objects.exists()


def test_l7_who_is_linked_for_another_game_of_the_studio_only_is_reminded_too() -> None:
    person = Person()
    Viewer.objects.filter(pk=person.viewer.pk).update(user=person.user)
    person.earn()
    run(at(hours=24))
    assert windows(person) == ["24h"]


def test_i2_a_viewer_of_the_studios_own_player_is_reminded_as_the_player(person: Person) -> None:
    CampaignPlatform.objects.create(campaign=person.campaign, platform="portal", counted_by="portal")
    viewer = make_viewer(person.organization, "portal", platform_user_id=person.player.player_id)
    person.earn(viewer=viewer)
    run(at(hours=24))
    assert [notice.viewer_id for notice in person.notices()] == [viewer.pk]


def test_c10_a_claim_that_waits_for_a_link_never_expires_and_is_recalled_once(person: Person) -> None:
    other = Person()
    Viewer.objects.filter(pk=other.viewer.pk).update(user=other.user)
    other.claim()
    settle()
    Notice.objects.all().delete()
    run(at(hours=72))
    run(at(hours=24))
    [notice] = other.notices()
    assert (notice.kind, notice.parameters["state"], notice.parameters["reminder"]) == ("attention", "waiting", "72h")


def test_a_run_that_is_out_of_time_says_where_to_go_on_and_misses_nobody(person: Person) -> None:
    for _ in range(4):
        viewer = make_viewer(person.organization, user=make_user())
        person.earn(viewer=viewer)
    CampaignPlatform.objects.create(campaign=person.campaign, platform="portal", counted_by="portal")
    for _ in range(3):
        player = make_player(person.game, user=make_user())
        person.earn(viewer=make_viewer(person.organization, "portal", platform_user_id=player.player_id))
    second = Person()
    second.link()
    second.earn()
    cursor = remind(now=at(hours=24), seconds=0)
    seen = [cursor]
    while cursor is not None:
        cursor = one_page(at(hours=24), cursor)
        seen.append(cursor)
    assert len(seen) > 6
    assert Notice.objects.filter(kind="expiring").count() == 8


def one_page(now: datetime, cursor: Cursor) -> Cursor | None:
    """Run for so long that one page is gone through, of two people."""
    ticks = itertools.chain([0.0, 0.0], itertools.repeat(9.0))
    return remind(now=now, seconds=1, cursor=cursor, page_size=2, timer=lambda: next(ticks))


def test_a_campaign_that_closed_since_a_run_stopped_in_it_is_passed_over(person: Person) -> None:
    person.earn()
    gone = Cursor("0" * 26, "claims", "0" * 26)
    assert remind(now=at(hours=24), seconds=30, cursor=gone) is None
    assert windows(person) == ["24h"]


def test_the_hourly_job_says_when_it_is_done(person: Person) -> None:
    assert tasks.remind_of_closings() == "done"


def test_twenty_people_cost_as_many_queries_as_one(person: Person) -> None:
    counts = []
    for more in (1, 19):
        for _ in range(more):
            person.earn(viewer=make_viewer(person.organization, user=make_user()))
        Notice.objects.all().delete()
        with CaptureQueriesContext(connection) as queries:
            run(at(hours=24))
        counts.append(len(queries))
    assert counts[0] == counts[1]
    assert Notice.objects.count() == 20
