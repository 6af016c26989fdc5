"""The compact arrays in which minutes are kept: what stands in the binary columns of :mod:`campaigns.models.watching`.

A *shard* holds 4,096 consecutive watcher numbers, each at its *slot*. All numbers are little-endian; arrays of a shard
are deflated, since most of one is zero or alike.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

SHARD_BITS = 12
SHARD_SIZE = 1 << SHARD_BITS
_SLOTS = SHARD_SIZE - 1
_MINUTE_BITS = 6
_LEVEL = 1  # the quickest: what is left after it is small already

Numbers: TypeAlias = npt.NDArray[np.int64]
"""Watcher numbers, ascending, each once."""
Masks: TypeAlias = npt.NDArray[np.uint64]
"""For each slot, or for each of some numbers, the minutes of an hour: bit m is minute m."""
Counts: TypeAlias = npt.NDArray[np.uint32]


def shard_of(number: int) -> int:
    """Return the shard that a watcher's number is in."""
    return number >> SHARD_BITS


def slot_of(number: int) -> int:
    """Return a number's place in its shard."""
    return number & _SLOTS


def shards_of(numbers: Numbers) -> list[int]:
    """Return the shards of some numbers, ascending, each once."""
    return [int(shard) for shard in np.unique(numbers >> SHARD_BITS)]


def by_shard(numbers: Numbers) -> Iterator[tuple[int, slice, npt.NDArray[np.int64]]]:
    """Yield for ascending numbers each shard, the part of the array that lies in it, and its slots."""
    if not numbers.size:
        return
    shards = numbers >> SHARD_BITS
    starts = np.flatnonzero(np.r_[True, shards[1:] != shards[:-1]])
    for start, end in zip(starts, [*starts[1:], numbers.size], strict=True):
        part = slice(int(start), int(end))
        yield int(shards[start]), part, numbers[part] & _SLOTS


def no_masks() -> Masks:
    """Return a shard in which no minute was credited."""
    return np.zeros(SHARD_SIZE, dtype="<u8")


def no_totals() -> Counts:
    """Return a shard in which nobody has a minute."""
    return np.zeros(SHARD_SIZE, dtype="<u4")


def pack(values: Masks | Counts) -> bytes:
    """Return a shard's array as it is stored."""
    return zlib.compress(values.tobytes(), _LEVEL)


def unpack_masks(stored: bytes | memoryview) -> Masks:
    """Return a stored shard of masks, to be changed at will."""
    return np.frombuffer(bytearray(zlib.decompress(stored)), dtype="<u8")


def unpack_totals(stored: bytes | memoryview) -> Counts:
    """Return a stored shard of minutes, to be changed at will."""
    return np.frombuffer(bytearray(zlib.decompress(stored)), dtype="<u4")


def pack_numbers(numbers: Numbers) -> bytes:
    """Return watcher numbers as they are stored: the steps between them, which are small, deflated."""
    return zlib.compress(np.diff(numbers, prepend=0).astype("<u4").tobytes(), _LEVEL)


def unpack_numbers(stored: bytes | memoryview) -> Numbers:
    """Return stored watcher numbers."""
    return np.cumsum(np.frombuffer(zlib.decompress(stored), dtype="<u4"), dtype=np.int64)


def total_at(stored: bytes | memoryview, number: int) -> int:
    """Return the minutes of one watcher in the stored shard of that number."""
    return int(np.frombuffer(zlib.decompress(stored), dtype="<u4")[slot_of(number)])


def no_minutes() -> list[int]:
    """Return an hour in which no minute had viewers."""
    return [0] * 60


def pack_minutes(viewers: list[int]) -> bytes:
    """Return how many viewers each minute of an hour had, as it is stored: 60 numbers of 32 bits."""
    return np.asarray(viewers, dtype="<u4").tobytes()


def unpack_minutes(stored: bytes | memoryview) -> list[int]:
    """Return how many viewers each minute of a stored hour had."""
    return [int(count) for count in np.frombuffer(bytes(stored), dtype="<u4")]


def unpack_hours(stored: Sequence[bytes | memoryview]) -> Counts:
    """Return how many viewers each minute of several stored hours had, an hour after the other."""
    return np.frombuffer(b"".join(bytes(hour) for hour in stored), dtype="<u4")


def united(parts: list[tuple[Numbers, int]]) -> tuple[Numbers, Masks]:
    """Return all numbers of several (numbers, minute of the hour), ascending and each once, with their minutes' bits."""
    # One array of number and minute together, which is sorted much sooner than one by the order of another.
    keys = np.unique(np.concatenate([(part << _MINUTE_BITS) | minute for part, minute in parts]))
    numbers, minutes = keys >> _MINUTE_BITS, (keys & 63).astype("<u8")
    bits = np.uint64(1) << minutes
    if keys.size == 0:
        return numbers, bits
    starts = np.flatnonzero(np.r_[True, numbers[1:] != numbers[:-1]])
    return numbers[starts], np.bitwise_or.reduceat(bits, starts)
