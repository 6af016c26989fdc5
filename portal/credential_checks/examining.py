"""What a check is given, and what it finds."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TypeVar

from django.utils.functional import cached_property

from portal import platforms
from portal.calling import call_platform, renew_token
from portal.models import PlatformCredential
from portal.platforms.calls import PlatformError

T = TypeVar("T")

ALTOGETHER_SECONDS = 15.0
"""After so long no further call is begun."""

OUT_OF_TIME = "out_of_time"
"""The reason of a call that was not begun any more."""


NO_SECRET = "no_secret"
"""Why nothing was asked: there is no client secret to ask with."""


class Outcome(StrEnum):
    """What a check came to."""

    WORKS = "works"
    FAILS = "fails"
    LOOK = "look"
    """It works, or may: a person should look at it."""
    UNKNOWN = "unknown"
    """It could not be found out, or never can from here."""


@dataclass(frozen=True)
class Result:
    """One thing that was looked at: what was found and what to do. ``copy`` is a value for the platform's console.

    ``rows`` are things found, by what was entered and what the platform has for it.
    """

    outcome: Outcome
    title: str
    happened: str
    advice: str = ""
    copy: str = ""
    rows: tuple[tuple[str, str], ...] = ()


class Examination:
    """One run over a credential: what its checks share, above all that the app gets a token only once."""

    def __init__(self, credential: PlatformCredential, *, now: datetime) -> None:
        self.credential = credential
        self.platform = platforms.get(credential.platform)
        self.now = now
        self._ends = time.monotonic() + ALTOGETHER_SECONDS

    @cached_property
    def token(self) -> str | PlatformError:
        """A new app token (the secret itself where the platform has no tokens), or why there is none."""
        if not self.credential.client_secret:
            return PlatformError(NO_SECRET, permanent=True)
        try:
            return renew_token(self.credential, now=self.now)
        except PlatformError as error:
            return error

    @property
    def has_token(self) -> bool:
        """Whether the app has what its calls need, without which nothing else can be asked."""
        return isinstance(self.token, str)

    def ask(self, call: Callable[[str], T]) -> T:
        """Return what ``call`` returns for the app's token. Raises ``PlatformError``."""
        self.spend_time()
        return call_platform(self.credential, call, now=self.now)

    def spend_time(self) -> None:
        """Raise ``PlatformError`` if the checks have taken so long that no further call is begun."""
        if time.monotonic() > self._ends:
            raise PlatformError(OUT_OF_TIME)
