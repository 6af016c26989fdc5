"""Help for tests of alerts: channels, and facts that have something wrong or not, minute by minute."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

from fulfillment.alerts.judging import judge
from fulfillment.alerts.sending import Sent, send_due
from fulfillment.health.facts import OrganizationFacts, PlatformFacts, Unmapped
from fulfillment.models import AlertChannel, AlertMessage
from portal.models import Organization
from tests.factories import NOW
from tests.loopback import Connection, LoopbackServer, Request, serving

_names = itertools.count(1)


def at(minutes: float) -> datetime:
    return NOW + timedelta(minutes=minutes)


def make_channel(organization: Organization, kind: str = "slack", **fields: Any) -> AlertChannel:
    address = "ops@example.org" if kind == "email" else "https://chat.example.org/hooks/secret-token"
    values = {"name": f"Channel {next(_names)}", "kind": kind, "address": address}
    return AlertChannel.objects.create(organization=organization, **{**values, **fields})


def facts(
    organization: Organization, minutes: float = 0, *, lapsed: tuple[str, ...] = (), unknown: tuple[str, ...] = ()
) -> OrganizationFacts:
    """Facts of so many minutes after NOW: for the named platforms the grant has lapsed, the named rewards are unknown."""
    platforms = tuple(
        PlatformFacts(
            credential_id=key, platform=key, name=key.capitalize(), enabled=True, sends_claims=True, grant=grant
        )
        for key in ("kick", "twitch")
        for grant in ["lapsed" if key in lapsed else "good"]
    )
    return OrganizationFacts(
        organization_id=organization.pk,
        now=at(minutes),
        platforms=platforms,
        unmapped=tuple(
            Unmapped(platform="kick", what="reward", platform_id=one, claims=1, first_at=NOW, last_at=NOW)
            for one in unknown
        ),
    )


def judged(organization: Organization, minutes: float = 0, **wrong: tuple[str, ...]) -> bool:
    return judge(facts=facts(organization, minutes, **wrong))


def lapsed(organization: Organization, minutes: float = 0, *platforms: str) -> bool:
    """Judge with the grant lapsed, of Kick unless platforms are named."""
    return judged(organization, minutes, lapsed=platforms or ("kick",))


def send(minutes: float = 0, seconds: float = 30) -> Sent:
    return send_due(clock=lambda: at(minutes), seconds=seconds)


def told(channel: AlertChannel) -> list[str]:
    """What a channel was told, or is to be, in its order."""
    return list(AlertMessage.objects.filter(channel=channel).order_by("pk").values_list("about", flat=True))


class Chat:
    """A chat's webhook on loopback: answers with ``status``, and keeps what arrived."""

    def __init__(self) -> None:
        self.status = 200
        self.headers: dict[str, str] = {}
        self.server: LoopbackServer | None = None

    @property
    def url(self) -> str:
        assert self.server is not None
        return f"{self.server.url}/hooks/secret-token"

    @property
    def bodies(self) -> list[dict[str, Any]]:
        assert self.server is not None
        return [json.loads(request.body) for request in self.server.requests]

    @property
    def texts(self) -> list[str]:
        return [body.get("text") or body["content"] for body in self.bodies]

    def answer(self, connection: Connection, request: Request) -> None:
        if self.status == 0:
            connection.close()
        else:
            connection.reply(self.status, b"ok", **self.headers)


@contextmanager
def chatting() -> Iterator[Chat]:
    chat = Chat()
    with serving(chat.answer) as server:
        chat.server = server
        yield chat
