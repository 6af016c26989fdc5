"""``manage.py count``: the resident process that counts heartbeats (W6), and settles game events beside it (G4)."""

from __future__ import annotations

import signal
import threading
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.db import connection
from django.utils import timezone

from campaigns.game_state.loop import Settler
from campaigns.game_state.settling import settle_due
from campaigns.watch.counting import count_due
from campaigns.watch.loop import Counter
from campaigns.watch.people import People

STOP_SECONDS = 15.0


class Command(BaseCommand):
    """Count heartbeats and settle game events until Ctrl-C or SIGTERM. Any number of these may run; killed, the next goes on."""

    help = "Count the heartbeats that have come in and settle game events, until stopped."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take ``--once``."""
        parser.add_argument("--once", action="store_true", help="Count what is due now, say how much it was, and end.")

    def handle(self, *args: Any, **options: Any) -> None:
        """Run."""
        if options["once"]:
            done, people = 0, People()
            while counted := count_due(now=timezone.now(), people=people):
                done += counted
            settled = settle_due(now=timezone.now())
            self.stdout.write(f"{done} heartbeats were counted, {settled} game events looked at.")
            return
        counter, settler = Counter(), Settler()

        def settle() -> None:
            try:
                settler.run()
            finally:  # with a fault of ours the process ends, which is noticed; rewards that nobody gives are not
                counter.stop()

        settling = threading.Thread(target=settle, name="settling", daemon=True)
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda _number, _frame: counter.stop())
        settling.start()
        try:
            counter.run()
        finally:
            settler.stop()
            settling.join(STOP_SECONDS)
            connection.close()
