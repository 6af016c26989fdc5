"""The pages on which a test campaign is tried (C8)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from campaigns.models import Campaign, CampaignTester
from fulfillment.models import Simulation
from portal.roles import Role
from tests.admin_pages import sign_in
from tests.factories import make_organization, make_staff
from tests.fulfillment.test_simulating import Stage

pytestmark = pytest.mark.django_db


@pytest.fixture
def stage() -> Stage:
    return Stage("twitch")


def address(stage: Stage) -> str:
    return reverse("admin:campaigns_campaign_simulate", args=[stage.campaign.pk])


def post(stage: Stage, **values: Any) -> Any:
    given = {"scenario": "single", "platform": "twitch", "tester": stage.tester.pk, "reward": "", **values}
    return sign_in(stage.actor).post(address(stage), given, follow=True)


def test_a_try_shows_the_answers_and_the_way_of_each_claim(stage: Stage) -> None:
    shown = post(stage).content.decode()
    made = Simulation.objects.get()
    assert "204 taken" in shown
    assert "Under way" in shown
    stage.claims()
    page = sign_in(stage.actor).get(reverse("admin:simulation", args=[made.pk]))
    assert page.headers["Refresh"] == f"2; url={reverse('admin:simulation', args=[made.pk])}"
    assert "The viewer reads:" in page.content.decode()


def test_a_forged_message_shows_that_nothing_was_stored(stage: Stage) -> None:
    shown = post(stage, scenario="bad_signature", tester="").content.decode()
    assert "403 refused" in shown
    assert "Nothing was stored." in shown


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"tester": ""}, "Choose who claims"),
        ({"scenario": "nonsense"}, "nonsense is not one of the available choices"),
        ({"platform": "kick"}, "kick is not one of the available choices"),
        ({"tester": "999999"}, "Select a valid choice"),
    ],
)
def test_bad_input_is_told_in_words_and_sends_nothing(stage: Stage, values: dict[str, Any], words: str) -> None:
    assert words in post(stage, **values).content.decode()
    assert not Simulation.objects.exists()


def test_who_has_no_tester_is_not_asked_to_choose_one_but_to_name_one(stage: Stage) -> None:
    CampaignTester.objects.all().delete()
    shown = post(stage, tester="").content.decode()
    assert "Name one on its page, among the testers." in shown
    assert not Simulation.objects.exists()


def test_c8_of_a_real_campaign_the_page_says_why_it_cannot_be_tried(stage: Stage) -> None:
    Campaign.objects.update(test_mode=False)
    client = sign_in(stage.actor)
    assert "cannot be tried" in client.get(address(stage)).content.decode()
    assert "Only a published campaign in test mode" in post(stage).content.decode()
    assert not Simulation.objects.exists()


def test_c8_before_the_start_and_after_closing_the_page_says_that_claims_will_be_held(stage: Stage) -> None:
    client = sign_in(stage.actor)

    def shown() -> str:
        return str(client.get(address(stage)).content.decode())

    assert "each claim is held" not in shown()
    later = stage.now + timedelta(days=2)
    ends = later + timedelta(days=2)
    Campaign.objects.update(starts_at=later, announces_at=later, ends_at=ends, closes_at=ends)
    assert "has not started, so each claim is held as granted before the start" in shown()
    before = stage.now - timedelta(days=2)
    ends = before + timedelta(days=1)
    Campaign.objects.update(starts_at=before, announces_at=before, ends_at=ends, closes_at=ends)
    assert "Claiming has closed, so each claim is held as late" in shown()


@pytest.mark.parametrize(("role", "status"), [(Role.PRODUCER, 200), (Role.SUPPORT, 403), (Role.ANALYST, 403)])
def test_s1_who_edits_campaigns_tries_them(stage: Stage, role: Role, status: int) -> None:
    client = sign_in(make_staff(stage.organization, role))
    assert client.get(address(stage)).status_code == status
    assert client.get(reverse("admin:simulate")).status_code == status


def test_s1_of_another_organization_nothing_is_there(stage: Stage) -> None:
    post(stage)
    stranger = sign_in(make_staff(make_organization()))
    assert stranger.get(address(stage)).status_code in (302, 404)
    assert stranger.get(reverse("admin:simulation", args=[Simulation.objects.get().pk])).status_code == 404
    assert stage.campaign.name not in stranger.get(reverse("admin:simulate")).content.decode()


def test_the_pages_ask_at_most_20_questions_whatever_was_tried(stage: Stage) -> None:
    client = sign_in(stage.actor)

    def queries(page: str) -> int:
        with CaptureQueriesContext(connection) as asked:
            client.get(page)
        return len(asked)

    post(stage, scenario="batch")
    made = reverse("admin:simulation", args=[Simulation.objects.get().pk])
    pages = (reverse("admin:simulate"), made, address(stage))
    for page in pages:
        queries(page)
    before = [queries(page) for page in pages]
    for _number in range(5):
        post(stage, scenario="unlinked", tester="")
    assert [queries(page) for page in pages] == before
    assert max(before) <= 20
