"""What is known about an organization's standing with its platforms, as data. Pure; :mod:`fulfillment.health.reading` reads it.

All times are UTC. A count of the last hour or day is of that time before ``now``, in full hours.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

CAP = 10_000
"""So far claims and deliveries are counted: a count that reaches it stands for itself and more."""


@dataclass(frozen=True, kw_only=True)
class LiveCampaign:
    """A campaign that is live now on a platform that counts itself; none in test mode, where few take part."""

    id: str
    name: str
    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True, kw_only=True)
class NotLive:
    """A campaign that should be live now and is not, or whose claims cannot arrive or go out. ``why`` is a code:

    ``draft`` (its start has passed and it was not published), ``organization`` (not enabled), ``credential`` (switched off
    or missing for ``platform``), ``endpoint`` (none, or switched off), ``paused`` (its deliveries).
    """

    id: str
    name: str
    why: str
    platform: str = ""
    since: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class Unmapped:
    """Claims in quarantine that name the same unknown id. ``what`` is ``reward`` or ``campaign``."""

    platform: str
    what: str
    platform_id: str
    claims: int
    first_at: datetime
    last_at: datetime


@dataclass(frozen=True, kw_only=True)
class PoolFacts:
    """How a pool of codes stands. ``free`` is counted to ``CAP``."""

    id: str
    name: str
    free: int
    low_stock: int


@dataclass(frozen=True, kw_only=True)
class LimitFacts:
    """How a limit of a campaign's reward stands. ``which`` is ``total`` or ``day``: today in the campaign's zone."""

    id: str
    which: str
    campaign_id: str
    campaign: str
    reward: str
    given: int
    limit: int


@dataclass(frozen=True, kw_only=True)
class Arrivals:
    """How many claims came in one hour, by what brought them first."""

    hour: datetime
    by_webhook: int
    by_sweep: int


@dataclass(frozen=True, kw_only=True)
class PlatformFacts:
    """How one credential stands with its platform. Codes of problems are those of ``portal.platforms.problems``."""

    credential_id: str
    platform: str
    name: str
    enabled: bool
    sends_claims: bool

    webhook_at: datetime | None = None
    """When the last message came that was taken in, of whatever kind; known to about 10 seconds."""
    claims_webhook_at: datetime | None = None
    """When the last message came that brought claims."""
    webhooks_taken: int = 0
    webhooks_refused: int = 0
    """Of the last day; refused: wrong signatures, unreadable or too large messages."""

    sweep_at: datetime | None = None
    """When the last sweep came to its end."""
    sweep_began_at: datetime | None = None
    """When the one that runs now began."""
    sweep_next_at: datetime | None = None
    """When the next begins by itself; empty while one runs, and where there is nothing to sweep."""
    sweep_problem: str = ""
    unreadable: int = 0
    """Lists that the last sweep could not read to their end."""
    read_back_until: datetime | None = None
    """What was told before this time was read back since, where the platform confirms nothing itself."""

    by_webhook: int = 0
    by_sweep: int = 0
    """Claims of the last day by what brought them first."""
    by_webhook_hour: int = 0
    by_sweep_hour: int = 0
    first_swept_at: datetime | None = None
    """When the first full sweep came to its end. What sweeps found until then was there before the portal, and is in
    neither of the two counts above."""
    hours: tuple[Arrivals, ...] = ()
    """The last day hour by hour, all that came, the oldest first."""

    subscriptions: Mapping[str, int] = field(default_factory=dict)
    """How many wanted subscriptions are in which state (``PlatformSubscription.State``)."""
    subscription_ended_at: datetime | None = None
    """Since when the first of those that should be at work and are not is so."""

    token_until: datetime | None = None
    """Until when the app token that is kept is good."""
    succeeded_at: datetime | None = None
    failed_at: datetime | None = None
    failures: int = 0
    """Calls that failed since one last succeeded."""
    problem: str = ""
    paused_until: datetime | None = None
    calls: int = 0
    calls_failed: int = 0
    """Of the last hour."""

    write_backs: int = 0
    write_back_oldest: datetime | None = None
    """What the platform is still to be told, and since when the oldest has waited; without what it refused."""
    write_backs_refused: int = 0
    """Told, and refused by the platform: it is told again daily, but somebody may have to mend the cause."""

    lapsed: int = 0
    """Linked viewers whose authorization seems to have lapsed."""
    doubted_since: datetime | None = None
    """Since when the platform has named so few viewers that it is not believed, and no link ends by it."""
    grant: str = ""
    """The grant to read reports: empty (the platform has none), ``none``, ``good`` or ``lapsed``."""
    client_secret_set_at: datetime | None = None
    webhook_secret_set_at: datetime | None = None
    live: tuple[LiveCampaign, ...] = ()


@dataclass(frozen=True, kw_only=True)
class OrganizationFacts:
    """How an organization stands. Counts of claims are capped like those of the start page."""

    organization_id: str
    slug: str = ""
    name: str = ""
    enabled: bool = True
    now: datetime
    platforms: tuple[PlatformFacts, ...]
    unmapped: tuple[Unmapped, ...] = ()
    not_live: tuple[NotLive, ...] = ()
    pools: tuple[PoolFacts, ...] = ()
    limits: tuple[LimitFacts, ...] = ()
    delivered: int = 0
    failed: int = 0
    """Deliveries of the last hour that the game took, and attempts that failed."""
    due: int = 0
    due_oldest: datetime | None = None
    """Deliveries that are due, and since when the oldest has been."""
    received: int = 0
    """Claims that wait to be worked out."""
    worker_at: datetime | None = None
    """When a delivery worker was last heard from."""
