"""No page of a campaign asks the database more than twenty queries, whatever the campaign has and whatever its phase."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.contenttypes.models import ContentType
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from campaigns.members import set_games_of_member
from campaigns.models import (
    Campaign,
    CampaignChannel,
    CampaignGame,
    CampaignPlatform,
    CampaignReward,
    CampaignTester,
)
from campaigns.rules.phases import Phase
from fulfillment.models import CodePool
from portal.models import Organization
from portal.roles import Role
from tests.admin_pages import sign_in, url
from tests.factories import (
    NOW,
    make_campaign,
    make_channel,
    make_claim,
    make_endpoint,
    make_game,
    make_organization,
    make_reward,
    make_staff,
)
from tests.fulfillment.health.rows import in_step
from tests.watching import make_source

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("standing_clock")]

MOST = 20
DAY = timedelta(days=1)
EVENT = {"event_name": "boss", "event_path": "$.boss", "event_condition": "equals", "event_value": '"dead"'}
TIMES = {
    Phase.DRAFT: (3, 9),
    Phase.SCHEDULED: (3, 9),
    Phase.ANNOUNCED: (3, 9),
    Phase.LIVE: (-3, 9),
    Phase.GRACE: (-9, -3),
    Phase.CLOSED: (-90, -60),
    Phase.CANCELLED: (-3, 9),
}


def times_of(phase: Phase) -> dict[str, Any]:
    begins, ends = (NOW + days * DAY for days in TIMES[phase])
    status = {Phase.DRAFT: "draft", Phase.CANCELLED: "cancelled"}.get(phase, "published")
    times = {"status": status, "starts_at": begins, "ends_at": ends}
    return {**times, "announces_at": begins - 7 * DAY} if phase is Phase.ANNOUNCED else times


def full_campaign(organization: Organization, phase: Phase, *, channels: int = 30, endpoint: bool = True) -> Campaign:
    """Make a campaign that has much of everything, so that every check and every figure has something to look at."""
    game, *further = [make_game(organization) for _ in range(4)]
    rewards = [make_reward(game, platform_ids={"kick": f"kick-{game.pk}-{n}"}) for n in range(12)]
    campaign = make_campaign(game, rewards=rewards, scope=Campaign.Scope.ALLOW_LIST, test_mode=True, **times_of(phase))
    rows = list(campaign.rewards.order_by("position"))
    for row, needed in zip(rows[1:6], rows, strict=False):
        row.requires = needed
        row.save()
    CampaignReward.objects.filter(pk__in=[row.pk for row in rows[6:]]).update(rule="game_event", minutes=None, **EVENT)
    CampaignReward.objects.filter(pk=rows[0].pk).update(limit_total=100, limit_per_day=10)
    for platform, counted_by in (
        ("twitch", "platform"),
        ("kick", "platform"),
        ("chzzk", "portal"),
        ("portal", "portal"),
    ):
        CampaignPlatform.objects.create(campaign=campaign, platform=platform, counted_by=counted_by)
    CampaignGame.objects.bulk_create(CampaignGame(campaign=campaign, game=one) for one in further)
    CampaignTester.objects.bulk_create(
        CampaignTester(campaign=campaign, platform="kick", platform_user_id=str(n)) for n in range(20)
    )
    CampaignChannel.objects.bulk_create(
        CampaignChannel(campaign=campaign, channel=make_channel(organization), listed_at=NOW) for _ in range(channels)
    )
    for reward in rewards[:3]:
        CodePool.objects.create(organization=organization, reward=reward, name=reward.name)
    if endpoint:
        make_endpoint(game)
    make_source(game, platform="chzzk")
    for _ in range(5):
        make_claim(organization, campaign=campaign, state="quarantined", reason="reward_unknown")
    return campaign


@pytest.fixture
def organization() -> Organization:
    ContentType.objects.get_for_model(Campaign)  # a process asks for it once
    organization = make_organization()
    for platform in ("twitch", "kick"):
        in_step(organization, platform)
    return organization


def asked(client: Client, address: str) -> int:
    """Return how many queries a page asks, and show them where they are too many."""
    with CaptureQueriesContext(connection) as queries:
        answer = client.get(address)
    assert answer.status_code in (200, 302), answer.status_code
    if len(queries) > MOST:
        print(address, len(queries), *(query["sql"][:240] for query in queries), sep="\n")
    return len(queries)


def pages(campaign: Campaign) -> list[str]:
    names = ("change", "publish", "pause", "resume", "testers", "cancel", "steps", "clone", "preview", "channels")
    steps = ("what-and-when", "where", "rewards", "check")
    return [
        *(url("campaigns.campaign", name, campaign.pk) for name in names),
        *(url("campaigns.campaign", "guide", campaign.pk, step) for step in steps),
        url("campaigns.campaign", "guide", campaign.pk, "rewards") + "?add=1",
        url("campaigns.campaign", "guide", campaign.pk, "rewards") + f"?edit={campaign.rewards.all()[0].pk}",
    ]


@pytest.mark.parametrize("phase", list(Phase))
def test_no_page_of_a_campaign_with_much_of_everything_asks_more_than_twenty_queries(
    organization: Organization, phase: Phase
) -> None:
    campaign = full_campaign(organization, phase)
    assert campaign.phase(NOW) is phase
    client = sign_in(make_staff(organization))
    counts = {address: asked(client, address) for address in pages(campaign)}
    assert max(counts.values()) <= MOST, counts


@pytest.mark.parametrize("channels", [0, 80])
def test_nor_one_that_lacks_its_way_to_the_game_and_lists_no_channel_or_too_many_to_show(
    organization: Organization, channels: int
) -> None:
    campaign = full_campaign(organization, Phase.DRAFT, channels=channels, endpoint=False)
    client = sign_in(make_staff(organization))
    counts = {address: asked(client, address) for address in pages(campaign)}
    assert max(counts.values()) <= MOST, counts


@pytest.mark.parametrize("phase", [Phase.DRAFT, Phase.LIVE])
def test_nor_for_a_member_of_some_games(organization: Organization, phase: Phase) -> None:
    campaign = full_campaign(organization, phase)
    user = make_staff(organization, Role.PRODUCER)
    membership = user.memberships.get()
    membership.all_games = False
    membership.save()
    set_games_of_member(membership.pk, [campaign.game_id])
    client = sign_in(user)
    assert asked(client, url("campaigns.campaign", "change", campaign.pk)) <= MOST


@pytest.mark.parametrize("page", ["index", "health", "set_up"])
@pytest.mark.parametrize("phase", [Phase.DRAFT, Phase.LIVE])
def test_nor_does_a_page_of_the_organization(organization: Organization, phase: Phase, page: str) -> None:
    full_campaign(organization, phase)
    assert asked(sign_in(make_staff(organization)), reverse(f"admin:{page}")) <= MOST
