"""The page about the partner API: every example on it works when it is pasted into a shell, in the order of the page (A4)."""

from __future__ import annotations

import json
import subprocess
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path

import pytest

from tests.e2e.backend import BACK, Backend, new_backend
from tests.e2e.portal import RunningPortal, clean_environment

pytestmark = [pytest.mark.slow, pytest.mark.sqlite]

PAGES_FOR_BROWSERS = {"askPlayer", "askKickPlayer"}


@dataclass
class Examples(HTMLParser):
    """The commands on the page: how a token is fetched, and the request of each call by the call's name."""

    html: str
    fetch_token: str = ""
    requests: dict[str, str] = field(default_factory=dict)
    _call: str = ""
    _into: str = ""

    def __post_init__(self) -> None:
        super().__init__()
        self.feed(self.html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        if tag == "article":
            self._call = values["aria-labelledby"]
        if tag == "pre":
            self._into = "token" if values.get("id") == "fetch-token" else self._call
            self._into = self._into if "api-request" in values["class"] or self._into == "token" else ""

    def handle_endtag(self, tag: str) -> None:
        self._into = "" if tag == "pre" else self._into

    def handle_data(self, data: str) -> None:
        if self._into == "token":
            self.fetch_token += data
        elif self._into:
            self.requests[self._into] = self.requests.get(self._into, "") + data


class Shell:
    """Somebody's shell, with the variables that the page says to set. Each example gets a token of its own: some end it."""

    def __init__(self, backend: Backend, folder: Path, fetch_token: str) -> None:
        self.backend = backend
        self.folder = folder
        self.fetch_token = fetch_token
        # curl says the status after the answer, though the examples do not ask for it.
        (folder / ".curlrc").write_text('write-out = "\\n%{http_code}"\n')

    def run(self, command: str, **variables: str) -> str:
        """Run a command after fetching a token, and return what it printed."""
        script = f"set -euo pipefail\n{self.fetch_token}\nexport CURL_HOME='{self.folder}'\n{command}\n"
        done = subprocess.run(
            ["bash", "-c", script],
            cwd=self.folder,
            env=clean_environment(
                HOME=str(self.folder / "nobody"),
                CLIENT_ID=self.backend.known["client_id"],
                CLIENT_SECRET=self.backend.known["client_secret"],
                **variables,
            ),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, f"{command}\n{done.stderr}"
        return done.stdout

    def call(self, command: str, **variables: str) -> tuple[str, int]:
        """Run a request and return its answer and its status."""
        answer, _, status = self.run(command, **variables).rpartition("\n")
        return answer, int(status)


def test_a4_every_example_on_the_page_works_when_pasted(portal: RunningPortal, tmp_path: Path) -> None:
    backend = new_backend(portal, claims=2)
    with urllib.request.urlopen(f"{portal.url}/api/", timeout=10) as answer:
        examples = Examples(answer.read().decode())
    shell = Shell(backend, tmp_path, examples.fetch_token)
    assert len(examples.requests) >= 19
    variables = {
        "getReportFile": {"REPORT_URL": report_url(shell, examples)},
        "getBroadcasters": {"GAME_ID": backend.known["our_game_id"]},
        "getSession": {"SESSION": backend.known["session"]},
        "updateDropsClaims": {"CLAIM_ID": backend.known["of_kick"]},
        "updateDropsEntitlements": {"CLAIM_ID": backend.claims[0]},
        "updateDropsEntitlementsAtItsOwnPath": {"CLAIM_ID": backend.claims[1]},
    }
    statuses = {
        name: shell.call(request, **variables.get(name, {}))[1]
        for name, request in examples.requests.items()
        if name not in PAGES_FOR_BROWSERS
    }
    assert statuses == {**dict.fromkeys(statuses, 200), "updateDropsClaims": 204}
    assert backend.portal.ask(FULFILLED.format(ids=[*backend.claims[:2], backend.known["of_kick"]])) == 3
    assert (tmp_path / "report.csv").read_text().startswith("date,game_id")
    for name in PAGES_FOR_BROWSERS:
        address = shell.run(examples.requests[name], STATE="s" * 20, CHALLENGE="c" * 43, REDIRECT_URI=BACK).strip()
        assert "/accounts/login/" in final_address(address)


FULFILLED = """
from fulfillment.models import Claim
print(json.dumps(Claim.objects.filter(platform_claim_id__in={ids!r}, state="delivered").count()))
"""


def report_url(shell: Shell, examples: Examples) -> str:
    """Return the link of a report, which is good for minutes, from the list that the page shows how to ask for."""
    body, status = shell.call(examples.requests["getGameAnalytics"])
    assert status == 200
    url: str = json.loads(body)["data"][0]["URL"]
    return url


def final_address(address: str) -> str:
    """Follow a link as a browser that is not signed in does, and return where it ends."""
    with urllib.request.urlopen(address.replace(" ", "%20"), timeout=10) as answer:
        return str(answer.geturl())
