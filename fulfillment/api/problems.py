"""What can be wrong with a call of the partner API, before a platform's package says it in its own form (A4)."""

from __future__ import annotations


class Problem(Exception):
    """A call that is refused: the HTTP status and one sentence that says what was wrong and what is allowed."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
