"""A gateway as a process: its parts put together, started, and stopped so that nothing is lost (O4)."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import resource
import signal
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial

from campaigns.game_state.gateway.house import House
from campaigns.game_state.gateway.keeping import Keeper
from campaigns.game_state.gateway.patience import Patience
from campaigns.game_state.gateway.server import Address, Listener
from campaigns.game_state.gateway.writing import Store, Writer, store
from campaigns.models import GatewayProcess

log = logging.getLogger(__name__)


def _now() -> datetime:
    """Return the time, as Django does but without a look at its settings: each message asks."""
    return datetime.now(UTC)


class Gateway:
    """One process that game servers connect to. Everything but ``ask_to_stop`` belongs to the event loop's thread."""

    def __init__(
        self,
        *,
        most_connections: int,
        clock: Callable[[], datetime] = _now,
        patience: Patience | None = None,
        store: Store = store,
    ) -> None:
        self._writer = Writer(store=store)
        self.house = House(clock=clock, patience=patience or Patience(), write_soon=self._writer.soon)
        self.keeper = Keeper(self.house)
        self._writer.on_overtaken = self.keeper.obey_orders
        self._listener = Listener(self.house, most_connections=most_connections)
        self._tasks: list[asyncio.Task[None]] = []
        self._stop = asyncio.Event()

    async def start(self, address: Address, *, timers: bool = True) -> int:
        """Begin to take connections; returns the port. Without ``timers`` the keeper's rounds are left to the caller."""
        port = await self._listener.start(address)
        self._tasks.append(asyncio.create_task(self._writer.run(self.house)))
        if timers:
            self._tasks.append(asyncio.create_task(self.keeper.run()))
        return port

    async def written(self, *, seconds: float) -> bool:
        """Wait until all that is to be written is; tell whether it was within so many seconds."""
        return await self._writer.finished(seconds=seconds)

    async def run(self, address: Address) -> None:
        """Take connections until ``ask_to_stop`` is called, then stop."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self.ask_to_stop)
        port = await self.start(address)
        log.info("Game servers are taken on %s:%d.", address.host, port)
        stopped = asyncio.create_task(self._stop.wait())
        ended, _running = await asyncio.wait([stopped, *self._tasks], return_when=asyncio.FIRST_COMPLETED)
        await self.stop()
        for task in ended:
            task.result()  # of ours, only a fault can have ended one: the process ends with it

    def ask_to_stop(self) -> None:
        """Have ``run`` come to an end. Returns at once."""
        self._stop.set()

    async def stop(self) -> None:
        """Ask every game server to come back later, write all there is, let the sessions go, and close."""
        self.house.stopping = True
        self._listener.close()
        connections = list(self.house.connections.values())
        for connection in connections:
            connection.leave()
        # Not waited for: a database that does not answer must not keep game servers from being told.
        self.house.spawn(self._beat())
        if not await self.written(seconds=self.house.patience.last_writes):
            log.error("Not all game sessions could be written before the gateway stopped.")
        for connection in connections:
            connection.close_after_leaving()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self.house.patience.last_closes):
                await self._listener.wait_closed()
        for task in self._tasks:
            task.cancel()
        with contextlib.suppress(Exception):
            async with asyncio.timeout(self.house.patience.last_closes):
                await self.keeper.beat()
                await self.house.threads.keep(partial(_forget, self.house.id))
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self.house.patience.last_closes):
                await asyncio.to_thread(self.house.threads.close)

    async def _beat(self) -> None:
        with contextlib.suppress(Exception):
            await self.keeper.beat()


def _forget(gateway: str) -> None:
    GatewayProcess.objects.filter(pk=gateway).delete()


def allow_many_files() -> None:
    """Raise the number of files that this process may have open to what the system allows: each connection is one."""
    _soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def collect_less() -> None:
    """Have the search for unused cycles leave alone what is there by now, and look at the rest less often.

    States hold no cycles, and thousands of them make each search long: without this it is a tenth of the work.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 20, 20)
