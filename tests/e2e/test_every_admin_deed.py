"""What the admin shows once, after a deed, and what it asks to confirm before one: no address leads there (WCAG 2.2 AA)."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from playwright.sync_api import Browser

from tests.e2e.admin_addresses import opened
from tests.e2e.forms_of_pages import forms_of
from tests.e2e.judge import Judge
from tests.e2e.test_every_admin_page import people

__all__ = ["people"]

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.django_db]

CODES = "NEW-CODE-1\nNEW-CODE-2\n\nNEW-CODE-1\ntwo words\nONE-OF-EACH-1\n"
DEEDS: dict[str, dict[str, Any]] = {
    "invite": {"email": "two@northwind.example", "role": "analyst", "reach": "all"},
    "fulfillment_apiclient_rotate": {"overlap": "3600"},
    "fulfillment_endpoint_rotate": {},
    "fulfillment_eventsubscription_rotate": {},
    "campaigns_heartbeatsource_new_address": {"overlap": "3600"},
    "portal_platformcredential_webhook_secret": {},
    "fulfillment_codepool_import": {"pasted": CODES},
    "campaigns_campaign_clone": {"name": "Next season", "shift": "1", "unit": "week", "copies": "3"},
    "retry_since": {"since": "2026-11-01T00:00", "reason": "The backend was down"},
}
"""What is filled in at which page; its form's hidden fields are sent as they are."""


def test_axe_finds_nothing_on_what_comes_of_a_deed(browser: Browser, people: dict[str, Client]) -> None:
    judge = Judge(browser, people["producer"])
    found = opened({"producer": judge.client}, DEEDS)
    assert set(found.pages) == set(DEEDS)
    for name, values in DEEDS.items():
        _who, address = found.pages[name]
        html = judge.client.get(address).content.decode()
        form = next(one for one in forms_of(html, address) if one.action == address)
        judge.send(address, f"after {name}", **{**dict(form.kept), **values})
    judge.close()
