"""The start page: what it says on campaign day, to whom, and at what cost."""

from __future__ import annotations

from datetime import datetime, timedelta
from html import unescape
from typing import Any

import pytest
from django.db import connection
from django.http import HttpRequest
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from campaigns.members import set_games_of_member
from campaigns.models import Campaign, CampaignPlatform, HeartbeatSource
from fulfillment import pace
from fulfillment.alerts.judging import judge_all
from fulfillment.claim_counts import Changes, quarter_of
from fulfillment.claim_minutes import Minutes
from fulfillment.models import Alert, Claim, Endpoint
from fulfillment.rules.codes import Code
from fulfillment.rules.states import State
from portal import audit
from portal.dashboard import Line, start_lines
from portal.models import Membership, Organization
from portal.roles import Role
from tests import factories as make
from tests.admin_pages import sign_in
from tests.factories import NOW
from tests.fulfillment.admin.story import Studio

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("standing_clock")]

START = "/admin/"
MOST_QUERIES = 20


def seen(studio: Studio, role: Role = Role.PRODUCER, query: str = "") -> str:
    return text(sign_in(studio.members[role]).get(START + query))


def text(answer: Any) -> str:
    assert answer.status_code == 200
    return " ".join(unescape(answer.content.decode()).replace("\xa0", " ").split())


def judged() -> None:
    judge_all(clock=lambda: NOW, seconds=60)


def counted(campaign: Campaign, state: State, claims: int, *, platform: str = "kick", at: datetime = NOW) -> None:
    """Have so many claims counted as if they were there."""
    changes, minutes = Changes(), Minutes()
    place = campaign.rewards.get().pk
    changes.in_state(campaign.pk, place, state, claims)
    changes.granted(campaign.pk, place, quarter_of(at), claims)
    minutes.add(campaign.pk, Claim(platform=platform, received_at=at), claims)
    changes.write()
    minutes.write()


def on(campaign: Campaign, platform: str = "kick", by: str = "platform") -> None:
    CampaignPlatform.objects.create(
        campaign=campaign, organization=campaign.organization, platform=platform, counted_by=by
    )


# What is live.


def test_a_live_campaign_says_on_each_platform_who_counts_what_came_last_and_how_it_stands(studio: Studio) -> None:
    make.make_credential(studio.organization, "kick")
    on(studio.campaign)
    on(studio.campaign, "twitch", "portal")
    counted(studio.campaign, State.DELIVERED, 3, at=NOW - timedelta(minutes=4))
    assert "Kick: how it stands was not looked at yet." in seen(studio)
    judged()
    page = seen(studio)
    assert "Live: 1 · in grace time: 0" in page
    assert "Kick: nothing heard and nothing asked yet." in page and f"{reverse('admin:health')}#kick" in page
    assert "The platform counts · Last claim: <time" in page and "4 minutes ago" in page
    assert "Twitch: no heartbeat source is switched on" in page
    assert "Ends in 7 days: " in page and "Grace ends in 21 days: " in page
    assert "What is wrong was looked for" in page


def test_heartbeats_that_do_not_come_are_said_so_and_those_that_come_too(studio: Studio) -> None:
    on(studio.campaign, by="portal")
    source = HeartbeatSource.objects.create(
        game=studio.game, name="Hearts", identifiers="platform", platform="kick", url_token_hash="x"
    )
    assert "Kick: no heartbeat for 10 minutes. Does anybody stream?" in seen(studio)
    HeartbeatSource.objects.filter(pk=source.pk).update(last_heartbeat_at=NOW - timedelta(minutes=2))
    page = seen(studio)
    assert "Kick: heartbeats come in." in page and "2 minutes ago" in page


def test_what_keeps_a_live_campaign_from_delivering_is_said_with_where_it_is_mended(studio: Studio) -> None:
    on(studio.campaign)
    Campaign.objects.update(deliveries_paused=True)
    Endpoint.objects.update(enabled=False)
    judged()
    page = seen(studio, Role.OWNER)
    assert "The game has no endpoint that is switched on" in page and "Deliveries are paused: claims are kept." in page
    assert "Kick: there is no credential, so its claims cannot come in." in page
    endpoints = f'href="{reverse("admin:fulfillment_endpoint_changelist")}">Endpoints</a>'
    main = page.partition("start-live")[2]
    assert endpoints in main and endpoints not in seen(studio, Role.PRODUCER).partition("start-live")[2]


# What waits.


def test_what_is_stuck_waits_by_reason_with_the_list_where_it_is_mended(studio: Studio) -> None:
    for _ in range(3):
        studio.claim(State.FAILED, Code.REJECTED)
    studio.claim(State.HELD, Code.LATE)
    studio.claim(State.HELD, Code.TEST)
    studio.claim(State.QUARANTINED, Code.REWARD_UNKNOWN)
    page = seen(studio, Role.SUPPORT)
    listing = reverse("admin:fulfillment_claim_changelist")
    assert f'<a href="{listing}?state=failed&reason=rejected">3: refused by the game</a>' in page
    assert f'<a href="{listing}?state=held&reason=late">1: granted after closing</a>' in page
    assert f'<a href="{reverse("admin:drift")}">1: reward unknown</a>' in page
    assert "not one of the testers" not in page
    assert page.index("refused by the game") < page.index("granted after closing") < page.index("Setting up is not")
    assert 'data-say="4 things wait for somebody."' in page


def test_alerts_and_what_apps_add_wait_too_and_what_is_well_stands_below(studio: Studio) -> None:
    Alert.objects.create(
        organization=studio.organization,
        rule="no_worker",
        facts={"case": "no_worker", "since": NOW.isoformat()},
        opened_at=NOW,
        seen_at=NOW,
    )

    def codes(request: HttpRequest, organization: Organization, now: datetime) -> list[Line]:
        return [Line("Codes of Comet Cloak", "12 left", "/x/", True), Line("Codes of Hat", "last about 9 days")]

    start_lines.append(codes)
    try:
        page = seen(studio)
    finally:
        start_lines.remove(codes)
    assert "No delivery worker has been heard from since" in page
    assert '<a href="/x/">Codes of Comet Cloak: 12 left</a>' in page
    assert "<dt>Codes of Hat</dt><dd>last about 9 days</dd>" in page


def test_a_new_organization_is_led_on_and_every_part_says_what_it_will_be_for() -> None:
    organization = make.make_organization()
    page = text(sign_in(make.make_staff(organization)).get(START))
    assert "0 of 6 steps are done. The next: a credential: your app on a platform." in page
    assert reverse("admin:set_up") in page
    assert "No campaign yet" in page and "Once one is published" in page
    assert "No claim in the last hour." in page and "Nothing was claimed yet." in page
    assert "Nothing was delivered in this time." in page and "Nobody changed anything" in page


# Figures and charts.


def test_figures_and_charts_are_of_all_campaigns_but_those_in_test_mode(studio: Studio) -> None:
    test = make.make_campaign(studio.game, rewards=[studio.reward], name="Rehearsal", test_mode=True)
    counted(studio.campaign, State.DELIVERED, 1_900, at=NOW - timedelta(minutes=2))
    counted(studio.campaign, State.WAITING, 100)
    counted(test, State.DELIVERED, 777)
    pace.tallies.count(studio.campaign.pk, "within:5", now=NOW)
    pace.tallies.count(test.pk, "within:600", now=NOW)
    pace.tallies.count(studio.campaign.pk, "backend_timeout", now=NOW)
    pace.tallies.flush()
    page = seen(studio)
    assert 'aria-label="Claimed: 2,000">2,000</a>' in page and "95 %" in page and "100 wait for a link" in page
    assert "5 seconds" in page and "game backend too slow" in page
    assert "<td>1,900</td>" in page and "<td>777</td>" not in page
    assert "test mode" in page and "It is in no total." in page
    assert "<strong>777</strong> claimed" in page, "its own block has its own"


@pytest.mark.parametrize(
    ("span", "title"),
    [("quarters", "Claims per quarter of an hour"), ("day", "Claims per hour"), ("week", "Claims per hour")],
)
def test_longer_spans_are_drawn_by_quarters_and_hours(studio: Studio, span: str, title: str) -> None:
    counted(studio.campaign, State.DELIVERED, 41, at=NOW - timedelta(hours=3))
    page = seen(studio, query=f"?span={span}")
    assert title in page and "<td>41</td>" in page
    assert "No claim in the last hour." in seen(studio, query="?span=hour")


def test_one_campaign_can_be_looked_at_alone_with_its_rewards_compared(studio: Studio) -> None:
    other = make.make_campaign(studio.game, rewards=[make.make_reward(studio.game, image=False)], name="Other one")
    counted(studio.campaign, State.DELIVERED, 11)
    counted(other, State.DELIVERED, 500)
    page = seen(studio, query=f"?campaign={studio.campaign.pk}")
    assert ">11</a>" in page and ">511</a>" not in page
    assert "Comet Cloak" in page
    assert reverse("admin:campaigns_campaign_overview", args=[studio.campaign.pk]) in page
    assert f'<option value="{studio.campaign.pk}" selected>' in page
    elsewhere = Studio()
    client = sign_in(studio.members[Role.OWNER])
    assert client.get(f"{START}?campaign={elsewhere.campaign.pk}").status_code == 404
    assert client.get(f"{START}?campaign=nonsense").status_code == 404


# Who sees what.


def test_s1_an_analyst_sees_totals_and_no_way_to_people_or_the_trail(studio: Studio) -> None:
    studio.claim(State.FAILED, Code.REJECTED)
    audit.record(
        actor=studio.members[Role.OWNER],
        action="renamed",
        obj=studio.game,
        organization=studio.organization,
        after={"a": 1},
    )
    page = seen(studio, Role.ANALYST).partition('id="start-waits"')[2]
    assert "1: refused by the game" in page
    assert reverse("admin:fulfillment_claim_changelist") not in page.partition('id="cards-title"')[0]
    assert "Changed since yesterday" not in page


def test_s1_a_member_of_one_game_sees_that_game_s_campaigns_and_claims_alone(studio: Studio) -> None:
    other = make.make_game(studio.organization)
    theirs = make.make_campaign(other, rewards=[make.make_reward(other, image=False)], name="Another game's")
    studio.claim(State.FAILED, Code.REJECTED)
    counted(studio.campaign, State.DELIVERED, 333)
    membership = Membership.objects.get(user=studio.members[Role.SUPPORT])
    Membership.objects.filter(pk=membership.pk).update(all_games=False)
    set_games_of_member(membership.pk, [other.pk])
    page = seen(studio, Role.SUPPORT)
    assert "Another game's" in page and studio.campaign.name not in page
    assert "refused by the game" not in page and "333" not in page and "Changed since yesterday" not in page
    client = sign_in(studio.members[Role.SUPPORT])
    assert client.get(f"{START}?campaign={studio.campaign.pk}").status_code == 404
    assert client.get(f"{START}?campaign={theirs.pk}").status_code == 200
    assert client.get(reverse("admin:card", args=["claims"])).status_code == 404


def test_i4_nothing_of_another_organization_is_shown(studio: Studio) -> None:
    elsewhere = Studio()
    elsewhere.claim(State.FAILED, Code.REJECTED)
    counted(elsewhere.campaign, State.DELIVERED, 444_444)
    page = seen(studio)
    assert elsewhere.campaign.name not in page and "refused by the game" not in page
    assert "444,444" not in page  # no token of the page has a comma


def test_s5_what_changed_is_told_once_for_what_is_alike_with_who_did_it(studio: Studio) -> None:
    owner, producer = studio.members[Role.OWNER], studio.members[Role.PRODUCER]
    claims = [studio.claim(State.HELD, Code.LATE) for _ in range(3)]
    for claim in claims:
        audit.record(
            actor=owner, action="release", obj=claim, organization=studio.organization, before={"a": 1}, after={"a": 2}
        )
    looked = {"actor": producer, "organization": studio.organization, "obj": studio.game}
    audit.record(action="looked", **looked)
    audit.record(action="renamed", after={"name": "New"}, **looked)
    audit.record(action="long ago", after={"name": "Old"}, now=NOW - timedelta(hours=25), **looked)
    page = seen(studio, Role.OWNER).partition('id="start-changed"')[2]
    assert f"<strong>{owner}</strong>" in page and "release: claim, several (3×)" in page
    assert f"renamed: game “{studio.game}”" in page
    assert "looked" not in page and "long ago" not in page
    assert reverse("admin:portal_auditentry_changelist") in page


# Live.


def test_it_keeps_itself_up_to_date_with_and_without_a_script_unless_asked_not_to(studio: Studio) -> None:
    page = seen(studio)
    assert '<noscript><meta http-equiv="refresh" content="60; url=/admin/"></noscript>' in page
    assert 'data-live-from="/admin/?live=1"' in page and "Refreshed at 12:00:00 UTC." in page
    still = seen(studio, query="?still=1&span=day")
    assert "data-live-from" not in still and "http-equiv" not in still and 'href="/admin/?span=day"' in still
    part = sign_in(studio.members[Role.OWNER]).get(f"{START}?live=1")
    assert b"<html" not in part.content and b'id="start-waits"' in part.content and b"csrf" not in part.content


# What it costs.


def fill(organization: Organization, times: int) -> Client:
    """Make so much of everything, and return its owner, who has been on the page."""
    for number in range(times):
        game = make.make_game(organization)
        make.make_endpoint(game)
        reward = make.make_reward(game, image=False)
        campaign = make.make_campaign(game, rewards=[reward])
        on(campaign)
        on(campaign, "twitch", "portal")
        HeartbeatSource.objects.create(
            game=game, name="Hearts", identifiers="platform", platform="twitch", url_token_hash=campaign.pk
        )
        counted(campaign, State.DELIVERED, 5)
        Alert.objects.create(
            organization=organization, rule="no_worker", subject=str(number), facts={}, opened_at=NOW, seen_at=NOW
        )
        audit.record(actor=None, action=f"did {number}", obj=game, organization=organization, after={"a": 1})
    for platform in ("kick", "twitch"):
        make.make_credential(organization, platform)
    judged()
    client = sign_in(make.make_staff(organization))
    client.get(START)
    return client


@pytest.mark.parametrize("query", ["", "?span=week", "?live=1"])
def test_the_page_needs_at_most_20_queries_as_many_for_20_campaigns_as_for_one(query: str) -> None:
    counts = []
    for times in (1, 20):
        client = fill(make.make_organization(), times)
        with CaptureQueriesContext(connection) as queries:
            assert client.get(START + query).status_code == 200
        counts.append(len(queries))
    assert counts[0] == counts[1] <= MOST_QUERIES


def test_each_card_and_one_campaign_need_at_most_20_queries_too() -> None:
    organization = make.make_organization()
    client = fill(organization, 8)
    pk = Campaign.objects.filter(organization=organization).values_list("pk", flat=True)[0]
    links = [address for address, _title, _shown in client.get(START).context["card_links"]]
    dear = {reverse("admin:card", args=["platforms"])}  # it reads all the facts, as the health page does
    for address in [f"{START}?campaign={pk}", *(link for link in links if link not in dear)]:
        with CaptureQueriesContext(connection) as queries:
            assert client.get(address).status_code == 200
        assert len(queries) <= MOST_QUERIES, (address, len(queries))
