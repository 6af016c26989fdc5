"""A platform's claims API (F6, F7): what the studio's own app reads there and tells it, for each platform that has one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from portal.platforms.messages import ClaimReceived

CLAIMS_PER_CALL = 100
"""Twitch's and Kick's limit alike (Update Drops Entitlements; Update drops claims)."""


class Marked(StrEnum):
    """What a platform answered about one claim."""

    ACCEPTED = "accepted"
    REFUSED = "refused"
    """Asking again changes nothing until somebody mends the cause."""
    LATER = "later"


class Narrowed(StrEnum):
    """To what a list of claims can be narrowed, where not all can be read in one go."""

    ALL = "all"
    CATEGORY = "category"
    CAMPAIGN = "campaign"
    USER = "user"


@dataclass(frozen=True, kw_only=True)
class ClaimListed:
    """One claim as the platform lists it. ``done`` says that the studio has told it as delivered; ``status`` is its word.

    ``raw`` is the item as JSON text, as it was sent.
    """

    claim: ClaimReceived
    done: bool
    status: str
    raw: str


@dataclass(frozen=True, kw_only=True)
class ClaimsPage:
    """A page of a list. ``cursor`` leads to the next; empty: there is none. ``faults`` says what could not be read."""

    claims: tuple[ClaimListed, ...]
    cursor: str
    faults: tuple[str, ...] = ()


class ClaimsApi(Protocol):
    """The calls to a platform's claims API, made as the organization's own app.

    Addresses are passed in, as to all of a platform's calls. ``access_token`` is an app token, or the app's secret itself where
    the platform has no app tokens (``Platform.get_app_token``). Every call may raise ``PlatformError`` and is safe to repeat.
    """

    @property
    def ways_round(self) -> tuple[Narrowed, ...]:
        """To what a list can be narrowed, coarsest first, to go round what can never be read."""

    @property
    def page_size(self) -> int:
        """How many claims to ask for at once, so that an answer stays well below what the door reads of one (D7)."""

    @property
    def confirms_each(self) -> bool:
        """Whether ``mark_done`` tells of each claim what became of it; else that is read back from the list (F6)."""

    def mark_done(
        self, api_url: str, *, client_id: str, access_token: str, claim_ids: Sequence[str]
    ) -> dict[str, tuple[Marked, str]]:
        """Say that at most ``CLAIMS_PER_CALL`` claims were delivered; return for each what was answered, and its word for it."""

    def list_claims(
        self,
        api_url: str,
        *,
        client_id: str,
        access_token: str,
        narrowed: Narrowed,
        value: str,
        only_open: bool,
        cursor: str,
        size: int,
    ) -> ClaimsPage:
        """Return one page: of all claims, or of those of the category, campaign or user ``value``.

        ``only_open`` leaves out what was told as delivered. The list is sorted by nothing that could be relied on.
        """
