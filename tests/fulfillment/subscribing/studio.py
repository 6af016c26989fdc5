"""A studio whose platform keeps event subscriptions on loopback, and a clock that a test turns."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from fulfillment.models import PlatformSubscription
from fulfillment.subscribing.running import Run, keep_all
from portal.models import PlatformCredential
from tests import factories as make
from tests.doubles.subscriptions_server import SubscriptionsServer, There
from tests.factories import NOW

GRANT = "drop.entitlement.grant"
REVOKE = "user.authorization.revoke"
ONLINE = "stream.online"
OFFLINE = "stream.offline"
KICK_STREAM = "livestream.status.updated"

State = PlatformSubscription.State


class Clock:
    """Time as a test wants it."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now


class Studio:
    """An organization with its app at a platform."""

    def __init__(self, shape: str = "twitch", **credential: Any) -> None:
        self.shape = shape
        self.api = SubscriptionsServer(shape)
        self.clock = Clock()
        self.game = make.make_game()
        self.organization = self.game.organization
        values = {"platform_organization_id": "9001", "client_id": "app-1", **credential}
        self.made_with = make.make_credential(
            self.organization, shape, id_url=self.api.url, api_url=self.api.url, **values
        )

    @property
    def credential(self) -> PlatformCredential:
        return PlatformCredential.objects.get(pk=self.made_with.pk)

    def change(self, **fields: Any) -> None:
        """Change the credential, as its page does."""
        credential = self.credential
        for name, value in fields.items():
            setattr(credential, name, value)
        credential.save(update_fields=list(fields))

    def list_channels(self, count: int, first: int = 100) -> list[str]:
        """Have a campaign that is live list so many channels; return their ids on the platform."""
        campaign = make.make_campaign(self.game, scope="allow_list")
        channels = [
            make.make_channel(self.organization, self.shape, platform_channel_id=str(first + number))
            for number in range(count)
        ]
        for channel in channels:
            campaign.channels.create(channel=channel, listed_at=NOW)
        return [channel.platform_channel_id for channel in channels]

    def run(self, *, seconds: float = 60, **later: float) -> Run:
        """Let time pass, and the job run."""
        self.clock.now += timedelta(**later)
        return keep_all(clock=self.clock, seconds=seconds, random=lambda: 0.0)

    def settle(self) -> None:
        """Run until everything is made, verified and looked at."""
        self.run()
        self.api.verify()
        self.run(seconds=60, minutes=1)

    def row(self, type: str = GRANT, subject: str = "9001") -> PlatformSubscription:
        return PlatformSubscription.objects.get(credential=self.made_with, type=type, subject=subject)

    def states(self) -> dict[str, str]:
        rows = PlatformSubscription.objects.filter(credential=self.made_with, wanted=True)
        return {f"{row.type} {row.subject}": row.state for row in rows}

    def only(self, type: str = GRANT, subject: str = "9001") -> There:
        (one,) = self.api.of(type, subject)
        return one
