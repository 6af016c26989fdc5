"""The facts of an organization's standing (F6, F7): each from where it is kept, at a cost that does not grow."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from campaigns.models import Campaign, CampaignPlatform
from fulfillment.health.facts import OrganizationFacts, PlatformFacts
from fulfillment.health.reading import read_all, read_facts
from fulfillment.models import DeliveryTally, ReportGrant, Sweep, SweepPart, WebhookTally, Worker
from linking.models import AuthorizationTurn
from portal.models import AppAccessToken, Organization, PlatformCredential
from tests import factories as make
from tests.factories import NOW
from tests.fulfillment.health.rows import (
    DAY,
    HOUR,
    MINUTE,
    THIS_HOUR,
    arrived,
    called,
    everything,
    heard,
    lapsed,
    organization_in_step,
    subscribed,
    swept,
    untold,
)

pytestmark = pytest.mark.django_db


def facts_of(organization: Organization) -> OrganizationFacts:
    return read_facts(organization, now=NOW)


def standing(credential: PlatformCredential) -> PlatformFacts:
    [one] = [one for one in facts_of(credential.organization).platforms if one.credential_id == credential.pk]
    return one


@pytest.fixture
def credential() -> PlatformCredential:
    return make.make_credential(make.make_organization(), "twitch")


def test_an_organization_with_nothing_has_facts_too() -> None:
    organization = make.make_organization()
    assert facts_of(organization) == OrganizationFacts(
        organization_id=organization.pk, slug=organization.slug, name=organization.name, now=NOW, platforms=()
    )


def test_a_credential_that_was_never_used_says_nothing_was_heard(credential: PlatformCredential) -> None:
    one = standing(credential)
    assert (one.platform, one.name, one.enabled, one.sends_claims, one.grant) == (
        "twitch",
        "Twitch",
        True,
        True,
        "none",
    )
    assert {one.webhook_at, one.sweep_at, one.token_until, one.succeeded_at, one.write_back_oldest} == {None}
    assert [hour.hour for hour in one.hours] == [THIS_HOUR - HOUR * back for back in reversed(range(24))]
    assert {(hour.by_webhook, hour.by_sweep) for hour in one.hours} == {(0, 0)}


def test_what_webhooks_took_in_and_refused_is_of_the_last_day_and_the_last_message_of_all_time(
    credential: PlatformCredential,
) -> None:
    heard(credential, 9 * DAY, count=5)
    heard(credential, 8 * DAY, outcome="handed_on")
    assert (standing(credential).webhook_at, standing(credential).webhooks_taken) == (NOW - 8 * DAY, 0)
    assert standing(credential).claims_webhook_at == NOW - 9 * DAY
    heard(credential, 30 * MINUTE, count=3)
    heard(credential, MINUTE, outcome="bad_signature", count=2)
    heard(credential, MINUTE, outcome="disabled", count=7)
    heard(credential, 2 * MINUTE, outcome="ignored", count=4)
    one = standing(credential)
    assert (one.webhook_at, one.claims_webhook_at) == (NOW - 2 * MINUTE, NOW - 30 * MINUTE)
    assert (one.webhooks_taken, one.webhooks_refused) == (7, 2)


def test_a_count_from_before_its_last_time_was_kept_tells_its_hour(credential: PlatformCredential) -> None:
    WebhookTally.objects.create(credential=credential, hour=THIS_HOUR, outcome="accepted", count=1)
    assert standing(credential).webhook_at == THIS_HOUR


def test_f7_the_last_sweep_is_the_last_that_came_to_its_end(credential: PlatformCredential) -> None:
    swept(credential, 3 * HOUR, full=True)
    swept(credential, 2 * HOUR)
    swept(credential, HOUR, stopped=True)
    swept(credential, MINUTE, narrow=True)
    one = standing(credential)
    assert (one.sweep_at, one.first_swept_at) == (NOW - 2 * HOUR, NOW - 3 * HOUR)
    assert (one.sweep_began_at, one.sweep_next_at) == (None, NOW - HOUR + 10 * MINUTE)


def test_f7_a_running_sweep_tells_since_when_and_what_it_meets(credential: PlatformCredential) -> None:
    swept(credential, HOUR)
    running = Sweep.objects.create(credential=credential, started_at=NOW - MINUTE)
    SweepPart.objects.create(sweep=running, narrowed="all", size=100, due_at=NOW, attempts=2, problem="timed_out")
    one = standing(credential)
    assert (one.sweep_began_at, one.sweep_next_at, one.sweep_problem) == (NOW - MINUTE, None, "timed_out")


def test_f7_lists_that_the_last_sweep_could_not_read_are_counted(credential: PlatformCredential) -> None:
    sweep = swept(credential, HOUR)
    for place, outcome in enumerate(("unreadable", "read", "unreadable")):
        problem = "status:500" if outcome == "unreadable" else ""
        SweepPart.objects.create(
            sweep=sweep, narrowed="user", value=str(place), size=1, outcome=outcome, problem=problem
        )
    assert (standing(credential).unreadable, standing(credential).sweep_problem) == (2, "status:500")


def test_nothing_is_swept_for_a_credential_that_is_off(credential: PlatformCredential) -> None:
    swept(credential, HOUR)
    PlatformCredential.objects.update(enabled=False)
    assert (standing(credential).enabled, standing(credential).sweep_next_at) == (False, None)


@pytest.mark.parametrize(("platform", "read_back"), [("kick", NOW - HOUR - MINUTE), ("twitch", None)])
def test_f6_what_was_read_back_is_told_where_the_platform_confirms_nothing(platform: str, read_back: Any) -> None:
    credential = make.make_credential(make.make_organization(), platform)
    swept(credential, HOUR)
    assert standing(credential).read_back_until == read_back


def test_f7_what_brought_claims_is_counted_by_hour_and_day(credential: PlatformCredential) -> None:
    swept(credential, 9 * DAY, full=True)
    for back, webhook, sweep in ((0, 1, 10), (1, 2, 20), (2, 4, 40), (23, 8, 80), (24, 16, 160)):
        arrived(credential, "webhook", webhook, THIS_HOUR - HOUR * back)
        arrived(credential, "sweep", sweep, THIS_HOUR - HOUR * back)
    one = standing(credential)
    assert (one.by_webhook_hour, one.by_sweep_hour, one.by_webhook, one.by_sweep) == (3, 30, 15, 150)
    assert [(hour.by_webhook, hour.by_sweep) for hour in one.hours if hour.by_webhook] == [
        (8, 80),
        (4, 40),
        (2, 20),
        (1, 10),
    ]


def test_f7_what_the_first_sweep_found_no_webhook_had_missed(credential: PlatformCredential) -> None:
    for back in range(3):
        arrived(credential, "sweep", 100, THIS_HOUR - HOUR * back)
    assert (standing(credential).by_sweep_hour, standing(credential).by_sweep) == (0, 0)
    swept(credential, HOUR, full=True, found=90)
    # In the hour in which it ended the rest was found by later ones.
    assert (standing(credential).by_sweep_hour, standing(credential).by_sweep) == (110, 110)
    assert sum(hour.by_sweep for hour in standing(credential).hours) == 300


def test_subscriptions_are_counted_by_state_and_tell_since_when_one_is_not_at_work(
    credential: PlatformCredential,
) -> None:
    subscribed(credential)
    subscribed(credential, ended_at=NOW - 9 * DAY)
    assert standing(credential).subscription_ended_at is None
    subscribed(credential, "ended", ended_at=NOW - HOUR)
    subscribed(credential, "pending", created_at=NOW - 2 * HOUR)
    subscribed(credential, "missing", created_at=None)
    subscribed(credential, "ended", ended_at=NOW - 5 * HOUR, wanted=False)
    one = standing(credential)
    assert one.subscriptions == {"enabled": 2, "ended": 1, "pending": 1, "missing": 1}
    assert one.subscription_ended_at == NOW - 2 * HOUR


def test_a_token_of_another_client_id_is_worth_nothing(credential: PlatformCredential) -> None:
    AppAccessToken.objects.create(
        credential=credential, client_id=credential.client_id, access_token="t", expires_at=NOW + DAY
    )
    assert standing(credential).token_until == NOW + DAY
    PlatformCredential.objects.update(client_id="another")
    assert standing(credential).token_until is None


def test_calls_tell_how_they_stand_and_how_many_failed_in_the_last_hour(credential: PlatformCredential) -> None:
    called(credential, failed_at=NOW, failures=3, problem="status:503", paused_until=NOW + MINUTE)
    for back, outcome, count in ((0, "ok", 5), (1, "status:503", 2), (1, "timed_out", 1), (2, "ok", 99)):
        credential.api_tallies.create(hour=THIS_HOUR - HOUR * back, outcome=outcome, count=count)
    one = standing(credential)
    assert (one.succeeded_at, one.failed_at, one.failures) == (NOW - MINUTE, NOW, 3)
    assert (one.problem, one.paused_until, one.calls, one.calls_failed) == ("status:503", NOW + MINUTE, 8, 3)


def test_f6_what_is_still_to_be_told_waits_since_it_was_delivered_however_often_it_was_tried(
    credential: PlatformCredential,
) -> None:
    untold(credential, 2 * HOUR, write_back_at=NOW + MINUTE)
    untold(credential, HOUR)
    untold(credential, 3 * DAY, write_back_refused=True, write_back_at=NOW + HOUR)
    untold(credential, 9 * DAY, write_back_at=None)
    untold(credential, 8 * DAY, written_back_at=NOW - 30 * MINUTE)
    one = standing(credential)
    assert (one.write_backs, one.write_back_oldest, one.write_backs_refused) == (3, NOW - 2 * HOUR, 1)


def test_l9_lapsed_and_doubted_authorizations_are_told(credential: PlatformCredential) -> None:
    lapsed(credential)
    AuthorizationTurn.objects.create(credential=credential, due_at=NOW, doubted_since=NOW - HOUR)
    assert (standing(credential).lapsed, standing(credential).doubted_since) == (1, NOW - HOUR)


def test_the_grant_to_read_reports_is_told_where_a_platform_has_them() -> None:
    organization = make.make_organization()
    make.make_credential(organization, "kick")
    twitch = make.make_credential(organization, "twitch")
    ReportGrant.objects.create(credential=twitch, granted_at=NOW, access_token="t", lapsed_at=NOW)
    assert [(one.platform, one.grant) for one in facts_of(organization).platforms] == [
        ("twitch", "lapsed"),
        ("kick", ""),
    ]


def test_c4_live_campaigns_are_those_that_the_platform_counts_and_that_are_no_tests() -> None:
    organization = organization_in_step()
    game = make.make_game(organization)
    make.make_endpoint(game)
    live = make.make_campaign(game, platform_ids={"kick": "C1"})
    make.make_campaign(game, platform_ids={"kick": "C2"}, test_mode=True)
    make.make_campaign(game, platform_ids={"kick": "C3"}, starts_at=NOW + HOUR)
    ours = make.make_campaign(game, platform_ids={"kick": ""})
    CampaignPlatform.objects.filter(campaign=ours).update(counted_by="portal")
    twitch, kick = facts_of(organization).platforms
    assert ([one.id for one in kick.live], twitch.live) == ([live.pk], ())
    assert facts_of(organization).not_live == ()


def test_c4_campaigns_that_should_be_live_are_found_by_what_they_lack() -> None:
    organization = make.make_organization()
    game = make.make_game(organization)
    paused = make.make_campaign(game, platform_ids={"kick": "C1"}, deliveries_paused=True)
    draft = make.make_campaign(game, status=Campaign.Status.DRAFT)
    make.make_campaign(game, status=Campaign.Status.CANCELLED)
    make.make_credential(organization, "kick", enabled=False)
    found = [(one.id, one.why) for one in facts_of(organization).not_live]
    assert sorted(found) == sorted(
        [(paused.pk, "credential"), (paused.pk, "endpoint"), (paused.pk, "paused"), (draft.pk, "draft")]
    )


def test_deliveries_are_those_due_and_those_of_the_last_hour() -> None:
    organization = make.make_organization()
    games = [make.make_game(organization) for _ in range(2)]
    for minutes, game in enumerate((*games, games[0]), start=1):
        claim = make.make_claim(organization, game=game, state="waiting")
        claim.delivery = game.deliveries.create(claim=claim, due_at=NOW - MINUTE * minutes, created_at=NOW)
    for back, outcome, count in ((0, "delivered", 5), (1, "delivered", 2), (1, "failed", 1), (2, "failed", 99)):
        DeliveryTally.objects.create(game=games[0], hour=THIS_HOUR - HOUR * back, outcome=outcome, count=count)
    make.make_claim(organization)
    Worker.objects.create(place="here", pid=1, started_at=NOW, beat_at=NOW - MINUTE)
    facts = facts_of(organization)
    assert (facts.due, facts.due_oldest) == (3, NOW - 3 * MINUTE)
    assert (facts.delivered, facts.failed, facts.received, facts.worker_at) == (7, 1, 1, NOW - MINUTE)


def test_unknown_rewards_are_named() -> None:
    organization = make.make_organization()
    everything(organization)
    [one] = facts_of(organization).unmapped
    assert (one.platform, one.what, one.claims) == ("twitch", "reward", 1)


def test_all_organizations_have_the_facts_that_each_has_alone() -> None:
    first, second = make.make_organization(name="A"), make.make_organization(name="B")
    everything(first)
    everything(second, 2)
    assert read_all(now=NOW) == [facts_of(first), facts_of(second)]


def test_facts_need_as_many_queries_for_twenty_of_everything_as_for_one() -> None:
    one, twenty = make.make_organization(), make.make_organization()
    everything(one)
    everything(twenty, 20)
    with CaptureQueriesContext(connection) as few:
        facts_of(one)
    with CaptureQueriesContext(connection) as many:
        facts = facts_of(twenty)
    assert facts.platforms[0].write_backs == 20
    assert len(many) == len(few), "\n".join(query["sql"] for query in many.captured_queries)


def test_all_organizations_need_as_many_queries_as_one() -> None:
    organization_in_step()
    with CaptureQueriesContext(connection) as one:
        read_all(now=NOW)
    for _ in range(5):
        organization_in_step()
    with CaptureQueriesContext(connection) as six:
        assert len(read_all(now=NOW)) == 6
    assert len(six) == len(one)
