"""An action on many that is under way is paused, resumed and cancelled by keyboard alone, and what it did not reach stays (D5)."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.keyboard import press, write
from tests.e2e.people import Producer, Sandbox
from tests.e2e.portal import RunningPortal
from tests.e2e.test_staff_pages_are_accessible import violations

pytestmark = [pytest.mark.browser, pytest.mark.slow]

# Under way, and due to be taken up only later: so it stands still until the page says otherwise, on any machine.
UNDER_WAY = """
from datetime import timedelta
from django.utils import timezone
from fulfillment.bulk import choose_claims
from fulfillment.models import BulkOperation, Claim
from portal.models import Organization, User
now, actor = timezone.now(), User.objects.get(username="producer")
claims = Claim.objects.filter(platform_user_id={user_id!r})
organization = Organization.objects.get(pk=claims[0].organization_id)
made = [choose_claims(organization=organization, action=action, claims=claims, actor=actor, now=now) for action in ("hold", "release")]
BulkOperation.objects.filter(pk__in=[one.pk for one in made]).update(
    status="running", confirmed_at=now, due_at=now + timedelta(hours=1), responsible=actor, reason="Ticket 9"
)
print(json.dumps([str(one.pk) for one in made]))
"""


def steer(page: Page, link: str) -> None:
    """Go to the page on which the numbers stand still and the buttons are."""
    press(page, page.get_by_role("link", name=link))
    expect(page.get_by_text("This page stands still")).to_be_visible()
    page.wait_for_load_state("load")  # what is half loaded and left has scripts that end too soon


def test_d5_what_is_under_way_is_paused_resumed_and_cancelled(
    producer: Producer, sandbox: Sandbox, portal: RunningPortal
) -> None:
    page, found = producer.page, list[str]()
    user_id = sandbox.add_user("kick", "Nora in many")
    for reward in ("Comet banner", "Dawn blade"):
        sandbox.claim("kick", user_id, reward)
    hold, release = portal.ask(UNDER_WAY.format(user_id=user_id))

    producer.open(f"fulfillment/claim/many/{hold}/")
    expect(page.get_by_role("heading", name="Under way: 0 of 2 dealt with")).to_be_visible()
    steer(page, "Pause or cancel …")
    found += violations(producer, "steer")
    press(page, page.get_by_role("button", name="Pause", exact=True))
    expect(page.get_by_text("Paused. What was done stays done")).to_be_visible()
    expect(page.get_by_role("heading", name="Paused: 0 of 2 dealt with")).to_be_visible()
    steer(page, "Resume or cancel …")
    press(page, page.get_by_role("button", name="Resume"))
    expect(page.get_by_role("heading", name="Finished")).to_be_visible(timeout=30_000)

    producer.open(f"fulfillment/claim/many/{release}/")
    steer(page, "Pause or cancel …")
    press(page, page.get_by_role("button", name="Cancel the rest"))
    expect(page.get_by_role("heading", name="Cancel the rest")).to_be_visible()
    write(page, page.get_by_label("Reason"), "The wrong two")
    press(page, page.get_by_role("button", name="Cancel the rest"))
    expect(page.get_by_text("Cancelled. What was done stays done")).to_be_visible()
    expect(page.get_by_role("heading", name="Cancelled: 0 of 2 dealt with")).to_be_visible()
    expect(page.get_by_role("link", name="Resume or cancel …")).to_have_count(0)
    found += violations(producer, "cancelled")
    producer.open(f"fulfillment/claim/?q={user_id}&state=held")
    expect(page.locator("#result_list tbody tr")).to_have_count(2)
    assert found == []
