"""The steps on the page of a game say who counts, and what is left to do."""

from __future__ import annotations

import pytest
from django.test import Client

from campaigns.models import CampaignPlatform
from tests import factories as make
from tests.fulfillment.progress_pages.visiting import page_of
from tests.linking.walk import text_of
from tests.watching import make_counted_campaign

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("platforms", "words", "never"),
    [
        ({"kick": "platform"}, ["The platform counts your time", "Claim it there"], ["Your minutes are counted here"]),
        (
            {"kick": "portal"},
            ["Your minutes are counted here", "Claim the reward here", "it counts the minutes that you watch"],
            ["The platform counts your time", "in your Drops inventory"],
        ),
        (
            {"kick": "portal", "twitch": "platform"},
            ["On Kick this site counts your minutes", "that Twitch counts itself", "Claim the reward"],
            ["The platform counts your time"],
        ),
        ({"portal": "portal"}, ["Nothing to connect"], ["has not set up a platform here yet"]),
    ],
)
def test_the_steps_say_who_counts(platforms: dict[str, str], words: list[str], never: list[str]) -> None:
    game = make.make_game()
    for platform in ("kick", "twitch"):
        if platform in platforms:
            make.make_credential(game.organization, platform)
    campaign = make.make_campaign(game, rewards=[make.make_reward(game, image=False)])
    for platform, who in platforms.items():
        CampaignPlatform.objects.create(campaign=campaign, platform=platform, counted_by=who)
    page = Client().get(f"/connect/{game.organization.slug}/{game.slug}/")
    shown = text_of(page)
    assert [word for word in words if word not in shown] == []
    assert [word for word in never if word in shown] == []
    assert f'href="{page_of(campaign)}"' in page.content.decode()


def test_who_watches_in_the_studios_own_player_is_ready_with_the_game_account_alone() -> None:
    game, user = make.make_game(), make.make_user()
    make_counted_campaign(game, platform="portal")
    make.make_player(game, user=user)
    client = Client()
    client.force_login(user)
    shown = text_of(client.get(f"/connect/{game.organization.slug}/{game.slug}/"))
    assert "Watch Next step" in shown
    assert "Open your rewards" in shown
