"""What a gateway does from time to time: deadlines, orders, tokens and links, rules, live streams, its own sign of life."""

from __future__ import annotations

import asyncio
import logging
import os
import socket
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from functools import partial

from django.db import DatabaseError, transaction

from campaigns.game_state.admission import Admission, Standing, doorkeeper
from campaigns.game_state.gateway import answers
from campaigns.game_state.gateway.connection import PING_SECONDS, Connection
from campaigns.game_state.gateway.house import House
from campaigns.game_state.gateway.session import Session
from campaigns.game_state.live import live_channels
from campaigns.game_state.rules_of import running_rules
from campaigns.game_state.standing import EXPECTED_WITHIN, SILENCE, alive_gateways
from campaigns.game_state.storing import drop_old_orders, end_abandoned, take_orders
from campaigns.game_state.tallies import add_tallies
from campaigns.models import GatewayOrder, GatewayProcess
from campaigns.rules.game_state.codes import Code, Refused
from campaigns.rules.game_state.events import EventRule
from portal.outliving import DATABASE_AWAY

SWEEP_SECONDS = 1.0
ORDERS_SECONDS = 1.0
RULES_SECONDS = 5.0
BEAT_SECONDS = 5.0
LIVE_SECONDS = 10.0
TIDY_SECONDS = 60.0

STANDING_SECONDS = 60.0
STANDING_BATCH = 500

_ORDERED = {
    GatewayOrder.Deed.REPLACE: Refused(Code.REPLACED, "Another connection streams this session now."),
    GatewayOrder.Deed.DROP: Refused(Code.DROPPED, "A producer has ended the session: do not come back with it."),
}

log = logging.getLogger(__name__)


class Keeper:
    """Its rounds belong to the event loop's thread, and may be called one by one; ``run`` calls them when it is time."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._started_at = house.clock()

    def rounds(self) -> list[tuple[float, Callable[[], Awaitable[None]]]]:
        """Return each round with the seconds between two of it."""
        return [
            (SWEEP_SECONDS, self.sweep),
            (ORDERS_SECONDS, self.obey_orders),
            (ORDERS_SECONDS, self.ask_standing),
            (RULES_SECONDS, self.read_rules),
            (BEAT_SECONDS, self.beat),
            (LIVE_SECONDS, self.ask_live),
            (TIDY_SECONDS, self.tidy),
        ]

    async def run(self) -> None:
        """Call the rounds, until cancelled."""
        await asyncio.gather(*(_repeat(seconds, deed) for seconds, deed in self.rounds()))

    async def sweep(self) -> None:
        """Close the connections whose time is up, have written what is due, ask for signs of life."""
        at = self._house.clock().timestamp()
        for connection in list(self._house.connections.values()):
            if connection.closed:
                continue
            fault = connection.fault(at)
            if fault is not None:
                self._house.count(f"refused:{fault.code}")
                connection.refuse(fault)
                continue
            due = connection.session.write_due_at if connection.session else None
            if due is not None and at >= due:
                self._house.write_soon(connection)
            if at - connection.pinged_at >= PING_SECONDS:
                connection.pinged_at = at
                self._house.spawn(connection.ping())

    async def obey_orders(self) -> None:
        """Close the connections whose session was taken by another one, or dropped by a producer."""
        for key, deed in await self._house.threads.keep(partial(take_orders, self._house.id)):
            connection = self._house.connections.get(key)
            if connection is not None:
                connection.lose(_ORDERED[deed])

    async def ask_standing(self) -> None:
        """Ask whether tokens, pairs and links still hold, of those who were not asked about for a minute."""
        at = self._house.clock().timestamp()
        streaming = self._streaming()
        due = [pair for pair in streaming if at - pair[0].asked_at >= STANDING_SECONDS][:STANDING_BATCH]
        if not due:
            return
        admissions = [session.admission for _connection, session in due]
        standings = await self._house.threads.keep(partial(_standings, admissions, now=self._house.clock()))
        for (connection, session), standing in zip(due, standings, strict=True):
            connection.asked_at = at
            if not connection.closed:
                self._heed(connection, session, standing)

    def _heed(self, connection: Connection, session: Session, standing: Standing) -> None:
        if standing.code is not None or not standing.channels:
            code = standing.code or Code.BROADCASTER_NOT_LINKED
            self._house.count(f"refused:{code}")
            connection.refuse(Refused(code, _WITHDRAWN.get(code, "What this connection rests on was withdrawn.")))
        elif session.keep_channels(standing.channels, at=self._house.clock().timestamp()):
            self._house.spawn(connection.send(answers.live(session.broadcasters())))

    async def read_rules(self) -> None:
        """Read the rules of the games that are streamed here, and go on with those that have changed."""
        admissions = [session.admission for _connection, session in self._streaming()]
        games = {admission.game_id for admission in admissions if admission.authoritative}
        found = await self._house.threads.keep(partial(_rules, games, now=self._house.clock())) if games else {}
        self._house.rules = found
        for _connection, session in self._streaming():
            if session.admission.game_id in games and session.use_rules(found[session.admission.game_id]):
                # It has looked at its whole state. With thousands of sessions others' messages come in between.
                await asyncio.sleep(0)

    async def ask_live(self) -> None:
        """Ask which channels are live, and tell those of whom that is news."""
        asked = {channel.channel_id for _connection, session in self._streaming() for channel in session.channels}
        if not asked:
            return
        live = await self._house.threads.keep(partial(live_channels, asked, now=self._house.clock()))
        at = self._house.clock().timestamp()
        for connection, session in self._streaming():
            mine = {channel.channel_id for channel in session.channels}
            # Of a session that began meanwhile nothing was asked: what it knows is newer.
            if mine <= asked and session.see_live(frozenset(mine & live), at=at):
                self._house.spawn(connection.send(answers.live(session.broadcasters())))

    async def beat(self) -> None:
        """Say that this process lives, and write what was counted."""
        taken, self._house.counts = self._house.counts, Counter()
        try:
            await self._house.threads.keep(partial(self._write_beat, dict(taken), len(self._house.connections)))
        except DATABASE_AWAY:
            self._house.counts.update(taken)
            raise

    def _write_beat(self, counts: dict[str, int], connections: int) -> None:
        now = self._house.clock()
        with transaction.atomic():
            GatewayProcess.objects.update_or_create(
                pk=self._house.id,
                defaults={
                    "host": socket.gethostname()[:100],
                    "pid": os.getpid(),
                    "started_at": self._started_at,
                    "beat_at": now,
                    "connections": connections,
                    "stopping_at": now if self._house.stopping else None,
                },
            )
            add_tallies(counts, now=now)

    async def tidy(self) -> None:
        """End the sessions whose server has not come back, and forget gateways that are long gone with their orders."""
        await self._house.threads.keep(partial(_tidy, now=self._house.clock()))

    def _streaming(self) -> list[tuple[Connection, Session]]:
        connections = self._house.connections.values()
        return [(one, one.session) for one in connections if one.session is not None and not one.closed]


_WITHDRAWN = {
    Code.TOKEN_EXPIRED: "The token has expired: connect again with a new one and the full state.",
    Code.TOKEN_REVOKED: "The token was revoked, or its client was: get a new one, or ask the organization's owner.",
    Code.SCOPE_MISSING: "The client may not stream game state any more: ask the organization's owner.",
    Code.GAME_NOT_ALLOWED: "The client is not allowed to stream this game any more: ask the organization's owner.",
    Code.BROADCASTER_NOT_LINKED: "None of the broadcasters is linked any more, or has the app authorized.",
}


async def _repeat(seconds: float, deed: Callable[[], Awaitable[None]]) -> None:
    """Do something every so many seconds. What the database refuses is logged and outlived: the next round begins anew.

    With any other fault, which is one of ours, the gateway stops in order and asks its game servers to come back.
    """
    while True:
        try:
            await deed()
        except DATABASE_AWAY as error:
            log.warning("The database could not be asked: %s", error)
        except DatabaseError:
            log.exception("A round of the gateway failed.")
        await asyncio.sleep(seconds)


def _standings(admissions: Sequence[Admission], *, now: datetime) -> list[Standing]:
    return doorkeeper().standing(admissions, now=now)


def _rules(games: set[str], *, now: datetime) -> dict[str, tuple[EventRule, ...]]:
    found = running_rules(games, now=now)
    return {game: found.get(game, ()) for game in games}


def _tidy(*, now: datetime) -> None:
    end_abandoned(now=now, alive=alive_gateways(now=now))
    drop_old_orders(now=now)
    GatewayProcess.objects.filter(beat_at__lt=now - EXPECTED_WITHIN - SILENCE).delete()
