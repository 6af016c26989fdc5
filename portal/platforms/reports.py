"""A platform's reports about games, read with a token that somebody of the studio granted, where a platform has them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Protocol

from portal.platforms.registrar import TokenFacts, UserToken


@dataclass(frozen=True, kw_only=True)
class Report:
    """A report that can be fetched for some minutes from ``url``, which is as good as a key. Both dates are included, UTC."""

    game_id: str
    url: str
    started_on: date
    ended_on: date


@dataclass(frozen=True, kw_only=True)
class ReportsPage:
    """A page of reports. ``cursor`` leads to the next; empty: there is none."""

    reports: tuple[Report, ...]
    cursor: str


class Reports(Protocol):
    """The calls about reports. Addresses are passed in; every call may raise ``PlatformError`` and is safe to repeat.

    A user's token that is not taken any more raises ``TokenRefused``: only a new consent helps.
    """

    @property
    def scopes(self) -> tuple[str, ...]:
        """The permissions that have to be granted."""

    def authorize_url(self, id_url: str, *, client_id: str, redirect_uri: str, state: str) -> str:
        """Return where to send the browser of whoever grants."""

    def exchange(self, id_url: str, *, client_id: str, client_secret: str, redirect_uri: str, code: str) -> UserToken:
        """Return the tokens for the code that the browser came back with."""

    def refresh(self, id_url: str, *, client_id: str, client_secret: str, refresh_token: str) -> UserToken:
        """Return new tokens."""

    def validate(self, id_url: str, *, access_token: str) -> TokenFacts:
        """Return what the platform says of the token."""

    def revoke(self, id_url: str, *, client_id: str, access_token: str) -> None:
        """End the token; also where it has ended."""

    def read(
        self, api_url: str, *, client_id: str, access_token: str, started_on: date, ended_on: date, cursor: str
    ) -> ReportsPage:
        """Return one page of the reports of all games of whoever granted the token."""

    def download(self, report: Report) -> str:
        """Return the report as CSV text."""
