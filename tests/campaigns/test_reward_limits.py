"""Limits of a campaign's rewards in its form: entered, kept in the trail, and open while the campaign runs (C6)."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.test import Client

from campaigns.models import Campaign, CampaignReward
from campaigns.rules.edits import is_locked
from campaigns.rules.phases import Phase
from portal.models import AuditEntry
from tests.admin_pages import errors_of, form_of, sign_in, url
from tests.factories import NOW, make_campaign, make_endpoint, make_game, make_organization, make_reward, make_staff

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("standing_clock")]

FORM = "campaign_form"


@pytest.fixture
def live() -> Campaign:
    game = make_game(make_organization())
    make_endpoint(game)
    return make_campaign(game, rewards=[make_reward(game)], platform_ids={"kick": "autumn"})


@pytest.fixture
def owner(live: Campaign) -> Client:
    return sign_in(make_staff(live.organization))


def page(campaign: Campaign) -> str:
    return url("campaigns.campaign", "change", campaign.pk)


def test_c6_limits_are_set_raised_and_lowered_while_the_campaign_is_live(owner: Client, live: Campaign) -> None:
    for total in ("100", "50", ""):
        values = form_of(owner, page(live), FORM) | {"rewards-0-limit_total": total, "rewards-0-at_limit": "stop"}
        answer = owner.post(page(live), values)
        assert answer.status_code == 302, errors_of(answer)
        row = live.rewards.get()
        assert (row.limit_total, row.at_limit, row.minutes) == (int(total) if total else None, "stop", 30)
    told = [entry.after["rewards"] for entry in AuditEntry.objects.filter(object_id=live.pk).order_by("pk")]
    assert any("limits 100 in all, any a day, stop" in text for text in told)


def test_limits_are_one_or_more(owner: Client, live: Campaign) -> None:
    for field in ("limit_total", "limit_per_day"):
        answer = owner.post(page(live), form_of(owner, page(live), FORM) | {f"rewards-0-{field}": "0"})
        assert answer.status_code == 200
        assert "A limit is 1 or more. Leave it empty for none." in answer.content.decode(), "said where it is seen"
    with pytest.raises(IntegrityError), transaction.atomic():
        CampaignReward.objects.update(limit_total=0)


@pytest.mark.parametrize(
    ("phase", "locked"), [(Phase.DRAFT, False), (Phase.LIVE, False), (Phase.GRACE, False), (Phase.CLOSED, True)]
)
def test_c6_limits_are_open_until_the_campaign_is_closed(phase: Phase, locked: bool) -> None:
    assert is_locked("limits", phase=phase, ends_at=NOW + timedelta(days=1), now=NOW) is locked
