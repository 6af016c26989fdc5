"""Every list of the admin with its filters opened and with nothing found, and every page of a studio that has nothing yet (WCAG 2.2 AA).

Which lists there are and what they can do is asked of the admin's registry.
"""

from __future__ import annotations

import pytest
from django.contrib import admin
from django.test import Client
from django.urls import reverse
from playwright.sync_api import Browser, Page, expect

from portal.models import User
from tests.e2e.admin_addresses import OURS, opened, registry
from tests.e2e.judge import Judge, client_of
from tests.e2e.test_every_admin_page import people
from tests.factories import make_organization, make_staff

__all__ = ["people"]

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.django_db]

FOR_ADMINISTRATORS = {User}
EMPTY_PARTS = 3
PLAIN = sorted(name for name, arguments in registry() if not arguments)
"""The pages that need nothing to be shown of."""


def lists(*, searched: bool) -> list[tuple[str, str]]:
    """Return who sees it and the address of each list that can be searched, or of each that has filters."""
    found = []
    for model, shown in admin.site._registry.items():
        if model._meta.app_label in OURS and (shown.search_fields if searched else shown.list_filter):
            address = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
            found.append(("admin" if model in FOR_ADMINISTRATORS else "producer", address))
    return sorted(found)


def open_filters(page: Page) -> None:
    page.get_by_role("button", name="Filters", exact=True).click()
    expect(page.locator("#changelist-filter")).to_be_visible()


def test_axe_finds_nothing_in_the_filters_of_any_list(browser: Browser, people: dict[str, Client]) -> None:
    judges = {who: Judge(browser, client) for who, client in people.items()}
    found = lists(searched=False)
    assert len(found) >= 24
    for who, address in found:
        judges[who].open(address, f"filters of {address}", before=open_filters)
    for judge in judges.values():
        judge.close()


def test_axe_finds_nothing_in_a_list_in_which_nothing_was_found(browser: Browser, people: dict[str, Client]) -> None:
    judges = {who: Judge(browser, client) for who, client in people.items()}
    found = lists(searched=True)
    assert len(found) >= 12
    for who, address in found:
        judges[who].open(f"{address}?q=nobody-has-such-a-name", f"nothing found in {address}")
    for judge in judges.values():
        judge.close()


@pytest.mark.parametrize("part", range(EMPTY_PARTS))
def test_axe_finds_nothing_on_any_page_of_a_studio_that_has_nothing_yet(browser: Browser, part: int) -> None:
    owner = client_of(make_staff(make_organization(name="Fresh studio", slug="fresh")))
    judge = Judge(browser, owner)
    found = opened({"owner": owner}, PLAIN[part::EMPTY_PARTS])
    assert not found.faults, found.faults
    for name, (_who, address) in found.pages.items():
        judge.open(address, f"{name} of a studio that has nothing")
    assert judge.seen > 15
    judge.close()
