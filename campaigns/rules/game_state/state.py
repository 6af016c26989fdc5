"""The merged state of a session, and the bucket of its messages. Pure; no clock of its own."""

from __future__ import annotations

from typing import Any


class MergedState:
    """A session's state. ``revision`` rises with every change; a change that is refused leaves it as it was."""

    def __init__(self, data: dict[str, Any] | None = None, *, revision: int = 0) -> None:
        self.data: dict[str, Any] = data or {}
        self.revision = revision

    def replace(self, data: dict[str, Any]) -> None:
        """Put a full state in the place of what was; members that are null are left out (RFC 7396). Raises ``Refused``."""
        raise NotImplementedError

    def merge(self, patch: dict[str, Any]) -> None:
        """Apply a JSON Merge Patch. Raises ``Refused`` where the state would get larger or deeper than is allowed."""
        raise NotImplementedError

    def as_json(self) -> str:
        """Return it as it is stored and given out."""
        raise NotImplementedError


class Bucket:
    """Sixty messages in a clock minute (G1)."""

    def take(self, *, at: float) -> bool:
        """Count a message of a moment (seconds since 1970) and tell whether it is within the limit."""
        raise NotImplementedError
