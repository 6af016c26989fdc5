"""A studio whose platform lists claims on loopback, and a clock that jumps to whatever is due next."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from fulfillment.models import Claim, Endpoint, Sweep, SweepPart
from fulfillment.resolve import resolve_due
from fulfillment.sweeping.reading import read_due_pages
from fulfillment.sweeping.request import begin_due_sweeps
from tests import factories as make
from tests.doubles.listing_server import ListingServer, There
from tests.factories import NOW


class Clock:
    """Time as a test wants it."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        self.now += timedelta(microseconds=1)
        return self.now


class Studio:
    """An organization with one game, one campaign with one reward, and its app at a platform."""

    def __init__(self, shape: str, **credential: Any) -> None:
        self.shape = shape
        self.api = ListingServer(shape)
        self.clock = Clock()
        self.game = make.make_game()
        self.organization = self.game.organization
        make.make_endpoint(self.game, mode=Endpoint.Mode.PULL)
        make.make_category(self.game, shape, platform_category_id="509658")
        self.reward = make.make_reward(self.game, platform_ids={shape: "reward"})
        self.campaign = make.make_campaign(self.game, rewards=[self.reward], platform_ids={shape: "campaign"})
        self.credential = make.make_credential(
            self.organization, shape, id_url=self.api.url, api_url=self.api.url, **credential
        )

    def there(self, count: int, **fields: Any) -> list[There]:
        """Have the platform list so many claims more, each of a user of its own."""
        first = len(self.api.claims)
        new = [
            There(
                f"claim-{number:05}",
                **{
                    "user_id": str(7000 + number),
                    "granted_at": NOW - timedelta(minutes=5),
                    "category_id": "509658" if self.shape == "twitch" else "",
                    **fields,
                },
            )
            for number in range(first, first + count)
        ]
        self.api.claims += new
        return new

    def swept(self) -> Sweep:
        """Let time pass until the sweep that begins now, or runs, is over."""
        begin_due_sweeps(now=self.clock())
        sweep = Sweep.objects.latest("started_at", "pk")
        for _step in range(2000):
            read_due_pages(seconds=60, clock=self.clock)
            part = SweepPart.objects.filter(sweep=sweep, due_at__isnull=False).order_by("due_at").first()
            if part is None or part.due_at is None:
                sweep.refresh_from_db()
                return sweep
            self.clock.now = max(self.clock.now, part.due_at)
        raise AssertionError("the sweep has no end")

    def later(self, **span: float) -> None:
        """Let so much time pass."""
        self.clock.now += timedelta(**span)

    def resolve(self) -> None:
        """Work out all claims that came in."""
        while resolve_due(now=self.clock()):
            pass

    def ids(self) -> set[str]:
        """Return the ids of all claims in the ledger, as the platform has them."""
        return set(Claim.objects.values_list("platform_claim_id", flat=True))
