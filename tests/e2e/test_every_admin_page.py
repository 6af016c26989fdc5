"""Every page of the admin that staff can open, as axe, a phone and a dark room judge it (WCAG 2.2 AA).

Which pages there are is asked of the admin's registry, so that no new one is forgotten: see ``admin_addresses``, which also
says what is left out and why. Forms with errors, opened filters, empty studios and accounts have modules of their own beside.
"""

from __future__ import annotations

from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client
from playwright.sync_api import Browser

from portal.models import User
from tests.e2e.admin_addresses import LEADS_ON, opened, registry
from tests.e2e.judge import Judge, client_of
from tests.e2e.one_of_each import make

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.django_db]

PARTS = 6
"""In so many tests, so that several processes can share them."""
MUST_BE_AMONG = {
    "index", "timeline", "set_up", "find", "person_player", "grant", "exports", "simulation", "members", "invited",
    "campaigns_campaign_clone", "campaigns_campaign_import_look", "campaigns_campaign_channel_report ready",
    "campaigns_campaign_channel_version", "campaigns_campaign_channel_compare 1", "campaigns_campaign_guide check",
    "campaigns_campaign_change draft", "campaigns_campaign_preview", "campaigns_gameevent_change",
    "fulfillment_claim_change held", "fulfillment_claim_change failed", "fulfillment_codepool_import_confirm",
    "fulfillment_rewardcode_reveal", "fulfillment_keptmessage_change",
    "fulfillment_claim_many asked Second producer ", "fulfillment_eventdelivery_many chosen", "drift_map 1",
    "drift_confirm 1", "portal_auditentry_change", "portal_user_change", "campaigns_campaign_history",
}  # fmt: skip
"""Some of them, so that a registry that is read wrongly does not make the test pass."""


@pytest.fixture
def people(settings: Any, tmp_path: Path) -> dict[str, Client]:
    """The demo's producer and the portal's administrator, who see pages that others do not."""
    settings.DATA_DIR, settings.PORTAL_SANDBOX_URL = tmp_path, "http://127.0.0.1:9"
    call_command("seed_demo", stdout=StringIO())
    make("producer")
    return {name: client_of(User.objects.get(username=name)) for name in ("producer", "admin")}


def names(part: int | None = None) -> list[str]:
    every = sorted({name for name, _arguments in registry()})
    return every if part is None else every[part::PARTS]


def test_every_page_of_the_registry_is_opened_or_it_is_said_why_not(people: dict[str, Client]) -> None:
    found = opened(people, names())
    assert not found.faults, "\n".join(found.faults)
    assert found.unknown == set(), "say in admin_addresses.py what these arguments are"
    assert not found.silent, "open these, with what one_of_each.py makes, or say why not:\n" + "\n".join(found.silent)
    assert MUST_BE_AMONG - set(found.pages) == set()
    gone = set(LEADS_ON) - set(names())
    assert gone == set(), "these are explained, but are no more"


@pytest.mark.parametrize("part", range(PARTS))
def test_axe_finds_nothing_on_any_page_and_each_fits_a_phone(
    browser: Browser, people: dict[str, Client], part: int
) -> None:
    found = opened(people, names(part))
    judges = {who: Judge(browser, client) for who, client in people.items()}
    for name, (who, address) in found.pages.items():
        judges[who].open(address, name)
    for judge in judges.values():
        judge.close()
