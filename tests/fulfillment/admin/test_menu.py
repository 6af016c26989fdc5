"""The menu and empty lists of the admin: what each entry is about is told by its heading, and no list offers what is not possible (S1)."""

from __future__ import annotations

import re

import pytest
from django.http import HttpRequest
from django.test import Client
from django.urls import reverse

from fulfillment.rules.states import State
from portal.admin_site import navigation
from tests.admin_pages import url
from tests.factories import make_credential
from tests.fulfillment.admin.story import Studio
from tests.linking.walk import text_of

pytestmark = pytest.mark.django_db


def request_of(client: Client) -> HttpRequest:
    request: HttpRequest = client.get(url("fulfillment.alert", "changelist")).wsgi_request
    return request


def test_s1_the_menu_keeps_what_comes_in_and_what_goes_out_apart(owner: Client) -> None:
    menu = {
        str(group["title"]): [str(item["title"]) for item in group["items"]] for group in navigation(request_of(owner))
    }
    assert menu["To your own systems"] == ["API clients", "Event subscriptions", "Event deliveries"]
    assert menu["Alerts"] == ["Alerts", "Alert rules", "Alert channels"]
    assert menu["From the platforms"] == [
        "Webhook counts",
        "Event subscriptions at platforms",
        "Sweeps",
        "Unreadable messages",
    ]
    names = [name for group in menu.values() for name in group]
    assert len(set(names)) == len(names)
    assert "Audit trail" in names


def test_a9_the_search_for_a_person_is_in_the_head_of_lists_and_forms_too(studio: Studio, owner: Client) -> None:
    claim = studio.claim(State.FAILED)
    for address in (
        reverse("admin:index"),
        reverse("admin:exports"),
        url("fulfillment.claim", "changelist"),
        url("campaigns.campaign", "changelist"),
        url("fulfillment.claim", "change", claim.pk),
        url("campaigns.game", "add"),
    ):
        page = owner.get(address).content.decode()
        assert page.count('class="drops-find"') == 1, address


def test_the_menu_of_one_s_own_account_is_opened_by_a_button(owner: Client) -> None:
    page = owner.get(reverse("admin:exports")).content.decode()
    menu = page[page.index('aria-controls="user-links"') :]
    for address in (reverse("mfa_index"), reverse("usersessions_list"), reverse("admin:logout")):
        assert address in menu
    assert "switchTheme" not in "".join(re.findall(r"<a [^>]*>", page)), "a link that leads nowhere takes no focus"


def test_s1_an_empty_list_offers_filters_to_drop_only_where_some_are_set(owner: Client) -> None:
    page = text_of(owner.get(url("fulfillment.sweep", "changelist")))
    assert "Nothing here yet." in page
    assert "Show everything" not in page
    page = text_of(owner.get(url("fulfillment.sweep", "changelist"), {"on_platform": "kick"}))
    assert "Nothing fits the search and the filters." in page
    assert "Show everything" in page


def test_p1_webhooks_are_explained_for_the_platforms_in_use_only(studio: Studio, owner: Client) -> None:
    make_credential(studio.organization, "twitch")
    page = text_of(owner.get(url("fulfillment.webhooktally", "changelist")))
    assert "nothing to enter in a console" in page
    assert "Kick:" not in page
