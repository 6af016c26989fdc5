"""Sends heartbeats every minute, in real time: of the demo's crowd, and of who watches on the sandbox's Watch page."""

import json
import signal
import threading
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError, connection
from django.utils import timezone

from portal.sandbox.crowd import minute_of
from portal.sandbox.live import LiveCrowd, live_crowd
from portal.sandbox.watching import tell_sessions

#: A minute is told so many seconds after its end.
SECONDS_INTO_MINUTE = 2.0
#: While the portal does not answer, the first pauses are short: it may just be starting.
FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 1.0, 30.0


class Command(BaseCommand):
    """Runs until SIGTERM or SIGINT. While the portal is down it is quiet and tries again."""

    help = "Send heartbeats once a minute until stopped: the demo's crowd, and whoever watches on the Watch page."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """One option: the file that the portal's demo data wrote."""
        parser.add_argument("--from", dest="source", type=Path, help="JSON file written by the portal's demo data.")

    def handle(self, *args: Any, **options: Any) -> None:
        """Tell, wait for the next minute, tell again."""
        stop = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda _number, _frame: stop.set())
        crowd = self._crowd(options["source"]) if options["source"] else None
        fault, pause = "", FIRST_PAUSE_SECONDS
        while not stop.is_set():
            now = timezone.now()
            found = self._tell(crowd, stop)
            if found != fault:
                self._say(f"The portal takes no heartbeats: {found}" if found else "The portal takes heartbeats.")
            fault = found
            connection.close()
            next_minute = 60 - now.timestamp() % 60 + SECONDS_INTO_MINUTE
            pause = min(pause * 2, LONGEST_PAUSE_SECONDS) if fault else FIRST_PAUSE_SECONDS
            stop.wait(min(pause, next_minute) if fault else next_minute)

    def _tell(self, crowd: LiveCrowd | None, stop: threading.Event) -> str:
        """Tell what is due; the fault of the crowd, if there was one. Sessions show theirs on their page."""
        now = timezone.now()
        try:
            tell_sessions(now=now)
        except DatabaseError as error:  # busy or away: what is due stays due
            return f"the sandbox's database: {error}"
        if crowd is None or stop.is_set():
            return ""
        return crowd.tell(minute=minute_of(now))[1]

    def _crowd(self, source: Path) -> LiveCrowd | None:
        try:
            content = json.loads(source.read_text())
            wanted = content.get("crowd")
            return live_crowd(wanted, minute=minute_of(timezone.now())) if wanted else None
        except (OSError, ValueError, AttributeError) as fault:
            raise CommandError(f"{source} cannot be used: {fault}") from fault

    def _say(self, line: str) -> None:
        self.stdout.write(f"{timezone.now():%Y-%m-%d %H:%M:%S} {line}")
        self.stdout.flush()
