"""As somebody new would try it: from the printed sign-in to a reward in the game, on both platforms."""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import UTC, datetime, timedelta
from io import BytesIO

import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from tests.e2e.people import PLATFORM_NAMES, Producer, Sandbox, Viewer
from tests.e2e.portal import NotYet, RunningPortal, wait_for

pytestmark = [pytest.mark.browser, pytest.mark.slow]

REWARD, ITEM, CAMPAIGN = "Aurora cloak", "starfall.cloak.aurora", "Northern nights"
ARRIVED = ("delivered", "confirmed")
"""What the admin says of a reward that the game has; the second once its platform was told, which may be moments later."""
NewViewer = Callable[..., Viewer]


def test_a_campaign_is_made_mended_published_and_its_reward_arrives_on_both_platforms(
    portal: RunningPortal, sandbox: Sandbox, producer: Producer, new_viewer: NewViewer
) -> None:
    reward_ids = {platform: sandbox.add_reward(platform, REWARD, ITEM) for platform in PLATFORM_NAMES}
    campaign_ids = {
        platform: sandbox.add_campaign(platform, CAMPAIGN, category="Starfall", minutes={REWARD: 30})
        for platform in PLATFORM_NAMES
    }
    page = producer.page
    make_reward(producer, {"twitch": reward_ids["twitch"]})
    expect(page.locator("main, #content").first).to_contain_text(REWARD)
    make_campaign(producer, campaign_ids)

    preflight = page.locator("#preflight")
    expect(preflight).to_contain_text("1 error must be mended before publishing")
    expect(preflight).to_contain_text("Kick")
    page.get_by_role("link", name="Publish …").click()
    expect(page.locator("body")).to_contain_text("This campaign cannot be published yet")
    expect(page.get_by_role("button", name="Publish now")).to_have_count(0)
    page.get_by_role("link", name="Back to the campaign").click()

    campaign_page = page.url
    preflight.locator("li", has_text="error").get_by_role("link", name="Mend it").click()
    expect(page.get_by_label("Name")).to_have_value(REWARD)
    add_platform_id(page, 1, "kick", reward_ids["kick"])
    page.get_by_role("button", name="Save", exact=True).click()

    page.goto(campaign_page)
    expect(preflight).not_to_contain_text("must be mended")
    page.get_by_role("link", name="Publish …").click()
    page.get_by_role("button", name="Publish now").click()
    expect(page.locator("body")).to_contain_text(f"“{CAMPAIGN}” is published.")
    expect(page.locator(".drops-panel").first).to_contain_text("live")

    for platform in PLATFORM_NAMES:
        viewer = new_viewer()
        user_id = sandbox.add_user(platform, viewer.name)
        viewer.open_link_page()
        expect(viewer.page.get_by_role("heading", name=CAMPAIGN)).to_be_visible()
        expect(viewer.page.get_by_role("img", name="A cloak of northern lights")).to_be_visible()
        viewer.sign_up()
        viewer.link(platform, user_id)
        sandbox.claim(platform, user_id, REWARD)
        wait_for(lambda: viewer.state_of(REWARD) == "Delivered", seconds=5, what="delivered")  # noqa: B023
        assert portal.items_of(viewer.player_id) == [ITEM]
        until_the_admin_says(ARRIVED, producer, viewer.name)


def test_the_admin_and_the_viewer_are_told_the_same_about_a_claim_that_waits_for_a_link(
    sandbox: Sandbox, producer: Producer, new_viewer: NewViewer
) -> None:
    viewer = new_viewer()
    user_id = sandbox.add_user("kick", viewer.name)
    sandbox.claim("kick", user_id, "Comet banner")
    until_the_admin_says(["waiting"], producer, user_id)
    viewer.sign_up()
    viewer.link("kick", user_id)
    until_the_admin_says(ARRIVED, producer, user_id)
    assert viewer.state_of("Comet banner") == "Delivered"


def make_reward(producer: Producer, ids: dict[str, str]) -> None:
    """Make a reward with a picture on its page in the admin."""
    page = producer.page
    producer.open("campaigns/reward/add/")
    page.get_by_label("Game").select_option(label="Starfall")
    page.get_by_label("Name").fill(REWARD)
    page.locator("input[type=file][name=image]").set_input_files(
        {"name": "cloak.png", "mimeType": "image/png", "buffer": picture()}
    )
    page.get_by_label("Alternative text").fill("A cloak of northern lights")
    page.get_by_label("External id").fill(ITEM)
    for number, (platform, platform_id) in enumerate(ids.items()):
        add_platform_id(page, number, platform, platform_id)
    page.get_by_role("button", name="Save", exact=True).click()


def add_platform_id(page: Page, number: int, platform: str, platform_id: str) -> None:
    """Fill the next row of the reward's ids."""
    page.get_by_role("link", name="Add another Platform id").click()
    page.locator(f"[name=platform_ids-{number}-platform]").select_option(platform)
    page.locator(f"[name=platform_ids-{number}-platform_reward_id]").fill(platform_id)


def make_campaign(producer: Producer, ids: dict[str, str]) -> None:
    """Make the campaign on one page, tab by tab, and stay on it."""
    page = producer.page
    producer.open("campaigns/campaign/add/?whole=1")
    page.locator("[name=game]").select_option(label="Starfall")
    page.locator("[name=name]").fill(CAMPAIGN)
    start = datetime.now(UTC) - timedelta(hours=2)
    for name, moment in (("starts_at", start), ("ends_at", start + timedelta(days=10))):
        page.locator(f"[name={name}_date]").fill(f"{moment:%Y-%m-%d}")
        page.locator(f"[name={name}_time]").fill(f"{moment:%H:%M}")
    page.get_by_role("link", name="Rewards", exact=True).last.click()
    page.get_by_role("link", name="Add another Reward").click()
    row = page.locator("tr:has([name=rewards-0-reward]), .form-row:has([name=rewards-0-reward])").last
    row.locator(".select2-selection").first.click()
    page.locator(".select2-search__field").last.fill(REWARD)
    page.locator(".select2-results__option", has_text=REWARD).click()
    page.locator("[name=rewards-0-minutes]").fill("30")
    page.get_by_role("link", name="Platforms", exact=True).last.click()
    for number, (platform, platform_id) in enumerate(ids.items()):
        page.get_by_role("link", name="Add another Platform").click()
        page.locator(f"[name=platforms-{number}-platform]").select_option(platform)
        page.locator(f"[name=platforms-{number}-platform_campaign_id]").fill(platform_id)
    page.get_by_role("button", name="Save and continue editing").click()
    expect(page.get_by_role("heading", name="Preflight")).to_be_visible()


def state_in_admin(producer: Producer, searched: str) -> str:
    """Return the rows that the list of claims shows for a name or an id."""
    producer.open(f"fulfillment/claim/?q={searched}")
    return producer.page.locator("#result_list, table").first.inner_text().lower()


def until_the_admin_says(states: Collection[str], producer: Producer, searched: str) -> None:
    """Wait until the rows for a name or an id say one of these; else tell what they say."""
    rows = [""]

    def says() -> bool:
        rows.append(state_in_admin(producer, searched))
        return any(state in rows[-1] for state in states)

    try:
        wait_for(says, seconds=10, what=f"the admin says {states}")
    except NotYet as late:
        raise NotYet(f"{late} Its rows: {rows[-1]!r}") from None


def picture() -> bytes:
    """Return a picture of the greatest size that is allowed, as PNG."""
    content = BytesIO()
    Image.linear_gradient("L").resize((120, 120)).convert("RGB").save(content, "PNG")
    return content.getvalue()
