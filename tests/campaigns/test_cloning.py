"""Cloning a campaign (C9): all but ids, dates and what came of it, once or as a series, and only once a key."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import models

from campaigns.cloning import MOST_COPIES, NOT_COPIED, CannotClone, ClonedAlready, clone_campaign, name_for_copy
from campaigns.models import (
    Campaign,
    CampaignChannel,
    CampaignGame,
    CampaignPlatform,
    CampaignReward,
    CampaignTester,
    ClonedSeries,
)
from campaigns.publishing import set_derived_times
from portal.models import AuditEntry, User
from tests.factories import NOW, make_campaign, make_channel, make_game, make_reward, make_staff

pytestmark = pytest.mark.django_db

STARTS = datetime(2026, 10, 19, 16, tzinfo=UTC)  # 18:00 in Berlin, six days before clocks go back


@pytest.fixture
def source() -> Campaign:
    game = make_game()
    first, second = make_reward(game), make_reward(game)
    campaign = make_campaign(
        game,
        name="Week 1",
        description="Hats",
        info_url="https://example.org/hats",
        time_zone="Europe/Berlin",
        starts_at=STARTS,
        ends_at=STARTS + timedelta(days=3),
        grace_days=21,
        announcement_days=5,
        scope=Campaign.Scope.ALLOW_LIST,
        test_mode=True,
        per_player_limit=3,
        deliveries_paused=True,
        rewards=[first],
        platform_ids={"kick": "K1"},
    )
    event = {"event_name": "boss", "event_path": "$.boss", "event_condition": "equals", "event_value": '"dead"'}
    CampaignReward.objects.create(
        campaign=campaign,
        reward=second,
        position=1,
        rule="game_event",
        event_cool_down_seconds=60,
        event_per_session=2,
        requires=campaign.rewards.get(),
        **event,
    )
    CampaignPlatform.objects.create(campaign=campaign, platform="twitch", counted_by="portal")
    CampaignGame.objects.create(campaign=campaign, game=make_game(game.organization))
    for removed_at in (None, None, NOW):
        channel = make_channel(game.organization)
        CampaignChannel.objects.create(
            campaign=campaign, channel=channel, listed_at=NOW - timedelta(days=9), removed_at=removed_at
        )
    CampaignTester.objects.create(campaign=campaign, platform="kick", platform_user_id="77", note="me")
    return campaign


@pytest.fixture
def producer(source: Campaign) -> User:
    return make_staff(source.organization)


def clone(source: Campaign, producer: User, **options: Any) -> list[Campaign]:
    given = {"key": "K" * 26, "name": "Week 2", "days": 7, "copies": 1, **options}
    return clone_campaign(campaign_id=source.pk, actor=producer, now=NOW, **given)


def values(row: models.Model, *, leave: frozenset[str] | set[str]) -> dict[str, Any]:
    fields = [field for field in row._meta.concrete_fields if not field.primary_key and field.name not in leave]
    return {field.name: getattr(row, field.attname) for field in fields}


def test_c9_a_clone_has_all_but_ids_and_dates(source: Campaign, producer: User) -> None:
    (copy,) = clone(source, producer)
    copy.refresh_from_db()
    assert values(copy, leave=NOT_COPIED) == values(source, leave=NOT_COPIED)
    assert (copy.status, copy.published_at, copy.cancelled_at, copy.deliveries_paused) == ("draft", None, None, False)
    for name in ("further_games", "testers"):
        assert [values(row, leave={"campaign"}) for row in getattr(copy, name).all()] == [
            values(row, leave={"campaign"}) for row in getattr(source, name).all()
        ]
    assert set(copy.platforms.values_list("platform", "counted_by", "platform_campaign_id", "organization")) == {
        ("kick", "platform", "", source.organization_id),
        ("twitch", "portal", "", source.organization_id),
    }
    listed = source.channels.filter(removed_at=None).values_list("channel", flat=True)
    assert set(copy.channels.values_list("channel", "listed_at", "removed_at")) == {(one, NOW, None) for one in listed}


def test_c9_rewards_come_along_by_all_their_columns_and_require_each_other_as_before(
    source: Campaign, producer: User
) -> None:
    (copy,) = clone(source, producer)
    before, after = (list(one.rewards.order_by("position")) for one in (source, copy))
    leave = {"campaign", "requires"}
    assert [values(row, leave=leave) for row in after] == [values(row, leave=leave) for row in before]
    assert after[1].requires == after[0]
    assert not {row.pk for row in before} & {row.pk for row in after}


def test_c9_dates_are_shifted_by_clocks_and_closing_follows(source: Campaign, producer: User) -> None:
    (copy,) = clone(source, producer)
    copy.refresh_from_db()
    # Clocks went back meanwhile: a week and an hour later.
    assert copy.starts_at == STARTS + timedelta(days=7, hours=1)
    assert copy.ends_at == STARTS + timedelta(days=10, hours=1)
    again = Campaign.objects.get(pk=copy.pk)
    set_derived_times(again)
    assert (copy.announces_at, copy.closes_at) == (again.announces_at, again.closes_at)


def test_c9_a_series_is_made_whole_and_counts_on(source: Campaign, producer: User) -> None:
    made = clone(source, producer, copies=3)
    assert [copy.name for copy in made] == ["Week 2", "Week 3", "Week 4"]
    assert [copy.starts_at - STARTS for copy in made if copy.starts_at] == [
        timedelta(days=7 * number, hours=1) for number in (1, 2, 3)
    ]
    assert name_for_copy(source) == "Week 5"


def test_c9_the_same_form_sent_twice_makes_one_series(source: Campaign, producer: User) -> None:
    made = clone(source, producer, copies=2)
    with pytest.raises(ClonedAlready) as refused:
        clone(source, producer, copies=2)
    assert refused.value.series.first == made[0]
    assert Campaign.objects.count() == 3
    assert ClonedSeries.objects.get().copies == 2


def test_c2_an_hour_that_occurs_twice_must_be_decided(source: Campaign, producer: User) -> None:
    Campaign.objects.filter(pk=source.pk).update(
        starts_at=datetime(2026, 10, 18, 0, 30, tzinfo=UTC), announces_at=datetime(2026, 10, 13, 0, 30, tzinfo=UTC)
    )
    with pytest.raises(CannotClone, match="twice"):
        clone(source, producer)
    assert ClonedSeries.objects.count() == 0
    (copy,) = clone(source, producer, occurrence="second")
    assert copy.starts_at == datetime(2026, 10, 25, 1, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    "wrong",
    [{"copies": 0}, {"copies": MOST_COPIES + 1}, {"days": -1}, {"days": 367}, {"name": " "}, {"name": "n" * 121}],
    ids=str,
)
def test_c9_numbers_and_names_out_of_range_are_refused(source: Campaign, producer: User, wrong: dict[str, Any]) -> None:
    with pytest.raises(CannotClone):
        clone(source, producer, **wrong)
    assert Campaign.objects.count() == 1


def test_c9_dates_past_the_calendar_are_refused_in_words(source: Campaign, producer: User) -> None:
    far = datetime(9999, 12, 1, tzinfo=UTC)
    Campaign.objects.filter(pk=source.pk).update(ends_at=far, closes_at=far)
    with pytest.raises(CannotClone, match="too far"):
        clone(source, producer, days=360)


def test_s5_each_copy_is_in_the_audit_trail_with_what_it_was_cloned_from(source: Campaign, producer: User) -> None:
    made = clone(source, producer, copies=2)
    for copy in made:
        added, listed = AuditEntry.objects.filter(object_id=copy.pk).order_by("pk")
        assert (added.action, added.actor) == ("added", producer)
        assert source.pk in added.reason
        assert "2 channels" in listed.after["listed"]


def test_c9_a_campaign_without_dates_is_cloned_without_dates(source: Campaign, producer: User) -> None:
    Campaign.objects.filter(pk=source.pk).update(
        status="draft", starts_at=None, ends_at=None, announces_at=None, closes_at=None
    )
    (copy,) = clone(source, producer)
    assert (copy.starts_at, copy.ends_at, copy.announces_at, copy.closes_at) == (None, None, None, None)
