"""``manage.py gateway``: the process that game servers connect to (G)."""

from __future__ import annotations

import asyncio
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from campaigns.game_state.gateway.process import Gateway, allow_many_files, collect_less
from campaigns.game_state.gateway.server import Address


class Command(BaseCommand):
    """Take game servers' connections until Ctrl-C or SIGTERM.

    Any number may run, those of one machine behind one address. One that stops tells its connections to come back, and
    writes all that it was sent; of one that is killed, game servers come back with their full state.
    """

    help = "Take the game state that game servers stream, until stopped."

    def handle(self, *args: Any, **options: Any) -> None:
        """Run."""
        allow_many_files()
        collect_less()
        host, _colon, port = settings.PORTAL_GATEWAY_BIND.rpartition(":")
        asyncio.run(_run(Address(host or "0.0.0.0", int(port))))  # noqa: S104 - what the operator asked for


async def _run(address: Address) -> None:
    await Gateway(most_connections=settings.PORTAL_GATEWAY_CONNECTIONS).run(address)
