"""How a platform lists claims and takes updates of them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

from tests.loopback import Request

Json = dict[str, Any]
Call = tuple[str, str]


class ClaimsShape(ABC):
    """The calls, and the names of what is in them."""

    token_call: Call | None
    """The call for an app token; None where the platform has none, and calls carry the app's secret."""
    list_call: Call
    update_call: Call
    id_name: str
    status_name: str
    is_open: str
    is_done: str
    size_name: str
    cursor_name: str
    filters: tuple[str, ...]
    """What a list can be narrowed to, as parameter and as field of an item."""

    @abstractmethod
    def item(
        self,
        claim_id: str,
        *,
        user: str,
        reward: str,
        campaign: str,
        category: str,
        granted_at: str,
        external_id: str,
    ) -> Json:
        """Return a claim as it is listed, without its status; what the platform does not tell of it is left out."""

    @abstractmethod
    def page(self, items: list[Any], cursor: str) -> Json:
        """Return a list's answer; an empty cursor is the end."""

    @abstractmethod
    def ids_told(self, body: Any) -> list[str]:
        """Return the claims that an update says are delivered, having checked that it says nothing else."""

    @abstractmethod
    def answer(self, results: dict[str, list[str]]) -> Json | None:
        """Return the answer to an update by what became of which claims; None is 204 without a body."""

    def cursor(self, place: int, last_id: str) -> str:
        """Return the cursor that leads to ``place``, after the claim ``last_id``."""
        return last_id

    def place(self, cursor: str, ids: list[str]) -> int:
        """Return the place among all claims that a cursor leads to."""
        return ids.index(cursor) + 1

    def caller(self, request: Request) -> str:
        """Return the token, or the secret, that a call carries."""
        return request.headers["authorization"].removeprefix("Bearer ")

    def refuses_all(self, ids: list[str], results: dict[str, str]) -> bool:
        """Tell whether an update comes to nothing because of one claim in it."""
        return False
