"""Numbers and minutes in arrays are what they would be in sets, and are read as they were stored."""

from __future__ import annotations

import numpy as np

from campaigns.watch.arrays import by_shard, pack, united, unpack_masks


def test_arrays_unite_numbers_and_minutes_as_sets_do() -> None:
    parts = [([1, 5, 4096], 0), ([5, 7], 59), ([], 3), ([1, 5], 0), ([2**40], 30)]
    numbers, bits = united([(np.array(some, dtype=np.int64), minute) for some, minute in parts])
    expected: dict[int, set[int]] = {}
    for some, minute in parts:
        for number in some:
            expected.setdefault(number, set()).add(minute)
    assert list(numbers) == sorted(expected)
    for number, mask in zip(numbers, bits, strict=True):
        assert {minute for minute in range(60) if int(mask) >> minute & 1} == expected[number]
    nobody, none = united([(np.array([], dtype=np.int64), 1)])
    assert (nobody.size, none.size) == (0, 0)


def test_arrays_split_at_the_edges_of_shards() -> None:
    numbers = np.array([0, 4095, 4096, 8191, 2**31, 2**40 + 1], dtype=np.int64)
    found = [(shard, [int(slot) for slot in slots]) for shard, _part, slots in by_shard(numbers)]
    assert found == [(0, [0, 4095]), (1, [0, 4095]), (2**19, [0]), (2**28, [1])]
    assert list(by_shard(np.array([], dtype=np.int64))) == []


def test_arrays_are_read_as_they_were_stored() -> None:
    masks = np.arange(4096, dtype="<u8") << np.uint64(40)
    assert (unpack_masks(pack(masks)) == masks).all()
    assert (unpack_masks(memoryview(pack(masks))) == masks).all()
