"""Rows of a platform's answers: one that cannot be read keeps no other back."""

from __future__ import annotations

from typing import Any

import pytest

from portal.platforms.calls import PlatformError, id_of, readable


def read(row: dict[str, Any]) -> str:
    return id_of(row.get("id"))


def test_a_row_that_cannot_be_read_keeps_no_other_back() -> None:
    assert readable([{"id": "1"}, {"id": None}, {}, {"id": 2}], read) == ["1", "2"]
    assert readable([], read) == []


def test_rows_of_which_none_can_be_read_are_not_understood() -> None:
    with pytest.raises(PlatformError) as caught:
        readable([{"id": None}], read)
    assert caught.value.reason == "answer"
