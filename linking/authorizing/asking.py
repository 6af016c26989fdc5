"""One question to a platform: of these viewers, who authorizes the app? Nothing of ours is written here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from linking.models import ViewerAuthorization
from portal.calling import call_platform
from portal.models import PlatformCredential
from portal.platforms.authorizations import Authorizations
from portal.platforms.calls import PlatformError

_ABOUT_WHAT_WAS_ASKED = (400, 422)
"""Statuses by which a platform may refuse a call because of a single user in it."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A viewer who is asked for, and the row as it was then: what changes it meanwhile makes the answer worthless."""

    viewer_id: str
    platform_user_id: str
    due_at: datetime | None
    missing_since: datetime | None


def asked_of(row: ViewerAuthorization) -> Asked:
    """Return a row, which comes with its viewer, as it is to be asked for."""
    return Asked(row.viewer_id, row.viewer.platform_user_id, row.due_at, row.missing_since)


@dataclass(slots=True)
class Answers:
    """What the platform said: the scopes of those it named, by our id, and who was not named.

    ``refused`` are viewers for whom it could not be asked: nothing is known about them.
    """

    named: dict[str, tuple[str, ...]] = field(default_factory=dict)
    missing: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)

    def add(self, other: Answers) -> None:
        """Take in the answers to another question."""
        self.named |= other.named
        self.missing += other.missing
        self.refused += other.refused

    def __len__(self) -> int:
        """Return for how many viewers there is an answer."""
        return len(self.named) + len(self.missing)


def ask(credential: PlatformCredential, api: Authorizations, some: Sequence[Asked], *, now: datetime) -> Answers:
    """Ask for at most ``api.users_per_call`` viewers. Not inside a transaction. Raises ``PlatformError``.

    Where the platform refuses the question, each is asked for alone, so that one id it does not take keeps no other
    viewer from an answer.
    """
    try:
        return _ask_together(credential, api, some, now=now)
    except PlatformError as error:
        if error.status not in _ABOUT_WHAT_WAS_ASKED:
            raise
        if len(some) == 1:
            return Answers(refused=[some[0].viewer_id])
        answers = Answers()
        for one in some:
            answers.add(ask(credential, api, [one], now=now))
        if not len(answers):  # it is not about one of them
            raise
        return answers


def _ask_together(
    credential: PlatformCredential, api: Authorizations, some: Sequence[Asked], *, now: datetime
) -> Answers:
    base, client_id = credential.api_base, credential.client_id
    user_ids = [one.platform_user_id for one in some]
    found: Mapping[str, tuple[str, ...]] = call_platform(
        credential,
        lambda token: api.read(base, client_id=client_id, access_token=token, user_ids=user_ids),
        now=now,
    )
    return Answers(
        named={one.viewer_id: found[one.platform_user_id] for one in some if one.platform_user_id in found},
        missing=[one.viewer_id for one in some if one.platform_user_id not in found],
    )
