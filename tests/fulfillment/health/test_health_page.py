"""The health page (F6, F7): what a producer sees on campaign day, in each state, and who may do what there."""

from __future__ import annotations

from dataclasses import replace
from html import unescape

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from fulfillment.models import Sweep, SweepPart
from portal import platforms
from portal.models import AuditEntry, Organization, PlatformCredential
from portal.roles import Role
from tests import factories as make
from tests.admin_pages import sign_in
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
    in_step,
    lapsed,
    organization_in_step,
    subscribed,
    swept,
    untold,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("standing_clock")]


def member(organization: Organization, role: Role = Role.PRODUCER) -> Client:
    return sign_in(make.make_staff(organization, role))


def page(organization: Organization, role: Role = Role.PRODUCER) -> str:
    answer = member(organization, role).get(reverse("admin:health"))
    assert answer.status_code == 200
    return unescape(answer.content.decode()).replace("\xa0", " ")


@pytest.fixture
def organization() -> Organization:
    return make.make_organization()


def test_with_nothing_set_up_the_page_says_what_that_means_and_where_to_begin(organization: Organization) -> None:
    text = page(organization, Role.OWNER)
    assert "There is no credential yet" in text
    assert reverse("admin:portal_platformcredential_add") in text
    assert "Nothing: every claim names rewards and campaigns that are entered here." in text


def test_who_may_not_go_there_is_not_sent_there(organization: Organization) -> None:
    in_step(organization)
    address = reverse("admin:portal_platformcredential_change", args=[PlatformCredential.objects.get().pk])
    assert address in page(organization, Role.OWNER)
    assert address not in page(organization, Role.PRODUCER)
    assert reverse("admin:portal_platformcredential_add") not in page(make.make_organization(), Role.PRODUCER)


def test_a_credential_that_was_never_used_says_what_will_happen(organization: Organization) -> None:
    make.make_credential(organization, "twitch")
    text = page(organization)
    assert "Twitch: nothing heard and nothing asked yet." in text
    assert "No claim came in the last day." in text


def test_what_a_platform_does_not_have_is_no_line_of_its(
    organization: Organization, monkeypatch: pytest.MonkeyPatch
) -> None:
    make.make_credential(organization, "twitch")
    lines = (
        "App token",
        "Event subscriptions<",
        "Linked viewers' authorizations",
        "Leave to read reports",
        "Last sweep",
    )
    assert all(line in page(organization) for line in lines)
    without = {
        "get_app_token": None,
        "subscriptions": None,
        "authorizations": None,
        "reports": None,
        "claims_api": None,
    }
    monkeypatch.setitem(platforms.registry, "twitch", replace(platforms.get("twitch"), **without))
    assert not [line for line in lines if line in page(organization)]


def test_all_well_is_a_sentence_for_each_platform() -> None:
    text = page(organization_in_step())
    assert text.count("all in step.") == 6  # in the overview, in what is announced and at the platform, for both
    assert "40 by webhook, 0 found by sweep" in text
    assert "1 at work" in text
    assert "The next begins in 5 minutes." in text


def test_f7_silent_webhooks_are_told_with_when_and_what_happens_meanwhile(organization: Organization) -> None:
    credential = make.make_credential(organization, "twitch")
    called(credential)
    swept(credential, 9 * DAY, full=True)
    swept(credential, MINUTE)
    heard(credential, 3 * HOUR)
    arrived(credential, "sweep", 12)
    text = page(organization)
    assert "Twitch: webhooks are silent. The last that brought claims: 2026-11-20 09:00 UTC." in text
    assert "0 by webhook, 12 found by sweep" in text


def test_an_outage_tells_since_when_and_why_in_words(organization: Organization) -> None:
    credential = make.make_credential(organization, "kick")
    called(credential, succeeded_at=NOW - HOUR, failed_at=NOW - MINUTE, failures=31, problem="status:503")
    untold(credential, HOUR)
    swept(credential, 2 * HOUR)
    text = page(organization)
    assert (
        "Kick does not answer. The last call that succeeded: 2026-11-20 11:00 UTC. Failed since in a row: 31." in text
    )
    assert "The platform answered with status 503." in text
    assert "Kick is still to be told of 1 deliveries, the oldest since 2026-11-20 11:00 UTC." in text
    assert "Kick: no sweep has come to its end since 2026-11-20 10:00 UTC." in text


def test_a_pause_tells_until_when(organization: Organization) -> None:
    credential = in_step(organization, "twitch")
    called(credential, paused_until=NOW + 2 * MINUTE)
    assert "Twitch asked for a pause until 2026-11-20 12:02 UTC" in page(organization)


def test_a_refused_app_tells_who_can_mend_it(organization: Organization) -> None:
    called(make.make_credential(organization, "kick"), failed_at=NOW, failures=1, problem="status:401")
    text = page(organization)
    assert "Kick refuses the app." in text
    assert "an owner checks client id and client secret" in text


def test_what_subscriptions_write_backs_lists_and_viewers_lack_is_told(organization: Organization) -> None:
    credential = in_step(organization, "twitch")
    subscribed(credential, "ended", ended_at=NOW - HOUR)
    untold(credential, DAY, write_back_refused=True, write_back_at=NOW + HOUR)
    lapsed(credential)
    sweep = swept(credential, MINUTE)
    SweepPart.objects.create(
        sweep=sweep, narrowed="user", value="4711", size=1, outcome="unreadable", problem="status:500"
    )
    text = page(organization)
    assert "1 at work, 1 ended by the platform" in text
    assert "1 refused" in text
    assert "What it refused it is told again daily" in text
    assert "1 seem to have lapsed" in text
    assert "1 list could not be read to its end. The platform answered with status 500." in text
    assert "nobody has granted it" in text
    assert "4711" not in text


def test_c4_what_should_be_live_and_is_not_is_told_with_what_to_do(organization: Organization) -> None:
    game = make.make_game(organization)
    campaign = make.make_campaign(game, name="Launch", platform_ids={"kick": "C1"}, deliveries_paused=True)
    make.make_campaign(game, name="Late", status="draft")
    text = page(organization, Role.OWNER)
    for sentence in (
        "Late should have begun and is still a draft.",
        "Launch is live, but there is no credential for Kick that is switched on.",
        "Launch is live, but its game has no endpoint that is switched on.",
        "Launch is live, but its deliveries are paused.",
    ):
        assert sentence in text
    assert reverse("admin:campaigns_campaign_change", args=[campaign.pk]) in text


def test_what_is_unknown_is_listed(organization: Organization) -> None:
    everything(organization, 2)
    text = page(organization)
    assert "Claims name 2 rewards or campaigns that the portal does not know." in text
    assert text.count("<td>reward</td>") == 2


def test_f7_a_running_sweep_shows_how_far_it_is(organization: Organization) -> None:
    credential = in_step(organization)
    Sweep.objects.create(credential=credential, started_at=NOW - MINUTE, pages=3, listed=1250, found=7)
    text = page(organization)
    assert "One runs, begun 1 minute ago: 3 pages read, 1,250 claims listed, 7 found that no webhook brought." in text
    assert "The next begins" not in text


@pytest.mark.parametrize(("kind", "full"), [("", False), (":everything", True)])
def test_f7_a_sweep_can_be_asked_for_and_is_audited(organization: Organization, kind: str, full: bool) -> None:
    credential = in_step(organization, "twitch")
    answer = member(organization, Role.SUPPORT).post(
        reverse("admin:health_sweep"), {"sweep": f"{credential.pk}{kind}"}, follow=True
    )
    assert "A sweep of Twitch is under way." in answer.content.decode()
    sweep = Sweep.objects.get(finished_at=None)
    assert (sweep.credential_id, sweep.full) == (credential.pk, full)
    assert AuditEntry.objects.get(action="asked for a sweep").after == {"full": full}


def test_f7_a_credential_that_is_off_is_not_swept(organization: Organization) -> None:
    credential = make.make_credential(organization, enabled=False)
    client = member(organization)
    assert 'name="sweep"' not in client.get(reverse("admin:health")).content.decode()
    answer = client.post(reverse("admin:health_sweep"), {"sweep": credential.pk}, follow=True)
    assert "cannot be swept" in answer.content.decode()
    assert not Sweep.objects.exists()


def test_s1_analysts_see_it_and_ask_for_nothing(organization: Organization) -> None:
    credential = in_step(organization)
    assert 'name="sweep"' not in page(organization, Role.ANALYST)
    client = member(organization, Role.ANALYST)
    assert client.post(reverse("admin:health_sweep"), {"sweep": credential.pk}).status_code == 403
    assert not Sweep.objects.filter(finished_at=None).exists()


def test_s1_another_organizations_platform_cannot_be_swept(organization: Organization) -> None:
    theirs = in_step(make.make_organization())
    client = member(organization)
    for value in (theirs.pk, "", "nonsense"):
        assert client.post(reverse("admin:health_sweep"), {"sweep": value}).status_code == 404
    assert client.get(reverse("admin:health_sweep")).status_code == 405
    assert not Sweep.objects.filter(finished_at=None).exists()


def test_the_changing_part_is_the_same_until_something_changes(organization: Organization) -> None:
    credential = in_step(organization)
    client = member(organization)
    whole = client.get(reverse("admin:health")).content.decode()
    assert f'data-live-from="{reverse("admin:health")}?live=1"' in whole
    part = client.get(reverse("admin:health"), {"live": "1"})
    assert "<html" not in part.content.decode()
    assert "csrfmiddlewaretoken" not in part.content.decode()
    again = client.get(reverse("admin:health"), {"live": "1"}, headers={"If-None-Match": part.headers["ETag"]})
    assert again.status_code == 304
    arrived(credential, "sweep", 3, THIS_HOUR - HOUR)
    changed = client.get(reverse("admin:health"), {"live": "1"}, headers={"If-None-Match": part.headers["ETag"]})
    assert "40 by webhook, 3 found by sweep" in changed.content.decode()


def test_who_wants_to_read_in_peace_can(organization: Organization) -> None:
    answer = member(organization).get(reverse("admin:health"), {"still": "1"}).content.decode()
    assert "data-live-from" not in answer
    assert "Keep up to date" in answer


def test_the_page_needs_as_many_queries_for_twenty_of_everything_as_for_one() -> None:
    counts = []
    for times in (1, 20):
        organization = make.make_organization()
        everything(organization, times)
        client = member(organization)
        client.get(reverse("admin:health"))
        with CaptureQueriesContext(connection) as queries:
            client.get(reverse("admin:health"))
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_a_card_has_a_sentence_for_each_platform(organization: Organization) -> None:
    in_step(organization, "kick")
    make.make_credential(organization, "twitch")
    make.make_campaign(make.make_game(organization), status="draft")
    text = member(organization, Role.ANALYST).get(reverse("admin:card", args=["platforms"])).content.decode()
    assert "Kick: all in step." in text
    assert f"{reverse('admin:health')}#twitch" in text
    assert "Campaigns that should be live and are not" in text


def test_sweeps_are_listed_with_what_they_found_and_could_not_read(organization: Organization) -> None:
    sweep = swept(in_step(organization, "twitch"), MINUTE, found=17, listed=1200)
    for value in ("47110815", "47110816"):
        SweepPart.objects.create(
            sweep=sweep, narrowed="user", value=value, size=1, outcome="unreadable", problem="status:500"
        )
    listed = member(organization).get(reverse("admin:fulfillment_sweep_changelist")).content.decode()
    assert "what is not done yet" in listed
    assert "done in 1 minute" in unescape(listed).replace("\xa0", " ")
    address = reverse("admin:fulfillment_sweep_change", args=[sweep.pk])
    assert "User 47110815: The platform answered with status 500." in member(organization).get(address).content.decode()
    masked = member(organization, Role.ANALYST).get(address).content.decode()
    assert "47110815" not in masked
    assert "User 47••••••" in masked


def test_the_list_of_sweeps_needs_as_many_queries_for_twenty_as_for_one(organization: Organization) -> None:
    credential = in_step(organization)
    Sweep.objects.exclude(pk=Sweep.objects.latest("started_at").pk).delete()
    client = member(organization)
    client.get(reverse("admin:fulfillment_sweep_changelist"))
    with CaptureQueriesContext(connection) as one:
        client.get(reverse("admin:fulfillment_sweep_changelist"))
    for back in range(19):
        swept(credential, HOUR * (back + 1))
    with CaptureQueriesContext(connection) as twenty:
        client.get(reverse("admin:fulfillment_sweep_changelist"))
    assert len(twenty) == len(one)
