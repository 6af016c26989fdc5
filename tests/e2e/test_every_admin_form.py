"""Every form of the admin's pages with its errors: left empty, and with nonsense in each field (WCAG 2.2 AA).

Forms are read off the pages that ``admin_addresses`` opens. What a form does where nothing is wrong with it is taken back, and
leads to a page that is looked at elsewhere; the same errors on the same page are looked at once.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from copy import copy
from typing import Any

import pytest
from django.db import transaction
from django.test import Client
from playwright.sync_api import Browser

from tests.e2e.admin_addresses import opened
from tests.e2e.forms_of_pages import NONSENSE, Form, forms_of
from tests.e2e.judge import Judge, is_page
from tests.e2e.test_every_admin_page import names, people

__all__ = ["people"]

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.django_db]

PARTS = 6
FRAME = {"/admin/logout/"}
"""Where forms of the frame around every page lead."""
FORMS = [name for name in names() if not name.endswith("_changelist")]
"""A list's only form is that of its actions, which answers with the list."""


def tried(form: Form) -> Iterator[tuple[str, dict[str, list[str]]]]:
    """Yield what is sent, and what that is called, for each of a form's buttons."""
    for button in form.buttons or [None]:
        for how in ("empty", "nonsense"):
            pressed = f" by {button[0]}={button[1]}" if button else ""
            yield f"{how}{pressed}", form.sent(button, nonsense=how == "nonsense")


def posted(client: Client, address: str, values: dict[str, list[str]]) -> Any:
    """Return the answer to a form; what it has done is taken back."""
    cookies = copy(client.cookies)
    with transaction.atomic():
        answer = client.post(address, values)
        transaction.set_rollback(True)
    client.cookies = cookies
    return answer


def pages_with_errors(client: Client, name: str, address: str) -> Iterator[tuple[str, str, Any]]:
    """Yield name, address and answer of each page that a form of this page leads to when it is refused."""
    seen: set[str] = set()
    for form in forms_of(client.get(address).content.decode(), address):
        if form.action in FRAME:
            continue
        for how, values in tried(form):
            answer = posted(client, form.action, values)
            assert answer.status_code < 500, f"{answer.status_code} from {name} {how}"
            if answer.status_code != 200 or not is_page(answer):
                continue
            kind = re.sub(rf"{NONSENSE}|value=\"[^\"]*\"|\s+|[0-9A-Z]{{26}}|\d+", "", answer.content.decode())
            if kind not in seen:
                seen.add(kind)
                yield f"{name} {how}", form.action, answer


@pytest.mark.parametrize("part", range(PARTS))
def test_axe_finds_nothing_on_a_page_whose_form_is_refused(
    browser: Browser, people: dict[str, Client], part: int
) -> None:
    found = opened(people, FORMS[part::PARTS])
    assert not found.faults, found.faults
    judges = {who: Judge(browser, client) for who, client in people.items()}
    for name, (who, address) in found.pages.items():
        for what, action, answer in pages_with_errors(people[who], name, address):
            judges[who].judge(answer, what, action)
    for judge in judges.values():
        judge.close()
