"""Two people at the same page at the same moment, on connections of their own."""

from __future__ import annotations

import threading

import pytest
from django.db import connection

from campaigns.models import CampaignReward
from tests.admin_pages import form_of, rows, sign_in, url
from tests.factories import make_campaign, make_game, make_reward, make_staff

pytestmark = [pytest.mark.postgresql, pytest.mark.django_db(transaction=True)]
PATIENCE = 20.0


def test_i5_two_people_who_add_the_same_reward_at_once_add_it_once_and_the_second_reads_why() -> None:
    game = make_game()
    campaign = make_campaign(game, rewards=[make_reward(game)], status="draft")
    people = [sign_in(make_staff(game.organization)) for _ in range(4)]
    address = url("campaigns.campaign", "change", campaign.pk)
    row = {"reward": make_reward(game).pk, "rule": "watch", "minutes": "45", "position": "2"}
    posted = rows("rewards", form_of(people[0], address, "campaign_form"), row)
    start, found = threading.Barrier(len(people)), []

    def save(person: object) -> None:
        try:
            start.wait(PATIENCE)
            found.append(person.post(address, posted).status_code)  # type: ignore[attr-defined]
        finally:
            connection.close()

    threads = [threading.Thread(target=save, args=(person,)) for person in people]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
    assert sorted(found) == [200, 200, 200, 302]
    assert CampaignReward.objects.filter(campaign=campaign).count() == 2
