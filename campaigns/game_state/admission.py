"""Who may stream which game's state for whom (G2): asked here, answered by the app that knows tokens and links."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from campaigns.rules.game_state.codes import Code


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """What a connect message asks for. ``broadcaster_ids`` are of the form ``twitch:12345``; None: it names none."""

    token: str
    game_id: str
    broadcaster_ids: tuple[str, ...] | None


@dataclass(frozen=True, slots=True)
class AdmittedChannel:
    """A channel of the session: the id of its row here, and as the game server names it."""

    channel_id: str
    broadcaster_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Admission:
    """What was granted. ``authoritative``: by an app token. ``token_key`` finds the token again, without being it.

    ``not_linked`` are the broadcasters that were named besides: they have not linked, or have withdrawn. Others who play the
    same match do not suffer from it.
    """

    organization_id: str
    game_id: str
    client_id: str
    client_name: str
    authoritative: bool
    channels: tuple[AdmittedChannel, ...]
    token_key: str
    token_expires_at: datetime | None
    idle_seconds: int
    record: bool = False
    not_linked: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Standing:
    """What has become of an admission. ``code`` is None while it holds; ``channels`` are those that still do."""

    code: Code | None
    channels: tuple[AdmittedChannel, ...]


class Doorkeeper(Protocol):
    """The app that knows tokens and links."""

    def admit(self, asking: Asking, *, now: datetime) -> Admission:
        """Return what is granted. Raises ``Refused`` (:mod:`campaigns.rules.game_state.codes`)."""

    def standing(self, admissions: Sequence[Admission], *, now: datetime) -> list[Standing]:
        """Return for each admission, in the same order, whether it still holds: in a bounded number of queries."""


doorkeepers: list[Doorkeeper] = []
"""One, entered when the apps are ready."""


def doorkeeper() -> Doorkeeper:
    """Return who decides. Raises ``LookupError`` where no app has entered itself."""
    if not doorkeepers:
        raise LookupError("No app tells who may stream game state.")
    return doorkeepers[-1]
