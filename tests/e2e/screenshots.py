"""Pictures of every page: ``python -m tests.e2e.screenshots <folder>``, in light and dark, 1280 and 320 pixels wide.

Starts a portal of its own, has people use it until claims are in many states, and walks all pages of viewers,
producers and the sandbox. What is wider than the window or broken is said at the end.
"""

from __future__ import annotations

import re
import sys
import tempfile
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page, sync_playwright

from tests.e2e.people import PLATFORM_NAMES, Producer, Sandbox, Viewer
from tests.e2e.portal import RunningPortal, wait_for
from tests.e2e.watching import DESKTOP, PHONE, Watch
from tests.servers import CHROMIUM, CHROMIUM_ARGUMENTS

BANNER, CAPE, BLADE = "Comet banner", "Cape of the north", "Dawn blade"
LANTERN = "Star lantern"
NIGHT_WATCH = 'from campaigns.models import Campaign\nprint(json.dumps(Campaign.objects.get(name="Night watch").pk))'


class Album:
    """Takes four pictures of what a page shows, and notes what does not fit."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.notes: list[str] = []
        folder.mkdir(parents=True, exist_ok=True)

    def take(self, watch: Watch, name: str, *, reload: bool = False) -> None:
        """Take the page as it is now. With ``reload`` it is loaded for each scheme: the admin's theme is set on loading."""
        page = watch.page
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme, reduced_motion="reduce")  # type: ignore[arg-type]
            if reload:
                page.reload(wait_until="networkidle")
            for size in (DESKTOP, PHONE):
                page.set_viewport_size(size)  # type: ignore[arg-type]
                watch.width = size["width"]
                watch.check_fits()
                page.evaluate(
                    "document.querySelectorAll('img[loading=lazy]').forEach(image => { image.loading = 'eager'; })"
                )
                page.wait_for_load_state("networkidle")
                page.wait_for_timeout(100)  # the admin's theme is changed by a script
                page.screenshot(path=self.folder / f"{name}-{scheme}-{size['width']}.png", full_page=True)
        page.set_viewport_size(DESKTOP)  # type: ignore[arg-type]
        watch.width = DESKTOP["width"]
        self.notes += [f"{name}: {fault}" for fault in watch.faults]
        watch.faults.clear()


def main(folder: Path) -> None:
    """Play, walk, and print the notes."""
    album = Album(folder)
    with tempfile.TemporaryDirectory() as place, RunningPortal(Path(place)) as portal, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=CHROMIUM_ARGUMENTS)
        sandbox, producer = Sandbox(browser, portal), Producer(browser, portal)
        mira = Viewer(browser, portal, "mira_plays", phone=False, scripts=True)
        walk_signed_out(album, mira)
        ids = link_and_claim(
            album, portal, sandbox, mira, Viewer(browser, portal, "oldbear", phone=False, scripts=True)
        )
        watch_and_claim(album, portal, sandbox, mira, ids["mira_plays", "twitch"])
        producer.sign_in()
        walk_admin(album, producer)
        walk_watch_time(album, producer)
        walk_api_clients(album, producer)
        walk_sandbox(album, sandbox)
        browser.close()
    make_cover(folder)
    for note in album.notes:
        print(note)
    print(f"{len(list(folder.glob('*.png')))} pictures in {folder}")


def walk_signed_out(album: Album, viewer: Viewer) -> None:
    """What everybody can see."""
    pages = {
        "home": "/",
        "sign-in": "/accounts/login/",
        "sign-up": "/accounts/signup/",
        "password-reset": "/accounts/password/reset/",
        "game-signed-out": "/connect/northwind/starfall/",
        "campaign-signed-out": f"/campaigns/{viewer.portal.ask(NIGHT_WATCH)}/",
        "not-found": "/no/such/page",
    }
    for name, path in pages.items():
        viewer.page.goto(f"{viewer.portal.url}{path}")
        album.take(viewer.watch, f"viewer-{name}")


def link_and_claim(
    album: Album, portal: RunningPortal, sandbox: Sandbox, mira: Viewer, bear: Viewer
) -> dict[tuple[str, str], str]:
    """Two people link and claim; on the way every page of theirs is taken. Returns their ids by name and platform."""
    ids = {
        (who.name, platform): sandbox.add_user(platform, who.name)
        for who in (mira, bear)
        for platform in PLATFORM_NAMES
    }
    sandbox.claim("twitch", ids["oldbear", "twitch"], CAPE)
    mira.sign_up()
    album.take(mira.watch, "viewer-game-signed-in")
    for name, path in {"inventory-empty": "inventory", "connections-empty": "connections"}.items():
        mira.page.goto(f"{portal.url}/{path}/")
        album.take(mira.watch, f"viewer-{name}")
    mira.open_link_page()
    mira.go_to_platform("kick")
    album.take(mira.watch, "sandbox-consent")
    mira.page.get_by_role("button", name="Deny").click()
    album.take(mira.watch, "viewer-consent-denied")
    mira.open_link_page()
    mira.connect("kick", ids["mira_plays", "kick"])
    album.take(mira.watch, "viewer-confirm")
    mira.confirm()
    album.take(mira.watch, "viewer-game-just-linked")
    bear.sign_up()
    bear.go_to_platform("kick")
    bear.consent_as(ids["mira_plays", "kick"])
    album.take(bear.watch, "viewer-confirm-refused")
    mira.open_link_page()
    mira.link("twitch", ids["mira_plays", "twitch"])
    claim_in_many_states(portal, sandbox, mira, ids)
    walk_own_pages(album, portal, mira)
    return ids


def claim_in_many_states(
    portal: RunningPortal, sandbox: Sandbox, viewer: Viewer, ids: dict[tuple[str, str], str]
) -> None:
    """Delivered, failed, a duplicate, one that the portal does not know, and one on its way."""
    kick, twitch = ids["mira_plays", "kick"], ids["mira_plays", "twitch"]
    sandbox.claim("kick", kick, BANNER)
    wait_for(lambda: viewer.state_of(BANNER) == "Delivered", seconds=20, what="delivered")
    sandbox.tell_game("410")
    sandbox.claim("twitch", twitch, CAPE)
    wait_for(lambda: viewer.state_of(CAPE) == "Not delivered yet", seconds=20, what="failed")
    sandbox.tell_game("404")
    sandbox.claim("kick", kick, BLADE)
    wait_for(lambda: viewer.state_of(BLADE) == "On its way", seconds=20, what="on its way")
    sandbox.claim("twitch", twitch, BANNER)
    sandbox.add_reward("kick", "Forgotten helmet", "starfall.helmet.unknown")
    sandbox.add_campaign("kick", "Not on the portal", category="Starfall", minutes={"Forgotten helmet": 15})
    sandbox.claim("kick", kick, "Forgotten helmet")
    sandbox.claim("kick", ids["oldbear", "kick"], BANNER)


def walk_own_pages(album: Album, portal: RunningPortal, viewer: Viewer) -> None:
    """What a person sees of their own."""
    page = viewer.page
    page.goto(f"{portal.url}/inventory/")
    album.take(viewer.watch, "viewer-inventory")
    for reward in (BANNER, CAPE, BLADE):
        page.goto(f"{portal.url}/inventory/")
        page.get_by_role("link", name=f"Details {reward}").last.click()
        album.take(viewer.watch, f"viewer-claim-{reward.split()[0].lower()}")
    for name, path in {
        "connections": "connections/",
        "account": "accounts/email/",
        "second-factors": "accounts/2fa/",
    }.items():
        page.goto(f"{portal.url}/{path}")
        album.take(viewer.watch, f"viewer-{name}")
    page.goto(f"{portal.url}/connections/")
    page.get_by_role("link", name="Unlink").first.click()
    album.take(viewer.watch, "viewer-unlink")


def watch_and_claim(album: Album, portal: RunningPortal, sandbox: Sandbox, viewer: Viewer, user_id: str) -> None:
    """The viewer watches what the portal counts, claims one reward, and sees all pages about it."""
    page, streamer = viewer.page, portal.demo["twitch"]["authorized"][0]["user_id"]

    def told() -> bool:
        return "all were accepted" in sandbox.watch_stream("twitch", user_id, channel=streamer, minutes=12)

    def earned() -> bool:
        page.goto(f"{portal.url}/inventory/")
        return "Earned, ready to claim" in page.locator("main").inner_text()

    wait_for(told, seconds=60, what="the viewer is registered", every=1)
    album.take(sandbox.watch, "sandbox-watch")
    wait_for(earned, seconds=60, what="rewards are earned", every=1)
    album.take(viewer.watch, "viewer-inventory-progress")
    page.goto(f"{portal.url}/campaigns/{portal.ask(NIGHT_WATCH)}/")
    album.take(viewer.watch, "viewer-campaign")
    page.get_by_role("button", name=f"Claim {LANTERN}").first.click()
    album.take(viewer.watch, "viewer-campaign-claimed")
    for name, path in {
        "inventory-history": "inventory/history/",
        "notices": "notices/",
        "notice-preferences": "notices/preferences/",
        "channels": "channel/",
    }.items():
        page.goto(f"{portal.url}/{path}")
        album.take(viewer.watch, f"viewer-{name}")


def walk_watch_time(album: Album, producer: Producer) -> None:
    """The producer's pages of what the portal counts: the overview, and each source with its test."""
    page, campaign = producer.page, producer.portal.ask(NIGHT_WATCH)
    producer.open(f"campaigns/campaign/{campaign}/change/")
    album.take(producer.watch, "admin-campaign-counted", reload=True)
    producer.open(f"campaigns/campaign/{campaign}/overview/")
    album.take(producer.watch, "admin-overview", reload=True)
    producer.open("campaigns/heartbeatsource/")
    sources = page.eval_on_selector_all("#result_list th a", "all => all.map(a => [a.innerText, a.href])")
    for name, address in sources:
        named = re.sub(r"\W+", "-", name.lower())
        page.goto(address)
        album.take(producer.watch, f"admin-source-{named}", reload=True)
        page.goto(re.sub(r"change/.*$", "test/", address))
        album.take(producer.watch, f"admin-source-{named}-test", reload=True)


def walk_api_clients(album: Album, producer: Producer) -> None:
    """A client's way: its secret, the pages of what can be done with it, and how it looks once revoked."""
    page = producer.page
    producer.open("fulfillment/apiclient/add/")
    page.locator("[name=name]").fill("Mailbox service")
    page.get_by_role("button", name="Save", exact=True).click()
    album.take(producer.watch, "admin-api-client-secret")  # not loaded again: it is shown once
    page.get_by_role("link", name="I have copied it").click()
    for name, link in {"rotate": "New secret …", "end-tokens": "End its tokens …", "revoke": "Revoke …"}.items():
        page.get_by_role("link", name=link).click()
        album.take(producer.watch, f"admin-api-client-{name}", reload=True)
        page.get_by_role("link", name="Back without a change").click()
    page.get_by_role("link", name="Revoke …").click()
    page.get_by_role("button", name="Revoke it for good").click()
    album.take(producer.watch, "admin-api-client-revoked", reload=True)


def walk_admin(album: Album, producer: Producer) -> None:
    """Every page of the side menu, with the first object of each list and the form for a new one."""
    page = producer.page
    producer.open("")
    menu = page.eval_on_selector_all(
        "nav a[href*='/admin/'], #nav-sidebar a[href*='/admin/']", "all => all.map(a => a.href)"
    )
    for address in dict.fromkeys(menu):
        path = address.split("/admin/", 1)[1]
        if "?" in path or "password" in path:
            continue
        page.goto(address)
        name = "admin-" + (re.sub(r"\W+", "-", path).strip("-") or "start")
        album.take(producer.watch, name, reload=True)
        rows = page.eval_on_selector_all("#result_list th a, #result_list td a", "all => all.map(a => a.href)")
        inner = [row for row in rows if row.startswith(address) and "?" not in row.removeprefix(address)[:1]]
        if inner:
            page.goto(inner[0])
            album.take(producer.watch, f"{name}-one", reload=True)
        if name != "admin-start" and "add/" in str(page_links(page, address)):
            page.goto(f"{address}add/")
            album.take(producer.watch, f"{name}-new", reload=True)
    producer.open("campaigns/campaign/")
    page.locator("#result_list a[href*='/change/']").first.click()
    page.get_by_role("link", name="Overview", exact=True).last.click()
    album.take(producer.watch, "admin-campaign-overview", reload=True)
    producer.open("find/?q=mira_plays")
    album.take(producer.watch, "admin-find-mira", reload=True)
    for state in ("failed", "quarantined", "ready", "waiting"):
        producer.open(f"fulfillment/claim/?state={state}")
        link = page.locator("#result_list a[href*='/claim/']").first
        if link.count():
            link.click()
            album.take(producer.watch, f"admin-claim-{state}", reload=True)


def page_links(page: Page, address: str) -> list[str]:
    """The addresses below a list's own that its page links to."""
    links: list[str] = page.eval_on_selector_all("a[href]", "all => all.map(a => a.href)")
    return [link for link in links if link.startswith(address)]


def walk_sandbox(album: Album, sandbox: Sandbox) -> None:
    """The stand-ins' pages."""
    for name, path in {
        "overview": "",
        "kick": "console/kick/",
        "twitch": "console/twitch/",
        "claim": "claim",
        "game": "game/demo/",
    }.items():
        sandbox.page.goto(f"{sandbox.url}/{path}")
        album.take(sandbox.watch, f"sandbox-{name}")


def make_cover(folder: Path) -> None:
    """Put a viewer's page before the list of claims: the picture in the README (docs/screenshot.png)."""
    claims = Image.open(folder / "admin-fulfillment-claim-light-1280.png").convert("RGB").crop((0, 0, 1280, 800))
    phone = Image.open(folder / "viewer-game-just-linked-light-320.png").convert("RGB").crop((0, 0, 320, 690))
    cover = Image.new("RGB", (1660, 860), "#e9e7f3")
    cover.paste(claims, (30, 30))
    cover.paste(Image.new("RGB", (334, 704), "#1b1b22"), (1296, 126))
    cover.paste(phone, (1303, 133))
    cover.quantize(200).save(folder / "cover.png", optimize=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
