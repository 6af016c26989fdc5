"""Two people at the same page at the same moment, on connections of their own."""

from __future__ import annotations

from functools import partial

import pytest
from django.test import Client

from campaigns.models import CampaignReward
from tests.admin_pages import form_of, rows, sign_in, url
from tests.factories import make_campaign, make_game, make_reward, make_staff
from tests.together import at_once

pytestmark = [pytest.mark.postgresql, pytest.mark.django_db(transaction=True)]


def test_i5_two_people_who_add_the_same_reward_at_once_add_it_once_and_the_second_reads_why() -> None:
    game = make_game()
    campaign = make_campaign(game, rewards=[make_reward(game)], status="draft")
    people = [sign_in(make_staff(game.organization)) for _ in range(4)]
    address = url("campaigns.campaign", "change", campaign.pk)
    row = {"reward": make_reward(game).pk, "rule": "watch", "minutes": "45", "position": "2"}
    posted = rows("rewards", form_of(people[0], address, "campaign_form"), row)
    found: list[int] = []

    def save(person: Client) -> None:
        found.append(person.post(address, posted).status_code)

    assert at_once(*(partial(save, person) for person in people)) == []
    assert sorted(found) == [200, 200, 200, 302]
    assert CampaignReward.objects.filter(campaign=campaign).count() == 2
