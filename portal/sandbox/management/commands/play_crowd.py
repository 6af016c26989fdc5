"""Sends heartbeats every minute, in real time: of the demo's crowds, and of who watches on the sandbox's Watch page."""

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
#: What the demo's file calls its crowds: that of the studio's own player, and that of its streamer.
CROWDS = ("crowd", "audience")
#: While the portal does not answer, the first pauses are short: it may just be starting.
FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 1.0, 30.0


class Command(BaseCommand):
    """Runs until SIGTERM or SIGINT. While the portal is down it is quiet and tries again."""

    help = "Send heartbeats once a minute until stopped: the demo's crowds, and whoever watches on the Watch page."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """One option: the file that the portal's demo data wrote."""
        parser.add_argument("--from", dest="source", type=Path, help="JSON file written by the portal's demo data.")

    def handle(self, *args: Any, **options: Any) -> None:
        """Tell, wait for the next minute, tell again."""
        stop = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda _number, _frame: stop.set())
        crowds = self._crowds(options["source"]) if options["source"] else []
        fault, pause = "", FIRST_PAUSE_SECONDS
        while not stop.is_set():
            now = timezone.now()
            found = self._tell(crowds, stop)
            if found != fault:
                self._say(f"The portal takes no heartbeats: {found}" if found else "The portal takes heartbeats.")
            fault = found
            connection.close()
            next_minute = 60 - now.timestamp() % 60 + SECONDS_INTO_MINUTE
            pause = min(pause * 2, LONGEST_PAUSE_SECONDS) if fault else FIRST_PAUSE_SECONDS
            stop.wait(min(pause, next_minute) if fault else next_minute)

    def _tell(self, crowds: list[LiveCrowd], stop: threading.Event) -> str:
        """Tell what is due; the fault of a crowd, if there was one. Sessions show theirs on their page."""
        now = timezone.now()
        try:
            tell_sessions(now=now)
        except DatabaseError as error:  # busy or away: what is due stays due
            return f"the sandbox's database: {error}"
        faults = [crowd.tell(minute=minute_of(now))[1] for crowd in crowds if not stop.is_set()]
        return next((fault for fault in faults if fault), "")

    def _crowds(self, source: Path) -> list[LiveCrowd]:
        try:
            content = json.loads(source.read_text())
            wanted = [content[name] for name in CROWDS if content.get(name)]
            return [live_crowd(one, minute=minute_of(timezone.now())) for one in wanted]
        except (OSError, ValueError, AttributeError) as fault:
            raise CommandError(f"{source} cannot be used: {fault}") from fault

    def _say(self, line: str) -> None:
        self.stdout.write(f"{timezone.now():%Y-%m-%d %H:%M:%S} {line}")
        self.stdout.flush()
