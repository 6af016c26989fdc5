"""Who uses the portal: a viewer on a phone, a producer at a desk, and the sandbox's side of both."""

from __future__ import annotations

import re

from playwright.sync_api import Browser, Page, expect

from tests.e2e.portal import RunningPortal
from tests.e2e.watching import Watch

PASSWORD = "a-comet-rises-7391"
PLATFORM_NAMES = {"kick": "Kick", "twitch": "Twitch"}


class Sandbox:
    """The pages that stand in for the platforms' consoles, a viewer's claim button and the game's server."""

    def __init__(self, browser: Browser, portal: RunningPortal) -> None:
        self.watch = Watch(browser)
        self.page: Page = self.watch.page
        self.url = portal.sandbox_url
        self.game_failed = False
        """Whether the game was ever told to answer in another way than normally."""

    def add_user(self, platform: str, name: str) -> str:
        """Make a user of a platform and return the id that the platform gave."""
        self.page.goto(f"{self.url}/console/{platform}/")
        form = self.page.locator("form", has=self.page.get_by_role("button", name="Add the user"))
        form.get_by_label("Display name").fill(name)
        form.get_by_role("button", name="Add the user").click()
        return self._given_id()

    def add_reward(self, platform: str, name: str, external_id: str) -> str:
        """Make a reward in a platform's console and return its id there."""
        self.page.goto(f"{self.url}/console/{platform}/")
        form = self.page.locator("form", has=self.page.get_by_role("button", name="Create the reward"))
        form.get_by_label("Name").fill(name)
        form.get_by_label("External ID").fill(external_id)
        form.get_by_role("button", name="Create the reward").click()
        return self._given_id()

    def add_campaign(self, platform: str, name: str, *, category: str, minutes: dict[str, int]) -> str:
        """Make a campaign in a platform's console and return its id there."""
        self.page.goto(f"{self.url}/console/{platform}/")
        form = self.page.locator("form", has=self.page.get_by_role("button", name="Create the campaign"))
        form.get_by_label("Name").fill(name)
        form.get_by_label("Category").select_option(label=category)
        for reward, count in minutes.items():
            form.get_by_label(f"Minutes for {reward}", exact=True).fill(str(count))
        form.get_by_role("button", name="Create the campaign").click()
        return self._given_id()

    def _given_id(self) -> str:
        said = self.page.locator(".messages").inner_text()
        found = re.search(r"has the id (\S+)\.", said)
        assert found is not None, said
        return found[1]

    def claim(self, platform: str, user_id: str, reward: str) -> str:
        """Press “Claim” as that viewer and return the claim's id at the platform."""
        self.page.goto(f"{self.url}/claim")
        label = PLATFORM_NAMES[platform]
        form = self.page.locator("form", has=self.page.get_by_role("button", name=f"Claim on {label}"))
        form.get_by_label("Viewer").select_option(user_id)
        entry = form.get_by_label("Reward").locator("option", has_text=reward).first.get_attribute("value")
        form.get_by_label("Reward").select_option(entry)
        form.get_by_role("button", name=f"Claim on {label}").click()
        expect(self.page.locator(".messages")).to_contain_text("The webhook was sent and answered with 20")
        return self.page.url.rstrip("/").rsplit("/", 1)[1]

    def send_again(self, claim_id: str) -> None:
        """Have the platform send the claim's webhook once more."""
        self.page.goto(f"{self.url}/claim/{claim_id}/")
        self.page.get_by_role("button", name="Send again").click()
        expect(self.page.locator(".messages")).to_contain_text("The webhook was sent and answered with 20")

    def watch_stream(self, platform: str, user_id: str, *, channel: str, minutes: int, live: bool = False) -> str:
        """Watch a channel as that viewer, the last minutes or from now on, and return what the page then says."""
        self.page.goto(f"{self.url}/watch")
        button = self.page.get_by_role("button", name=f"Watch on {PLATFORM_NAMES[platform]}")
        form = self.page.locator("form", has=button)
        form.get_by_label("Viewer").select_option(user_id)
        form.get_by_label("Channel").select_option(channel)
        form.get_by_label("watches from now on" if live else "has watched the last minutes").check()
        form.get_by_label("Minutes", exact=True).fill(str(minutes))
        button.click()
        return self.page.locator(".messages").inner_text()

    def tell_game(self, answer: str, *, seconds: int = 20) -> None:
        """Tell the game's server how to answer from now on, by the words of its page."""
        self.game_failed |= answer != "Normally"
        self.page.goto(f"{self.url}/game/demo/")
        self.page.get_by_role("radio", name=re.compile(f"^{re.escape(answer)}")).check()
        self.page.get_by_label("Seconds").fill(str(seconds))
        self.page.get_by_role("button", name="Save").click()
        expect(self.page.locator(".messages")).to_contain_text("The game now answers so")


class Viewer:
    """Somebody with a phone, whose browser runs no script of ours: nothing needs any."""

    def __init__(
        self,
        browser: Browser,
        portal: RunningPortal,
        name: str,
        *,
        phone: bool = True,
        scheme: str = "light",
        scripts: bool = False,
    ) -> None:
        self.watch = Watch(browser, phone=phone, scheme=scheme, java_script_enabled=scripts)
        self.page: Page = self.watch.page
        self.portal = portal
        self.name = name
        self.link_page = portal.demo["viewer_url"]

    def open_link_page(self) -> None:
        """Open the address that the greeting shows to viewers."""
        self.page.goto(self.link_page)
        self.watch.check_fits()

    def sign_up(self) -> None:
        """Make an account of the portal from the link page's first step, and come back to it."""
        self.open_link_page()
        self.page.get_by_role("link", name="Create an account").click()
        self.watch.check_fits()
        self.page.get_by_label("Username").fill(self.name)
        self.page.locator("input[name=password1]").fill(PASSWORD)
        self.page.locator("input[name=password2]").fill(PASSWORD)
        self.page.get_by_role("button", name="Create account").click()
        expect(self.page).to_have_url(self.link_page)
        self.watch.check_fits()

    def sign_in(self) -> None:
        """Sign in with the account that was made before."""
        self.open_link_page()
        self.page.locator("main").get_by_role("link", name="Sign in", exact=True).click()
        self.page.locator("input[name=login]").fill(self.name)
        self.page.locator("input[name=password]").fill(PASSWORD)
        self.page.locator("main").get_by_role("button", name="Sign in", exact=True).click()
        expect(self.page).to_have_url(self.link_page)

    def go_to_platform(self, platform: str) -> None:
        """Press “Connect …”, which leads to the platform's consent page."""
        self.page.get_by_role("button", name=f"Connect {PLATFORM_NAMES[platform]}").click()
        expect(
            self.page.get_by_role("heading", name=f"Connect your {PLATFORM_NAMES[platform]} account?")
        ).to_be_visible()

    def consent_as(self, user_id: str) -> None:
        """Choose who to be on the platform, and allow."""
        self.page.locator(f"input[name=user][value='{user_id}']").check()
        self.page.get_by_role("button", name="Allow").click()

    def connect(self, platform: str, user_id: str) -> None:
        """Press “Connect …” on the link page and give consent; ends on the page that asks for confirmation."""
        self.go_to_platform(platform)
        self.consent_as(user_id)
        expect(self.page.get_by_role("heading", name="Are these both yours?")).to_be_visible()
        self.watch.check_fits()

    def confirm(self) -> None:
        """Confirm that both accounts are one's own."""
        self.page.get_by_role("button", name="Link these accounts").click()
        expect(self.page.get_by_text("Your accounts are linked")).to_be_visible()
        self.watch.check_fits()

    def link(self, platform: str, user_id: str) -> None:
        """Everything from the link page to the link."""
        self.connect(platform, user_id)
        self.confirm()

    @property
    def player_id(self) -> str:
        """The id of the game account that the link page shows."""
        self.open_link_page()
        shown = self.page.locator("#account-game").locator("xpath=ancestor::article").inner_text()
        found = re.search(r"\b[0-9A-HJKMNP-TV-Z]{26}\b", shown)
        assert found is not None, shown
        return found[0]

    def state_of(self, reward: str) -> str:
        """What the inventory says about a reward, in its own words; empty if it is not listed."""
        self.page.goto(f"{self.portal.url}/inventory/")
        self.watch.check_fits()
        card = self.page.locator("article.reward", has=self.page.get_by_role("heading", name=reward))
        return card.locator(".status").inner_text().strip() if card.count() else ""


class Producer:
    """A member of the studio at a desk, who signs in as the greeting says."""

    def __init__(self, browser: Browser, portal: RunningPortal, *, scheme: str = "light") -> None:
        self.watch = Watch(browser, scheme=scheme)
        self.page: Page = self.watch.page
        self.portal = portal

    def sign_in(self, name: str = "") -> None:
        """Go to the printed address and sign in with the printed name and password, or as another of the demo's staff."""
        address, printed, password = self.portal.printed_sign_in
        self.page.goto(address)
        self.page.locator("input[name=login]").fill(name or printed)
        self.page.locator("input[name=password]").fill(password)
        self.page.locator("main").get_by_role("button", name="Sign in", exact=True).click()
        expect(self.page).to_have_url(address)

    def open(self, path: str) -> None:
        """Open a page of the admin by its path."""
        self.page.goto(f"{self.portal.url}/admin/{path}")
