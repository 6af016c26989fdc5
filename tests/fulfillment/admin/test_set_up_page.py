"""The set-up page: the steps of each platform's guide, ticked from the real state alone."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from campaigns.models import Game, HeartbeatSource, SourceTest
from fulfillment.models import PlatformSubscription, WebhookTally
from fulfillment.set_up.reading import PlatformSeen, read_platforms
from fulfillment.set_up.steps import Standing, own_steps, platform_part
from portal import platforms
from portal.models import ApiStanding, Organization
from portal.platforms.guide import Sign
from portal.roles import Role
from tests.admin_pages import sign_in
from tests.factories import (
    NOW,
    make_campaign,
    make_category,
    make_claim,
    make_credential,
    make_endpoint,
    make_game,
    make_link,
    make_organization,
    make_reward,
    make_staff,
    make_viewer,
)
from tests.watching import make_source

pytestmark = pytest.mark.django_db


def games_of(organization: Organization) -> list[str]:
    return list(Game.objects.filter(organization=organization).values_list("pk", flat=True))


def seen(organization: Organization, platform: str) -> PlatformSeen:
    found = read_platforms(organization, games_of(organization))
    return next(one for one in found if one.platform.key == platform)


def signs(organization: Organization, platform: str) -> set[str]:
    return {sign.value for sign, one in seen(organization, platform).signs.items() if one.done}


def test_every_platform_has_a_guide_all_of_whose_signs_are_judged() -> None:
    organization = make_organization()
    for found in read_platforms(organization, []):
        assert found.platform.guide, found.platform.key
        part = platform_part(found, link_page="https://drops.example.org/connect/x/", allowed=lambda _permission: True)
        assert [step.standing for step in part.steps] == [Standing.OPEN] * len(part.steps)


def test_the_twitch_guide_has_the_seven_steps_of_its_document() -> None:
    assert len(platforms.get("twitch").guide) == 7


def test_nothing_is_ticked_for_a_credential_that_was_only_entered() -> None:
    organization = make_organization()
    make_credential(organization, "twitch", webhook_secret="")
    assert signs(organization, "twitch") == {Sign.APP}
    assert seen(organization, "twitch").begun
    assert not seen(organization, "kick").begun


def test_each_sign_of_a_credential_is_ticked_by_what_has_happened() -> None:
    organization = make_organization()
    credential = make_credential(organization, "twitch")
    ApiStanding.objects.create(credential=credential, succeeded_at=NOW)
    WebhookTally.objects.create(credential=credential, hour=NOW, outcome="accepted", count=1, last_at=NOW)
    PlatformSubscription.objects.create(
        credential=credential, type="drop.entitlement.grant", subject="x", state=PlatformSubscription.State.ENABLED
    )
    found = seen(organization, "twitch").signs
    assert signs(organization, "twitch") == {Sign.APP, Sign.ANSWERS, Sign.SECRET, Sign.WEBHOOK, Sign.SUBSCRIBED}
    assert found[Sign.ANSWERS].at == found[Sign.WEBHOOK].at == NOW


def test_a_refused_message_is_no_sign_that_webhooks_arrive() -> None:
    organization = make_organization()
    credential = make_credential(organization, "kick")
    WebhookTally.objects.create(credential=credential, hour=NOW, outcome="bad_signature", count=5, last_at=NOW)
    assert Sign.WEBHOOK not in signs(organization, "kick")


def test_a_platform_that_refuses_the_app_now_is_not_ticked_and_says_why() -> None:
    organization = make_organization()
    credential = make_credential(organization, "kick")
    ApiStanding.objects.create(credential=credential, succeeded_at=NOW, failed_at=NOW, failures=2, problem="status:401")
    answers = seen(organization, "kick").signs[Sign.ANSWERS]
    assert not answers.done
    assert "refuses the app" in str(answers.problem)


def test_a_subscription_that_ended_unticks_the_sign_and_is_counted() -> None:
    organization = make_organization()
    credential = make_credential(organization, "twitch")
    for number, state in enumerate((PlatformSubscription.State.ENABLED, PlatformSubscription.State.ENDED)):
        PlatformSubscription.objects.create(credential=credential, type="t", subject=str(number), state=state)
    subscribed = seen(organization, "twitch").signs[Sign.SUBSCRIBED]
    assert not subscribed.done
    assert str(subscribed.problem) == "1 of 2 are at work."


def test_heartbeats_and_a_test_with_an_own_channel_are_ticked_once_they_came() -> None:
    game = make_game()
    source = make_source(game, identifiers="player", platform="portal")
    assert signs(game.organization, "portal") == {Sign.SOURCE}
    SourceTest.objects.create(source=source, platform_user_id="p1", started_at=NOW)
    assert Sign.TESTED not in signs(game.organization, "portal")
    HeartbeatSource.objects.update(last_heartbeat_at=NOW)
    assert signs(game.organization, "portal") == {Sign.SOURCE, Sign.HEARTBEAT, Sign.TESTED}


def test_links_claims_and_deliveries_are_ticked_for_their_own_platform_alone() -> None:
    game = make_game()
    organization = game.organization
    make_credential(organization, "kick")
    make_credential(organization, "twitch")
    viewer = make_viewer(organization, "kick")
    make_link(game, viewer=viewer)
    reward = make_reward(game, platform_ids={"kick": "r"})
    campaign = make_campaign(game, rewards=[reward], platform_ids={"kick": "c"}, now=NOW)
    assert {Sign.LINK, Sign.REWARD_IDS, Sign.CAMPAIGN} <= signs(organization, "kick")
    assert Sign.CLAIM not in signs(organization, "kick")
    make_claim(organization, platform="kick", campaign=campaign, state="confirmed", game=game)
    assert {Sign.CLAIM, Sign.DELIVERED} <= signs(organization, "kick")
    assert signs(organization, "twitch") == {Sign.APP, Sign.SECRET}


def test_the_portals_own_steps_follow_the_real_state() -> None:
    organization = make_organization(enabled=False)
    game = make_game(organization)
    part = own_steps(organization, games_of(organization), allowed=lambda _permission: True)
    assert [step.standing for step in part.steps] == [
        Standing.OPEN,
        Standing.BEGUN,
        *[Standing.OPEN] * 4,
    ]
    make_category(game)
    make_endpoint(game, "https://game.example.org/")
    make_campaign(game, rewards=[make_reward(game)], now=NOW)
    Organization.objects.update(enabled=True)
    organization.refresh_from_db()
    part = own_steps(organization, games_of(organization), allowed=lambda _permission: True)
    assert part.done == 5
    leads = [point.url for step in part.steps for point in step.points if "reward/" in point.url]
    assert leads == [reverse("admin:campaigns_reward_changelist")], "what is there is shown, not added once more"


def page(client: Client) -> str:
    answer = client.get(reverse("admin:set_up"))
    assert answer.status_code == 200
    return answer.content.decode()


def test_s1_the_webhook_address_is_shown_to_owners_alone() -> None:
    organization = make_organization()
    credential = make_credential(organization, "kick")
    assert credential.url_token in page(sign_in(make_staff(organization)))
    shown = page(sign_in(make_staff(organization, Role.PRODUCER)))
    assert credential.url_token not in shown
    assert "an owner sees it here" in shown


def test_the_page_asks_as_many_questions_of_much_as_of_little_and_at_most_20() -> None:
    organization = make_organization()
    client = sign_in(make_staff(organization))

    def fill() -> int:
        game = make_game(organization)
        make_source(game, identifiers="player", platform="portal")
        make_endpoint(game, "https://game.example.org/")
        make_campaign(game, rewards=[make_reward(game)], now=NOW)
        with CaptureQueriesContext(connection) as asked:
            page(client)
        return len(asked)

    for platform in ("twitch", "kick", "chzzk"):
        make_credential(organization, platform)
    fill()
    little = fill()
    for _number in range(18):
        fill()
    assert fill() == little <= 20
