"""Browser contexts that notice what a person would not see: foreign requests, policy violations, errors, overflow."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Request, Response

PHONE = {"width": 320, "height": 640}
DESKTOP = {"width": 1280, "height": 900}
BY_DAY_AND_NIGHT = pytest.mark.parametrize("scheme", ["light", "dark"])
OURS = {"localhost", "127.0.0.1"}
INLINE_SCHEMES = {"data", "blob", "about"}


class Watch:
    """A context whose faults are written down; ``faults`` is empty when everything was well."""

    def __init__(self, browser: Browser, *, phone: bool = False, scheme: str = "light", **options: Any) -> None:
        self.faults: list[str] = []
        self.width = (PHONE if phone else DESKTOP)["width"]
        self.context: BrowserContext = browser.new_context(
            viewport=PHONE if phone else DESKTOP,  # type: ignore[arg-type]
            color_scheme=scheme,  # type: ignore[arg-type]
            is_mobile=phone,
            has_touch=phone,
            **options,
        )
        self.context.set_default_timeout(15_000)
        self.context.on("request", self._on_request)
        self.context.on("response", self._on_response)
        self.context.on("console", self._on_console)
        self.context.on("weberror", lambda error: self.faults.append(f"script error: {error.error}"))
        self.page: Page = self.context.new_page()

    def _on_request(self, request: Request) -> None:
        address = urlsplit(request.url)
        if address.scheme not in INLINE_SCHEMES and address.hostname not in OURS:
            self.faults.append(f"request to another host: {request.url}")

    def _on_response(self, response: Response) -> None:
        is_page = response.request.resource_type == "document"
        if response.status >= (500 if is_page else 400):
            self.faults.append(f"{response.status} from {response.url}")
        if is_page and response.status < 300 and "text/html" in response.headers.get("content-type", ""):
            self._check_policy(response)

    def _check_policy(self, response: Response) -> None:
        if urlsplit(response.url).hostname == "localhost" and "/admin/" not in response.url:
            policy = response.headers.get("content-security-policy", "")
            if "default-src 'none'" not in policy or "unsafe" in policy:
                self.faults.append(f"content policy of {response.url}: {policy or 'none'}")

    def _on_console(self, message: ConsoleMessage) -> None:
        # A page that answers 4xx on purpose is also written to the console; parts of pages are judged by their answer.
        if message.type in {"error", "warning"} and not message.text.startswith("Failed to load resource"):
            self.faults.append(f"console on {message.page and message.page.url}: {message.text}")

    def check_fits(self) -> None:
        """Write down if the page is wider than the window."""
        self.page.wait_for_load_state("load")
        wide = self.page.evaluate(
            """() => document.documentElement.scrollWidth <= window.innerWidth ? [] :
            [...document.querySelectorAll('body *')].filter(e => e.getBoundingClientRect().right > window.innerWidth + 0.5)
            .map(e => `${e.tagName}.${e.className}`).slice(-5)"""
        )
        inner = self.page.evaluate("window.innerWidth")
        if wide or inner > self.width:
            self.faults.append(f"{self.page.url} is wider than {self.width} px ({inner}): {wide}")

    def close(self) -> None:
        """Close the context."""
        self.context.close()
