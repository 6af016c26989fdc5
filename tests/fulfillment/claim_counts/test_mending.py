"""Counts that are wrong are found, named and mended; claims from before there were counts are counted."""

from __future__ import annotations

from datetime import timedelta
from importlib import import_module
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from campaigns.rules.days import midnight_of
from fulfillment.claim_counts import Changes, counts_of, differences, fold_changes, mend_counts
from fulfillment.claims import retry_claims
from fulfillment.models import ClaimCountChange, ClaimDay
from fulfillment.resolve import resolve_due
from fulfillment.rules.retries import Outcome
from fulfillment.rules.states import State
from tests import factories as make
from tests.factories import NOW
from tests.fulfillment.claim_counts.recounting import TODAY, assert_counted, by_day, deliver, happened
from tests.fulfillment.test_resolve import World
from tests.fulfillment.test_resolve_any_order import FAR

pytestmark = pytest.mark.django_db


def test_what_was_written_past_the_counts_is_found_and_mended() -> None:
    world = World()
    place = world.campaign.rewards.get()
    last_moment = NOW + timedelta(minutes=14, seconds=59, microseconds=999_999)
    world.claim(
        campaign=world.campaign, campaign_reward=place, reward=world.reward, resolve_at=None, granted_at=last_moment
    )
    out = StringIO()
    with pytest.raises(CommandError, match="1 counts differ"):
        call_command("check_claim_counts", stdout=out)
    assert f"campaign {world.campaign.pk}, {place.pk} received: +1 claims" in out.getvalue()
    call_command("check_claim_counts", "--mend", stdout=out)
    assert "3 differences were mended." in out.getvalue()  # the state's, the quarter of an hour's and the day's
    call_command("check_claim_counts", stdout=out)
    assert "All counts are those of the claims." in out.getvalue()
    assert_counted(world.campaign)
    assert mend_counts() == 0


def test_the_migration_counts_the_claims_that_are_there() -> None:
    world = World()
    place = world.campaign.rewards.get()
    bound = {"campaign": world.campaign, "reward": world.reward, "resolve_at": None}
    for number, moment in enumerate([NOW, NOW + timedelta(minutes=14, seconds=59, microseconds=999_999), None]):
        world.claim(campaign_reward=place, granted_at=moment, received_at=NOW + timedelta(minutes=15 * number), **bound)
    world.claim(state=State.QUARANTINED, **bound)
    world.claim()  # belongs to no campaign yet
    migration = import_module("fulfillment.migrations.0002_count_claims")
    migration.count_claims(None, connection.schema_editor())
    import_module("fulfillment.migrations.0006_claim_days").count_days(None, connection.schema_editor())
    assert counts_of(world.campaign.pk) == {(place.pk, "received"): 3, ("", "quarantined"): 1}
    assert_counted(world.campaign)


def test_counts_by_day_that_are_wrong_are_found_named_and_mended() -> None:
    world = World()
    world.claim()
    resolve_due(now=FAR)
    place = world.campaign.rewards.get()
    changes = Changes()
    changes.on_day(world.campaign.pk, place.pk, "delivered", TODAY, 2)
    changes.write()
    while fold_changes():
        pass
    out = StringIO()
    with pytest.raises(CommandError, match="1 counts differ"):
        call_command("check_claim_counts", stdout=out)
    assert f"campaign {world.campaign.pk}, {place.pk} delivered on 2026-11-20: -2 claims" in out.getvalue()
    assert mend_counts() == 1
    assert_counted(world.campaign)


def test_the_migration_counts_what_happened_by_day() -> None:
    world = World()
    for user in ("1", "2"):
        world.link(user)
    claims = [world.claim(platform_user_id=user, granted_at=NOW - timedelta(int(user))) for user in ("1", "2")]
    make.make_reward(world.game, platform_ids={"kick": "kick-other"}, image=False)
    world.claim(platform_reward_id="kick-other", granted_at=midnight_of(TODAY) - timedelta(microseconds=1))
    world.claim(platform_reward_id="unknown")  # belongs to no campaign
    resolve_due(now=FAR)
    for at in (midnight_of(TODAY + 90), midnight_of(TODAY + 91) - timedelta(microseconds=1)):
        deliver(claims[0], at=at, outcome=Outcome.REJECTED)
        retry_claims(claim_ids=[claims[0].pk], actor=None, now=at, reason="")
    deliver(claims[0], at=midnight_of(TODAY + 91))
    right = by_day(world.campaign)
    ClaimDay.objects.all().delete()
    ClaimCountChange.objects.exclude(day=None).delete()
    import_module("fulfillment.migrations.0006_claim_days").count_days(None, connection.schema_editor())
    assert by_day(world.campaign) == right == happened(world.campaign)
    assert differences() == []
