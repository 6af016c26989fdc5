"""``manage.py drain``: the worker that resolves claims and delivers rewards."""

from __future__ import annotations

import json
import signal
from argparse import ArgumentParser
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from fulfillment.drain import Drain, Tally


class Command(BaseCommand):
    """Runs until SIGTERM or SIGINT, finishes what is under way, and exits with 0. Any number may run beside each other."""

    help = "Work out claims that have arrived and deliver rewards, until stopped."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Let the operator choose how many calls are made at once."""
        parser.add_argument(
            "--threads", type=int, default=32, help="how many deliveries are sent at one time, to all games together"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Run the loop."""
        drain = Drain(threads=max(1, options["threads"]), report=self._report)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda _number, _frame: drain.stop())
        drain.run()

    def _report(self, tally: Tally) -> None:
        line = {"time": timezone.now().isoformat(timespec="seconds"), "event": "drain", **asdict(tally)}
        self.stdout.write(json.dumps(line))
        self.stdout.flush()
