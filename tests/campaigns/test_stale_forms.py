"""A form that was opened before somebody else stored the same."""

from __future__ import annotations

import pytest

from campaigns.models import CampaignReward
from tests.admin_pages import errors_of, form_of, rows, sign_in, url
from tests.factories import make_campaign, make_game, make_reward, make_staff


@pytest.mark.django_db
def test_i5_a_reward_that_somebody_else_added_meanwhile_is_refused_in_words() -> None:
    game = make_game()
    campaign = make_campaign(game, rewards=[make_reward(game)], status="draft")
    address = url("campaigns.campaign", "change", campaign.pk)
    person = sign_in(make_staff(game.organization))
    row = {"reward": make_reward(game).pk, "rule": "watch", "minutes": "45", "position": "2"}
    posted = rows("rewards", form_of(person, address, "campaign_form"), row)
    assert person.post(address, posted).status_code == 302
    assert errors_of(person.post(address, posted)) == ["This is listed already."]
    assert CampaignReward.objects.filter(campaign=campaign).count() == 2


@pytest.mark.django_db
def test_w1_another_name_that_was_stored_meanwhile_is_refused_in_words() -> None:
    game = make_game()
    address = url("campaigns.game", "change", game.pk)
    person = sign_in(make_staff(game.organization))
    posted = rows("names", form_of(person, address, "game_form"), {"name": "Starfall Online"})
    assert person.post(address, posted).status_code == 302
    assert errors_of(person.post(address, posted)) == ["This is listed already."]
    assert game.names.count() == 1
