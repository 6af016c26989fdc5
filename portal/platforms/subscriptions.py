"""A platform's event subscriptions: what the studio's own app asks to be told by webhook, for each platform that has them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from django.utils.functional import Promise


class Standing(StrEnum):
    """How a subscription stands at its platform."""

    PENDING = "pending"
    """The platform has not yet seen that the address is ours."""
    ENABLED = "enabled"
    ENDED = "ended"
    """The platform sends nothing any more; only a new subscription helps."""


@dataclass(frozen=True, order=True)
class Topic:
    """What to be told of: the platform's name for the kind of event, and the id of what it is about.

    ``subject`` is the id of the organization, the app or the channel, whichever the platform's condition for ``type`` names.
    """

    type: str
    subject: str


@dataclass(frozen=True, kw_only=True)
class Subscribed:
    """One subscription as the platform has it. ``detail`` is its word for how it stands; an empty callback is not told."""

    id: str
    topic: Topic
    standing: Standing
    detail: str
    callback: str
    created_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class SubscriptionsPage:
    """A page of the app's subscriptions. ``cursor`` leads to the next; empty: there is none."""

    subscriptions: tuple[Subscribed, ...]
    cursor: str


class AlreadySubscribed(Exception):
    """There is a subscription of this topic already: it is found by reading the list."""


class Subscriptions(Protocol):
    """The calls about event subscriptions, made with an app token of the organization's own app.

    Addresses are passed in, as to all of a platform's calls. Every call may raise ``PlatformError`` and is safe to repeat.
    """

    @property
    def needs_secret(self) -> bool:
        """Whether a subscription is made with a secret of ours, so that a new secret needs new subscriptions."""

    @property
    def names_callback(self) -> bool:
        """Whether a subscription names the address it is sent to; else the app has one address for all, set in its console."""

    @property
    def most(self) -> int:
        """How many subscriptions one app may have."""

    @property
    def words(self) -> Mapping[str, str | Promise]:
        """The platform's own terms in plain words: each kind of event, and how a subscription stands where it tells."""

    def topics(self, *, organization_id: str, client_id: str, channel_ids: Collection[str]) -> list[Topic]:
        """Return what to be told of, the most important first; without an organization's id nothing that needs it."""

    def read(
        self, api_url: str, *, client_id: str, access_token: str, cursor: str, channel_id: str = ""
    ) -> SubscriptionsPage:
        """Return one page of what the app has subscribed to: all, or only what is about one channel.

        Where a platform has no pages and all are too many for one answer (``too_long``), each channel is asked for.
        """

    def create(
        self, api_url: str, *, client_id: str, access_token: str, topic: Topic, callback: str, secret: str
    ) -> Subscribed:
        """Subscribe. Raises ``AlreadySubscribed`` besides."""

    def delete(self, api_url: str, *, client_id: str, access_token: str, subscription_id: str) -> None:
        """End a subscription; also where it has ended."""
