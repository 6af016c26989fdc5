"""What has a history is kept, and the page says by what; asked in one question, however much there is (F8)."""

from __future__ import annotations

import pytest
from django.db import connection
from django.db.models.deletion import ProtectedError
from django.test.utils import CaptureQueriesContext

from campaigns.models import Campaign, Game, GameRecording
from portal import admin_deletion
from portal.admin_deletion import goes_with, kept_because
from portal.roles import Role
from tests.admin_pages import sign_in, url
from tests.factories import (
    NOW,
    make_campaign,
    make_claim,
    make_game,
    make_game_session,
    make_organization,
    make_reward,
    make_staff,
)

pytestmark = pytest.mark.django_db

CAMPAIGN = "campaigns.campaign"


def draft(game: Game) -> Campaign:
    return make_campaign(game, rewards=[make_reward(game)], platform_ids={"kick": "k-1"}, status=Campaign.Status.DRAFT)


def test_f8_who_asks_to_delete_a_draft_reads_what_goes_with_it_in_few_queries() -> None:
    game = make_game(make_organization())
    campaign = draft(game)
    client = sign_in(make_staff(game.organization, Role.OWNER))
    client.get(url(CAMPAIGN, "changelist"))
    with CaptureQueriesContext(
        connection,
    ) as asked:
        page = client.get(url(CAMPAIGN, "delete", campaign.pk))
    assert page.status_code == 200
    assert len(asked) <= 20
    assert {str(meta.verbose_name): count for meta, count in goes_with(campaign).items()} == {
        "reward of the campaign": 1,
        "platform": 1,
    }
    assert "rewards of the campaign: 1" in page.content.decode().lower()
    client.post(url(CAMPAIGN, "delete", campaign.pk), {"post": "yes"})
    assert not Campaign.objects.filter(pk=campaign.pk).exists()


def test_f8_what_is_used_is_kept_and_counted_no_further_than_anybody_needs(monkeypatch: pytest.MonkeyPatch) -> None:
    game = make_game(make_organization())
    campaign = draft(game)
    for _number in range(3):
        make_claim(game.organization, campaign=campaign)
    assert kept_because(campaign) == f"“{campaign}” is kept: it is used by 3 claims."
    monkeypatch.setattr(admin_deletion, "COUNTED", 2)
    assert kept_because(campaign) == f"“{campaign}” is kept: it is used by more than 2 claims."
    with pytest.raises(ProtectedError):
        campaign.delete()
    client = sign_in(make_staff(game.organization, Role.OWNER))
    with CaptureQueriesContext(connection) as asked:
        answer = client.post(url(CAMPAIGN, "delete", campaign.pk), {"post": "yes"}, follow=True)
    assert "is kept: it is used by more than 2 claims" in answer.content.decode()
    assert Campaign.objects.filter(pk=campaign.pk).exists()
    assert not [query for query in asked if 'DELETE FROM "campaigns_campaign"' in query["sql"]]


def test_f8_what_stands_on_what_would_go_keeps_a_row_too() -> None:
    game = make_game(make_organization())
    campaign = draft(game)
    row = campaign.rewards.get()
    make_claim(game.organization, campaign_reward=row)
    assert kept_because(campaign) == f"“{campaign}” is kept: it is used by 1 claim."


def test_s1_what_goes_with_a_row_and_nobody_may_delete_keeps_it() -> None:
    game = make_game(make_organization())
    session = make_game_session(make_game(game.organization))
    GameRecording.objects.create(game=game, session=session, name="A match", started_at=NOW)
    client = sign_in(make_staff(game.organization, Role.OWNER))
    assert client.post(url("campaigns.game", "delete", game.pk), {"post": "yes"}).status_code == 403
    assert Game.objects.filter(pk=game.pk).exists()
