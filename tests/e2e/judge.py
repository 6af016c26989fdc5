"""Shows in a browser what the portal's own views answer, and says what axe, a phone and a dark room think of it.

No server and no worker runs: what is seen depends on the rows that a test has made, and on nothing else.
"""

from __future__ import annotations

import contextvars
import mimetypes
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import axe_playwright_python
from django.conf import settings
from django.contrib.staticfiles import finders
from django.test import Client
from playwright.sync_api import Browser, Page, Route

from portal.models import User
from tests.e2e.watching import DESKTOP, PHONE, Watch

WCAG = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"], "resultTypes": ["violations"]}
"""What the law and the house ask for; landmarks, a matter of good practice, are the admin framework's."""

AXE = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text()
LOOK = """([options, scheme]) => {
    document.documentElement.classList.toggle("dark", scheme === "dark");
    document.getAnimations().forEach(one => { if (one.effect.getComputedTiming().endTime < Infinity) one.finish(); });
    return axe.run(options).then(found => found.violations.map(
    one => `${one.id} (${one.help}) ${JSON.stringify(one.nodes.map(node => node.target).slice(0, 3))}`));
}"""
"""What axe says of the page in a scheme, which the theme reads only when it is loaded, once its colours have stopped changing."""
LOOKS = (("light", DESKTOP), ("dark", PHONE))
ORIGIN = settings.BASE_URL


def client_of(user: User) -> Client:
    """Return a client in which that person is signed in."""
    client = Client(raise_request_exception=False, HTTP_HOST=urlsplit(ORIGIN).netloc)
    client.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
    return client


def is_page(answer: Any) -> bool:
    """Tell whether this is a whole page: not a part of one, a file, or the way to another page."""
    return b"</html>" in getattr(answer, "content", b"")


class Judge:
    """A window in which answers are shown one after the other; ``found`` is what was wrong with them."""

    def __init__(self, browser: Browser, client: Client) -> None:
        self.client = client
        self.found: list[str] = []
        self.seen = 0
        self.watch = Watch(browser)
        self.page = self.watch.page
        self._shown: tuple[str, Any] = ("", None)
        # The browser's driver calls back in a context of its own, in which Django would open another connection.
        self._context = contextvars.copy_context()
        self.watch.context.route("**/*", self._answer)

    def open(self, address: str, name: str = "", *, before: Callable[[Page], None] | None = None) -> Any:
        """Ask for a page, which must answer with one, and judge it."""
        answer = self.client.get(address)
        assert answer.status_code == 200, f"{answer.status_code} from {name or address}"
        assert is_page(answer), name or address
        self.judge(answer, name or address, address, before=before)
        return answer

    def send(self, address: str, name: str, /, **values: Any) -> Any:
        """Send a form and judge the page that comes of it, whether it is an error, a confirmation or the way back."""
        answer = self.client.post(address, values, follow=True)
        assert answer.status_code == 200, f"{answer.status_code} from {name}"
        self.judge(answer, name, answer.request["PATH_INFO"])
        return answer

    def judge(self, answer: Any, name: str, address: str, *, before: Callable[[Page], None] | None = None) -> None:
        """Look at an answer by day on a desk and by night on a phone; ``before`` is what is done there first."""
        self.seen += 1
        for number, (scheme, size) in enumerate(LOOKS):
            self.page.set_viewport_size(size)  # type: ignore[arg-type]
            self.page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
            if number == 0:
                self._shown = (f"{ORIGIN}{address}", answer)
                self.page.goto(f"{ORIGIN}{address}")
                self.page.evaluate(AXE)
                if before:
                    before(self.page)
            self.watch.width = size["width"]
            self.watch.check_fits()
            where = f"{name}, {scheme}, {size['width']} px"
            self.found += [f"{where}: {one}" for one in self.page.evaluate(LOOK, [WCAG, scheme])]
        self.found += [f"{name}: {one}" for one in self.watch.faults]
        self.watch.faults.clear()

    def close(self) -> None:
        """Close the window; fails with everything that was found."""
        self.watch.close()
        assert not self.found, f"{len(self.found)} faults on {self.seen} pages:\n" + "\n".join(self.found)

    def _answer(self, route: Route) -> None:
        """Answer what the browser asks for: the page that is shown, a file of its look, or what its scripts fetch."""
        address, answer = self._shown
        path = urlsplit(route.request.url).path
        if path.startswith(settings.STATIC_URL):
            found = finders.find(unquote(path.removeprefix(settings.STATIC_URL)))
            if isinstance(found, str):
                kind = mimetypes.guess_type(found)[0] or "application/octet-stream"
                route.fulfill(path=found, headers={"Content-Type": kind, "Cache-Control": "max-age=600"})
            else:
                route.fulfill(status=404)
            return
        if route.request.resource_type != "document" or route.request.url != address:
            answer = self._context.run(self.client.get, route.request.url.removeprefix(ORIGIN))
        body = b"".join(answer.streaming_content) if answer.streaming else answer.content
        route.fulfill(status=answer.status_code, headers=dict(answer.headers), body=body)
