"""Where a list of claims ends, and what of a page can be read (F7)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from portal.platforms.calls import PlatformError
from portal.platforms.claims_api import ClaimsPage
from portal.platforms.lists import LONGEST_CURSOR, id_in, page_of
from portal.platforms.messages import ClaimReceived, MessageInvalid


def page(items: object, cursor: object = "", *, asked: str = "") -> ClaimsPage:
    def read(item: Mapping[str, Any]) -> tuple[ClaimReceived, str]:
        claim = ClaimReceived(platform_claim_id=id_in(item, "id"), platform_user_id="1", platform_reward_id="2")
        return claim, str(item.get("status"))

    return page_of(items, cursor, asked=asked, read=read, done="DONE")


@pytest.mark.parametrize(
    ("items", "cursor", "asked", "following"),
    [
        ([{"id": "1"}], "next", "", "next"),
        ([{"id": "1"}], "next", "this", "next"),
        ([{"id": "1"}], "", "this", ""),
        ([{"id": "1"}], None, "this", ""),
        ([{"id": "1"}], 5, "this", ""),
        ([{"id": "1"}], "this", "this", ""),
        ([], "next", "this", ""),
        (None, "next", "this", ""),
        ([None], "next", "this", "next"),
    ],
)
def test_f7_a_list_ends_without_a_cursor_with_the_same_one_again_or_with_nothing(
    items: object, cursor: object, asked: str, following: str
) -> None:
    assert page(items, cursor, asked=asked).cursor == following


@pytest.mark.parametrize("items", [{}, "claims", 5, True])
def test_f7_what_is_no_list_is_not_understood(items: object) -> None:
    with pytest.raises(PlatformError, match="answer"):
        page(items)


def test_f7_a_cursor_longer_than_can_be_kept_is_not_understood() -> None:
    assert page([{"id": "1"}], "c" * LONGEST_CURSOR).cursor
    with pytest.raises(PlatformError, match="answer"):
        page([{"id": "1"}], "c" * (LONGEST_CURSOR + 1))


@pytest.mark.parametrize("cursor", ["a\0b", "\ud800"])
def test_f7_a_cursor_that_no_database_takes_is_not_understood(cursor: str) -> None:
    with pytest.raises(PlatformError, match="answer"):
        page([{"id": "1"}], cursor)


def test_f7_what_is_read_keeps_the_item_as_it_was_sent() -> None:
    (listed,) = page([{"id": "1", "status": "DONE", "new": {"of": "tomorrow"}}]).claims
    assert (listed.done, listed.status) == (True, "DONE")
    assert listed.raw == '{"id":"1","status":"DONE","new":{"of":"tomorrow"}}'


def test_f7_every_fault_names_its_place_and_what_is_wrong() -> None:
    found = page([{"id": "1"}, "x", {"id": None}, {"id": "2"}, {"id": "a\0"}])
    assert [one.claim.platform_claim_id for one in found.claims] == ["1", "2"]
    assert found.faults == (
        "item 1: is no object.",
        "item 2: id is missing or no id.",
        "item 4: id holds characters that cannot be stored.",
    )


@pytest.mark.parametrize(("value", "read"), [(0, "0"), (18446744073709551615, "18446744073709551615"), ("x", "x")])
def test_f7_an_id_is_a_text_or_a_number_of_any_length(value: object, read: str) -> None:
    assert id_in({"id": value}, "id") == read


@pytest.mark.parametrize("value", [None, "", True, -1, 1.5, [], {}])
def test_f7_what_is_no_id_is_refused_and_only_an_optional_one_may_be_missing(value: object) -> None:
    with pytest.raises(MessageInvalid):
        id_in({"id": value}, "id")
    if value in (None, ""):
        assert id_in({"id": value}, "id", optional=True) == ""
