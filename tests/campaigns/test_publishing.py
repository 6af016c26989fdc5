"""Publishing, pausing, cancelling, and editing beneath the form (C3, C5, C6, C7)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from campaigns import hooks
from campaigns.editing import EditRefused, save_campaign
from campaigns.models import Campaign, CampaignReward
from campaigns.publishing import (
    NotPossible,
    PublishRefused,
    cancel_campaign,
    pause_deliveries,
    publish_campaign,
    resume_deliveries,
)
from campaigns.rules.phases import Phase
from portal.models import AuditEntry, User
from tests.factories import NOW, make_campaign, make_endpoint, make_game, make_reward, make_staff

pytestmark = pytest.mark.django_db


@pytest.fixture
def draft() -> Campaign:
    game = make_game()
    make_endpoint(game)
    return make_campaign(
        game,
        status=Campaign.Status.DRAFT,
        time_zone="Europe/Berlin",
        rewards=[make_reward(game, platform_ids={"kick": "R1"})],
        platform_ids={"kick": "C1"},
        starts_at=datetime(2027, 4, 10, 10, tzinfo=UTC),
        ends_at=datetime(2027, 4, 20, 10, tzinfo=UTC),
        announcement_days=20,
    )


@pytest.fixture
def owner(draft: Campaign) -> User:
    return make_staff(draft.organization)


@pytest.fixture
def told() -> Iterator[list[dict[str, Any]]]:
    """What the keepers of claims are told."""
    calls: list[dict[str, Any]] = []
    listener = lambda **narrower: calls.append(narrower)  # noqa: E731
    hooks.claims_may_resolve.append(listener)
    yield calls
    hooks.claims_may_resolve.remove(listener)


def test_c5_publishing_sets_times_and_leaves_an_entry(draft: Campaign, owner: User, told: list[Any]) -> None:
    publish_campaign(campaign_id=draft.pk, actor=owner, now=NOW)
    draft.refresh_from_db()
    assert draft.published_at == NOW
    assert draft.phase(NOW) is Phase.SCHEDULED
    # 20 days before, at the same hour in Berlin, is before the clocks went forward: an hour later in UTC.
    assert draft.announces_at == datetime(2027, 3, 21, 11, tzinfo=UTC)
    assert draft.closes_at == datetime(2027, 5, 4, 10, tzinfo=UTC)
    entry = AuditEntry.objects.get(object_id=draft.pk)
    assert (entry.action, entry.actor, entry.before["status"], entry.after["status"]) == (
        "published",
        owner,
        "draft",
        "published",
    )
    assert told == [{"organization_id": draft.organization_id}]


def test_c5_publishing_is_refused_beneath_while_an_error_stands(draft: Campaign, owner: User) -> None:
    draft.rewards.all().delete()
    with pytest.raises(PublishRefused) as refused:
        publish_campaign(campaign_id=draft.pk, actor=owner, now=NOW)
    assert [finding.code for finding in refused.value.findings] == ["no_reward"]
    draft.refresh_from_db()
    assert draft.status == Campaign.Status.DRAFT
    assert not AuditEntry.objects.exists()


def test_c3_a_campaign_is_published_once(draft: Campaign, owner: User) -> None:
    publish_campaign(campaign_id=draft.pk, actor=owner, now=NOW)
    with pytest.raises(NotPossible, match="published already"):
        publish_campaign(campaign_id=draft.pk, actor=owner, now=NOW)
    cancel_campaign(campaign_id=draft.pk, actor=owner, now=NOW, reason="wrong game")
    with pytest.raises(NotPossible, match="cannot be published again"):
        publish_campaign(campaign_id=draft.pk, actor=owner, now=NOW)


def test_c3_cancelling_needs_a_reason_and_a_running_campaign(draft: Campaign, owner: User, told: list[Any]) -> None:
    with pytest.raises(NotPossible, match="delete it instead"):
        cancel_campaign(campaign_id=draft.pk, actor=owner, now=NOW, reason="x")
    live = make_campaign(draft.game)
    with pytest.raises(NotPossible, match="reason"):
        cancel_campaign(campaign_id=live.pk, actor=owner, now=NOW, reason="  ")
    cancel_campaign(campaign_id=live.pk, actor=owner, now=NOW, reason="leaked")
    live.refresh_from_db()
    assert (live.phase(NOW), live.cancelled_at) == (Phase.CANCELLED, NOW)
    assert AuditEntry.objects.get(object_id=live.pk).reason == "leaked"
    assert told == [{"organization_id": live.organization_id, "campaign_id": live.pk}]


def test_c3_deliveries_are_paused_and_resumed_with_a_reason(draft: Campaign, owner: User) -> None:
    with pytest.raises(NotPossible, match="draft"):
        pause_deliveries(campaign_id=draft.pk, actor=owner, now=NOW, reason="x")
    live = make_campaign(draft.game)
    with pytest.raises(NotPossible, match="not paused"):
        resume_deliveries(campaign_id=live.pk, actor=owner, now=NOW, reason="x")
    assert pause_deliveries(campaign_id=live.pk, actor=owner, now=NOW, reason="wrong item").deliveries_paused
    with pytest.raises(NotPossible, match="already"):
        pause_deliveries(campaign_id=live.pk, actor=owner, now=NOW, reason="x")
    assert not resume_deliveries(campaign_id=live.pk, actor=owner, now=NOW, reason="mended").deliveries_paused
    actions = list(AuditEntry.objects.order_by("pk").values_list("action", "reason"))
    assert actions == [("deliveries paused", "wrong item"), ("deliveries resumed", "mended")]


# Editing beneath the form (C6).


def edit(campaign: Campaign, owner: User, *, now: datetime = NOW, lists: Any = None, **fields: Any) -> Campaign:
    stale = Campaign.objects.get(pk=campaign.pk)
    for name, value in fields.items():
        setattr(stale, name, value)
    return save_campaign(
        campaign=stale, changed=list(fields), actor=owner, now=now, write_lists=lists or (lambda: None)
    )


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("starts_at", NOW - timedelta(hours=1)),
        ("scope", "allow_list"),
        ("test_mode", True),
        ("per_player_limit", 2),
        ("time_zone", "Europe/Berlin"),
        ("ends_at", NOW + timedelta(days=6)),
        ("grace_days", 13),
    ],
)
def test_c6_what_is_fixed_once_live_is_refused_beneath(draft: Campaign, owner: User, field: str, value: Any) -> None:
    live = make_campaign(draft.game, platform_ids={"kick": "L1"})
    stored = Campaign.objects.filter(pk=live.pk).values().get()
    with pytest.raises(EditRefused) as refused:
        edit(live, owner, **{field: value})
    assert field in [change.field for change in refused.value.changes]
    assert Campaign.objects.filter(pk=live.pk).values().get() == stored
    assert not AuditEntry.objects.filter(object_id=live.pk).exists()


def test_c6_rewards_and_their_rules_are_fixed_once_live(draft: Campaign, owner: User) -> None:
    live = make_campaign(draft.game, rewards=[make_reward(draft.game)])
    for change in (
        lambda: live.rewards.update(minutes=7),
        lambda: live.rewards.all().delete(),
        lambda: CampaignReward.objects.create(campaign=live, reward=make_reward(draft.game), minutes=5),
    ):
        with pytest.raises(EditRefused) as refused:
            edit(live, owner, lists=change)
        assert "rewards" in [change.field for change in refused.value.changes]
    assert live.rewards.get().minutes == 30


def test_c6_the_end_may_be_put_later_and_grace_lengthened(draft: Campaign, owner: User) -> None:
    live = make_campaign(draft.game)
    later = NOW + timedelta(days=60)
    saved = edit(live, owner, ends_at=later, grace_days=20, name="Longer")
    assert (saved.ends_at, saved.closes_at) == (later, later + timedelta(days=20))
    entry = AuditEntry.objects.get(object_id=live.pk)
    assert entry.before["grace_days"] == 14
    assert entry.after["grace_days"] == 20
    assert "starts_at" not in entry.before


def test_c6_the_end_stays_once_it_has_passed(draft: Campaign, owner: User) -> None:
    live = make_campaign(draft.game)
    with pytest.raises(EditRefused):
        edit(live, owner, now=live.ends_at or NOW, ends_at=NOW + timedelta(days=30))


def test_c6_ids_on_platforms_can_be_mended_while_live(draft: Campaign, owner: User, told: list[Any]) -> None:
    live = make_campaign(draft.game, platform_ids={"kick": "typo"})
    edit(live, owner, lists=lambda: live.platforms.update(platform_campaign_id="right"))
    assert live.platforms.get().platform_campaign_id == "right"
    assert told == [{"organization_id": live.organization_id}]
    with pytest.raises(EditRefused):
        edit(live, owner, lists=lambda: live.platforms.update(counted_by="portal"))


def test_c3_an_edit_does_not_undo_a_publication_meanwhile(draft: Campaign, owner: User) -> None:
    stale = Campaign.objects.get(pk=draft.pk)
    publish_campaign(campaign_id=draft.pk, actor=owner, now=NOW)
    stale.name = "Renamed"
    saved = save_campaign(campaign=stale, changed=["name"], actor=owner, now=NOW)
    assert (saved.name, saved.status) == ("Renamed", Campaign.Status.PUBLISHED)


def test_c5_a_published_campaign_gets_no_new_error(draft: Campaign, owner: User) -> None:
    publish_campaign(campaign_id=draft.pk, actor=owner, now=NOW)
    with pytest.raises(EditRefused, match="has no reward"):
        edit(draft, owner, lists=lambda: draft.rewards.all().delete())
    with pytest.raises(EditRefused, match="needs a start and an end"):
        edit(draft, owner, ends_at=None)
    with pytest.raises(EditRefused, match="needs a start and an end"):
        edit(draft, owner, ends_at=NOW)
    assert draft.rewards.count() == 1


def test_c3_the_days_move_with_the_dates(draft: Campaign, owner: User) -> None:
    saved = edit(draft, owner, starts_at=datetime(2027, 4, 11, 10, tzinfo=UTC), announcement_days=1)
    assert saved.announces_at == datetime(2027, 4, 10, 10, tzinfo=UTC)
    assert edit(draft, owner, starts_at=None).announces_at is None


# Channels (C7).
