"""The sample game's match as a program of its own, as ``make match`` starts it, and its lines as they come."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path
from typing import Self

from tests.e2e.portal import REPOSITORY, clean_environment, wait_for

SEED = 1
"""With it the red team wins a match of 20 or 60 seconds: all three of the demo's events happen, each once."""


class Match:
    """A match that is being played; as a context manager it does not outlive the test."""

    def __init__(self, demo: Path, *, seconds: int, seed: int = SEED) -> None:
        self.lines: list[str] = []
        self._process = subprocess.Popen(
            [
                *[sys.executable, "-m", "django", "play_match", "--from", str(demo)],
                *["--seconds", str(seconds), "--seed", str(seed)],
            ],
            cwd=REPOSITORY,
            env=clean_environment(DJANGO_SETTINGS_MODULE="portal.sandbox.settings", PYTHONPATH=str(REPOSITORY)),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self.lines.append(line.rstrip())

    @property
    def said(self) -> str:
        """All that it has said so far."""
        return "\n".join(self.lines)

    def wait_for(self, words: str, *, times: int = 1, seconds: float = 60) -> None:
        """Wait until it has said this so many times."""

        def look() -> bool:
            said = self.said.count(words) >= times
            assert said or self._process.poll() is None, self.said
            return said

        wait_for(look, seconds=seconds, what=f"the match says “{words}” {times} times", every=0.02)

    def finish(self, *, seconds: float = 120) -> str:
        """Wait for its end, which must be a good one, and return all that it said."""
        assert self._process.wait(seconds) == 0, self.said
        self._reader.join(10)
        return self.said

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()
        self._reader.join(10)
