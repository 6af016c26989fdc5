"""A Python program that stays on one core: ``python -m bench.pinned CORE PROGRAM …``."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager


def cores() -> tuple[int, int]:
    """Return the core of what is measured, and that of what measures: two where there are two."""
    found = sorted(os.sched_getaffinity(0))
    return found[0], found[-1]


@contextmanager
def staying_on(core: int) -> Iterator[None]:
    """Have this process, and what it starts meanwhile, stay on one core."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {core})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


if __name__ == "__main__":
    os.sched_setaffinity(0, {int(sys.argv[1])})
    os.execv(sys.executable, [sys.executable, *sys.argv[2:]])
