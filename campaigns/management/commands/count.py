"""``manage.py count``: the resident process that counts heartbeats (W6)."""

from __future__ import annotations

import signal
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.db import connection
from django.utils import timezone

from campaigns.watch.counting import count_due
from campaigns.watch.loop import Counter
from campaigns.watch.people import People


class Command(BaseCommand):
    """Count heartbeats until Ctrl-C or SIGTERM. Any number of these may run; killed, the next goes on."""

    help = "Count the heartbeats that have come in, until stopped."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take ``--once``."""
        parser.add_argument("--once", action="store_true", help="Count what is due now, say how much it was, and end.")

    def handle(self, *args: Any, **options: Any) -> None:
        """Run."""
        if options["once"]:
            done, people = 0, People()
            while counted := count_due(now=timezone.now(), people=people):
                done += counted
            self.stdout.write(f"{done} heartbeats were counted.")
            return
        counter = Counter()
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda _number, _frame: counter.stop())
        try:
            counter.run()
        finally:
            connection.close()
