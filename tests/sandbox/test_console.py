"""The console: a first-time producer can set up what the portal asks for."""

from __future__ import annotations

import re

import pytest

from tests.sandbox.conftest import SEED
from tests.sandbox.server import SandboxServer

ID_FORM = {
    "kick": r"[0-9A-HJKMNP-TV-Z]{26}",
    "twitch": r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}",
}


@pytest.mark.parametrize(
    "path",
    ["/", "/console/twitch/", "/console/kick/", "/claim", "/game/demo/", "/kick/oauth/authorize", "/nothing/here"],
)
def test_every_page_says_that_it_is_not_the_real_thing(sandbox_server: SandboxServer, path: str) -> None:
    page = sandbox_server.get(path).text
    assert "Sandbox – not the real Twitch or Kick" in page
    assert "<script" not in page
    assert not re.search(r'(?:src|href)="https?://(?!127\.0\.0\.1)', page)


def test_the_overview_shows_what_the_seed_file_named(sandbox_server: SandboxServer) -> None:
    page = sandbox_server.get("/").text
    for wanted in ("kick-client", "twitch-client", "01M7XMK6ZFNGP751QCNV0HZ1TP", "509658"):
        assert wanted in page
    assert f"{sandbox_server.url}/twitch</code>" in page


@pytest.mark.parametrize("platform", ["kick", "twitch"])
def test_a_reward_and_a_campaign_get_ids_of_the_platforms_form(sandbox_server: SandboxServer, platform: str) -> None:
    path = f"/console/{platform}/"
    name = f"Sword of {platform}"
    assert sandbox_server.submit(path, {"form": "reward", "name": name, "external_id": "sw-1"}).status == 302
    page = sandbox_server.get(path).text
    assert re.search(rf'{name}</th><td data-label="ID"><code class="id">{ID_FORM[platform]}</code>', page)
    field = re.search(rf'<label for="campaign-(minutes_\d+)">Minutes for {name}<', page)
    category = re.search(r'<select name="category".*?<option value="(\d+)"', page, re.DOTALL)
    assert field is not None
    assert category is not None
    form = {"form": "campaign", "name": f"Duel {platform}", "category": category[1], field[1]: "45"}
    assert sandbox_server.submit(path, form).status == 302
    assert f"Duel {platform}: {name} (45 min)" in sandbox_server.get("/claim").text


def test_a_campaign_without_rewards_is_refused_and_nothing_typed_is_lost(
    sandbox_server: SandboxServer,
) -> None:
    reply = sandbox_server.submit("/console/kick/", {"form": "campaign", "name": "Empty hands", "category": "999"})
    assert reply.status == 400
    assert "Empty hands" in reply.text
    page = sandbox_server.get("/console/kick/").text
    category = re.search(r'<select name="category".*?<option value="(\d+)"', page, re.DOTALL)
    assert category is not None
    form = {"form": "campaign", "name": "Empty hands", "category": category[1]}
    assert "1 to 12 rewards" in sandbox_server.submit("/console/kick/", form).text


def test_a_wrong_registration_is_refused_with_what_is_allowed(sandbox_server: SandboxServer) -> None:
    form = {
        "form": "app",
        "client_id": "twitch-client",
        "client_secret": "twitch-secret",
        "redirect_uris": "javascript:alert(1)",
        "webhook_url": "localhost:8000/x",
        "webhook_secret": "short",
        "organization_id": "9001",
    }
    reply = sandbox_server.submit("/console/twitch/", form)
    assert reply.status == 400
    assert reply.text.count("must begin with http:// or https://") == 2
    assert "10 to 100" in reply.text
    assert str(SEED["twitch"]["redirect_uri"]) in sandbox_server.get("/console/twitch/").text


def test_seeding_again_keeps_what_was_changed_by_hand(sandbox_server: SandboxServer) -> None:
    before = sandbox_server.get("/").text
    source = str(sandbox_server.directory / "seed.json")
    again = sandbox_server.command("seed_sandbox", "--from", source)
    assert (again.returncode, again.stdout.strip()) == (0, "The sandbox was seeded before; nothing to do.")
    assert sandbox_server.get("/").text == before


def test_a_seed_file_that_cannot_be_used_is_refused_with_the_reason(sandbox_server: SandboxServer) -> None:
    source = sandbox_server.directory / "broken.json"
    source.write_text('{"kick": {}}')
    refused = sandbox_server.command("seed_sandbox", "--from", str(source))
    assert refused.returncode == 1
    assert "lacks the field 'client_id'" in refused.stderr


def test_forms_are_refused_without_their_csrf_token(sandbox_server: SandboxServer) -> None:
    refused = sandbox_server.post("/console/kick/", {"form": "category", "name": "x"})
    assert refused.status == 403
    assert "Nothing was saved" in refused.text


def test_another_host_name_is_refused(sandbox_server: SandboxServer) -> None:
    assert sandbox_server.get("/", headers={"Host": "localhost"}).status == 400


def test_models_and_migration_agree(sandbox_server: SandboxServer) -> None:
    found = sandbox_server.command("makemigrations", "--check", "--dry-run")
    assert found.returncode == 0, found.stdout
