"""A producer tries a test campaign by keyboard alone: one claim, a forged message, and the claims are removed again (C8)."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.keyboard import press, reach, write
from tests.e2e.people import Producer
from tests.e2e.portal import RunningPortal
from tests.e2e.test_staff_pages_are_accessible import violations
from tests.e2e.watching import BY_DAY_AND_NIGHT

pytestmark = [pytest.mark.browser, pytest.mark.slow, BY_DAY_AND_NIGHT]

MAKE = """
from django.utils import timezone
from campaigns.models import Campaign, CampaignTester
from linking.models import Link
from tests.factories import make_campaign, make_reward
link = Link.objects.filter(platform="twitch", ended_at=None).select_related("viewer", "game")[0]
reward = make_reward(link.game, platform_ids={"twitch": %(name)r}, external_id=%(name)r, name="Tried " + %(name)r)
there, now = {"twitch": "campaign-" + %(name)r}, timezone.now()
made = make_campaign(link.game, rewards=[reward], platform_ids=there, now=now, name=%(name)r, test_mode=True)
who = {"platform": "twitch", "platform_user_id": link.viewer.platform_user_id}
CampaignTester.objects.create(campaign=made, note="Rita", **who)
print(json.dumps(made.pk))
"""
"""A published test campaign with a reward of its own, and a tester who is linked."""

END = """
from django.utils import timezone
from campaigns.models import Campaign
print(json.dumps(Campaign.objects.filter(pk=%r).update(status=Campaign.Status.CANCELLED)))
"""


@pytest.fixture
def campaign(scheme: str, portal: RunningPortal) -> Iterator[str]:
    """The name of a test campaign; afterwards nothing runs any more."""
    name = f"try-{scheme}"
    made = portal.ask(MAKE % {"name": name})
    yield name
    portal.ask(END % made)


def _try(page: Page, scenario: str) -> None:
    """Choose a scenario by its arrow keys, and send."""
    wanted = page.get_by_role("radio", name=scenario)
    reach(page, page.locator("input[name=scenario]:checked"))
    while not wanted.is_checked():
        page.keyboard.press("ArrowDown")
    press(page, page.get_by_role("button", name="Send"))
    expect(page.get_by_text("Sent. What became of it is shown below.")).to_be_visible()


def test_a_test_campaign_is_tried_and_cleared_by_keyboard(producer: Producer, campaign: str) -> None:
    page, found = producer.page, list[str]()
    producer.open("simulate/")
    found += violations(producer, "simulations")
    press(page, page.get_by_role("link", name=campaign, exact=True))
    page.get_by_label("Who claims").focus()
    page.keyboard.type("Rita")
    found += violations(producer, "simulate")
    _try(page, "one claim of a tester")
    # The page looks again by itself until nothing more happens.
    expect(page.get_by_text("1 claim is stored, and nothing more happens by itself.")).to_be_visible(timeout=20_000)
    expect(page.get_by_text("204 taken")).to_be_visible()
    became = page.locator("section", has=page.get_by_role("heading", name="2. What became of the claims"))
    expect(became.get_by_text("delivered").first).to_be_visible()
    found += violations(producer, "simulation")

    press(page, page.get_by_role("link", name="Try something else"))
    _try(page, "a forged message")
    expect(page.get_by_text("Nothing was stored.", exact=True)).to_be_visible()
    expect(page.get_by_text("refused", exact=False).first).to_be_visible()
    found += violations(producer, "forged")

    press(page, page.get_by_role("link", name="Remove test claims"))
    expect(page.get_by_text("This removes for good:")).to_be_visible()
    write(page, page.get_by_label("Type the campaign's name"), campaign)
    found += violations(producer, "purge")
    press(page, page.get_by_role("button", name="Remove test claims"))
    expect(page.get_by_text("1 test claim was removed.")).to_be_visible()
    assert found == []
