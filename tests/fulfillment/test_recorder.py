"""What the drain holds until it is recorded: one result that cannot be recorded keeps no other back (D1)."""

from __future__ import annotations

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import OperationalError

from fulfillment.recorder import Recorder
from tests.factories import NOW


def result(name: str) -> Any:
    return SimpleNamespace(leased=SimpleNamespace(message_id=name))


def names(results: Sequence[Any]) -> list[str]:
    return [one.leased.message_id for one in results]


def test_d1_after_a_batch_that_failed_each_result_goes_alone_and_is_told_once() -> None:
    tried: list[list[str]] = []
    told: list[str] = []

    def record(results: Sequence[Any], **_at: Any) -> Any:
        tried.append(names(results))
        if "b" in tried[-1]:
            raise ValueError
        return "recorded"

    recorder = Recorder(record, lambda unsent, *, now: None)
    for name in "abc":
        recorder.add(result(name))
    recorder.write(now=NOW, random=lambda: 0.5, done=lambda recorded, part: told.extend(names(part)))
    assert tried == [["a", "b", "c"], ["a"], ["b"], ["c"]]
    assert (told, len(recorder)) == (["a", "c"], 0)


def test_d1_what_could_not_be_recorded_while_the_database_was_away_is_kept() -> None:
    def record(results: Sequence[Any], **_at: Any) -> Any:
        raise OperationalError

    recorder = Recorder(record, lambda unsent, *, now: None)
    recorder.add(result("a"))
    with pytest.raises(OperationalError):
        recorder.write(now=NOW, random=lambda: 0.5, done=lambda recorded, part: None)
    assert len(recorder) == 1
