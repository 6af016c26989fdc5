"""What game sessions stand on is kept, and the admin says why; what only tried things goes with a draft (F8)."""

from __future__ import annotations

import pytest
from django.test import Client

from campaigns.models import Campaign, CampaignReward, EventTrial, GameRecording
from tests.admin_pages import form_of, url
from tests.factories import NOW, make_game, make_game_session
from tests.game_events import happen, make_channel, make_event_reward
from tests.recordings import record

pytestmark = pytest.mark.django_db


def note(row: CampaignReward, recording: GameRecording) -> None:
    EventTrial.objects.create(campaign_reward=row, recording=recording, tried="x", tried_at=NOW, happened=1)


def test_f8_a_game_and_a_channel_with_sessions_are_kept_and_the_page_says_by_what(
    owner: Client, draft: Campaign
) -> None:
    game = make_game(draft.organization)
    channel = make_channel(game)
    make_game_session(game, channel)
    for model, row in (("campaigns.game", game), ("campaigns.channel", channel)):
        answer = owner.post(url(model, "delete", row.pk), {"post": "yes"}, follow=True)
        assert "is kept: it is used by 1" in answer.content.decode()
        assert type(row)._default_manager.filter(pk=row.pk).exists()


def test_f8_a_draft_goes_with_what_its_trials_found(owner: Client, draft: Campaign) -> None:
    note(make_event_reward(draft), record(draft.game, {"boss": "dead"}))
    owner.post(url("campaigns.campaign", "delete", draft.pk), {"post": "yes"})
    assert not Campaign.objects.filter(pk=draft.pk).exists()
    assert not EventTrial.objects.exists() and GameRecording.objects.exists()


def test_f8_a_reward_leaves_a_draft_with_its_trial_but_not_once_its_event_has_happened(
    owner: Client, draft: Campaign
) -> None:
    page = url("campaigns.campaign", "change", draft.pk)
    first, second = make_event_reward(draft), make_event_reward(draft)
    note(first, record(draft.game, {"boss": "dead"}))
    values = form_of(owner, page, "campaign_form") | {"rewards-0-DELETE": "on"}
    assert owner.post(page, values).status_code == 302
    assert list(draft.rewards.all()) == [second]
    happen(second, [make_channel(draft.game)], at=NOW)
    values = form_of(owner, page, "campaign_form") | {"rewards-0-DELETE": "on"}
    assert owner.post(page, values).status_code == 200
    assert list(draft.rewards.all()) == [second]
