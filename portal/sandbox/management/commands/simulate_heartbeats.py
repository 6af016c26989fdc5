"""Plays channels and viewers against a running portal, and says what totals a counter without a mistake arrives at."""

import json
import signal
from argparse import ArgumentParser
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from portal.sandbox.crowd import Beat, Expected, all_beats, crowd_of, expected, minute_of, moment_of, plan
from portal.sandbox.playing import AddressRefused, Played, Player, check_address, without_secret

#: Channels × viewers × minutes: what one process plans at once stays under about a gigabyte.
MOST_VIEWER_MINUTES = 10_000_000
MOST = {"channels": 10_000, "viewers": 100_000, "minutes": 1440, "threads": 64, "give_up": 24 * 60}


class Command(BaseCommand):
    """For load and for proof: the report has each viewer's expected minutes, to compare with what the portal counted."""

    help = "Send the heartbeats of a made-up crowd to a heartbeat address, and report what was sent."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """How large, how fast, how disorderly."""
        parser.add_argument(
            "--to", required=True, help="Heartbeat address of a source: https, or http on this machine."
        )
        parser.add_argument("--game", required=True, help="The game's name, as the source knows it.")
        parser.add_argument("--channels", type=int, default=200)
        parser.add_argument("--viewers", type=int, default=500, help="Viewers of each channel.")
        parser.add_argument("--minutes", type=int, default=30, help="Clock minutes that are played.")
        parser.add_argument(
            "--start",
            type=datetime.fromisoformat,
            help="First minute (ISO 8601). Default: so that the last is over now.",
        )
        parser.add_argument(
            "--speed", type=float, default=60.0, help="Played minutes for each minute; 0 is as fast as answers come."
        )
        parser.add_argument(
            "--late", type=float, default=0.05, help="Share of heartbeats that come 2 to 15 minutes late."
        )
        parser.add_argument("--repeated", type=float, default=0.05, help="Share that is sent twice, under the same id.")
        parser.add_argument("--shuffled", action="store_true", help="Mix the order within 5 minutes.")
        parser.add_argument(
            "--overlap",
            type=float,
            default=0.1,
            help="Share of viewers on two channels at once, and of minutes told twice.",
        )
        parser.add_argument("--seed", type=int, default=7, help="The same seed makes the same crowd.")
        parser.add_argument("--threads", type=int, default=4, help="Requests at one time.")
        parser.add_argument(
            "--give-up", type=float, default=15.0, help="Minutes of real time after which nothing more is sent."
        )
        parser.add_argument(
            "--report", type=Path, help="Write a JSON report with each viewer's expected minutes there."
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Make the crowd up, play it, report. Fails if a heartbeat was refused or never accepted."""
        self._refuse_what_is_out_of_bounds(options)
        now = timezone.now()
        first = self._first_minute(options, now)
        crowd = crowd_of(
            channels=options["channels"],
            viewers_each=options["viewers"],
            game=options["game"],
            seed=options["seed"],
            overlap=options["overlap"],
        )
        beats = list(all_beats(crowd, first_minute=first, minutes=options["minutes"]))
        sendings = plan(
            beats,
            first_minute=first,
            late=options["late"],
            repeated=options["repeated"],
            shuffled=options["shuffled"],
            seed=options["seed"],
        )
        player = Player(
            url=options["to"],
            speed=options["speed"],
            threads=options["threads"],
            give_up_seconds=options["give_up"] * 60,
            tell=lambda played: self._tell(f"{len(played.accepted)} of {len(beats)} heartbeats accepted …"),
        )
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda _number, _frame: player.stop())
        self._tell(
            f"{len(beats)} heartbeats of {options['channels']} channels, {moment_of(first):%Y-%m-%d %H:%M} to "
            f"{moment_of(first + options['minutes']):%H:%M} UTC, to {without_secret(options['to'])}"
        )
        self._finish(options, beats, player.play(beats=beats, plan=sendings), first)

    def _refuse_what_is_out_of_bounds(self, options: dict[str, Any]) -> None:
        try:
            check_address(options["to"])
        except AddressRefused as refusal:
            raise CommandError(str(refusal)) from refusal
        for name, most in MOST.items():
            if not 0 < options[name] <= most:
                raise CommandError(f"--{name.replace('_', '-')} must be above 0 and at most {most}.")
        for name in ("late", "repeated", "overlap"):
            if not 0 <= options[name] <= 1:
                raise CommandError(f"--{name} is a share: from 0 to 1.")
        if not 0 <= options["seed"] < 1_000_000:
            raise CommandError("--seed must be from 0 to 999999.")
        if not 0 <= options["speed"] <= 1_000_000:
            raise CommandError("--speed must not be below 0.")
        asked = options["channels"] * options["viewers"] * options["minutes"]
        if asked > MOST_VIEWER_MINUTES:
            raise CommandError(
                f"{asked} viewer-minutes are too many for one run: channels × viewers × minutes may be at most "
                f"{MOST_VIEWER_MINUTES}. Run it several times, each with another --seed."
            )

    def _first_minute(self, options: dict[str, Any], now: datetime) -> int:
        """The minute to begin with. The portal counts by a heartbeat's time and takes none from the future."""
        last = minute_of(now) - options["minutes"]
        if options["start"] is None:
            return last
        start = options["start"] if options["start"].tzinfo else timezone.make_aware(options["start"])
        if minute_of(start) > last:
            latest = f"{moment_of(last):%Y-%m-%dT%H:%MZ}"
            raise CommandError(f"--start is too late: the last minute would not be over yet. At the latest: {latest}.")
        return minute_of(start)

    def _finish(self, options: dict[str, Any], beats: list[Beat], played: Played, first: int) -> None:
        totals = expected(beats[position].body() for position in sorted(played.accepted))
        never = len(beats) - len(played.accepted) - len(played.refused.keys() - played.accepted)
        if options["report"]:
            content = self._report(options, played, totals, first) | {
                "heartbeats": len(beats),
                "complete": len(played.accepted) == len(beats),
            }
            options["report"].write_text(json.dumps(content, indent=1))
        answers = ", ".join(f"{count} × {answer}" for answer, count in sorted(played.answers.items()))
        self._tell(
            f"{played.requests} requests in {played.seconds:.1f} s, {played.sent_again} of them repeats: {answers}"
        )
        self._tell(
            f"{len(played.accepted)} of {len(beats)} heartbeats accepted. Expected: {totals.viewer_minutes} "
            f"viewer-minutes of {len(totals.viewers)} viewers on {len(totals.broadcasters)} channels."
        )
        if played.refused:
            raise CommandError(f"{len(played.refused)} were refused. The first: {next(iter(played.refused.values()))}")
        if never:
            raise CommandError(f"{never} were never accepted in the time given; whether they count is not known.")

    def _report(self, options: dict[str, Any], played: Played, totals: Expected, first: int) -> dict[str, Any]:
        return {
            "to": without_secret(options["to"]),
            "seed": options["seed"],
            "from": moment_of(first).isoformat(),
            "until": moment_of(first + options["minutes"]).isoformat(),
            "requests": played.requests,
            "sent_again": played.sent_again,
            "answers": dict(played.answers),
            "refused": len(played.refused),
            "seconds": round(played.seconds, 3),
            "viewer_minutes": totals.viewer_minutes,
            **asdict(totals),
        }

    def _tell(self, line: str) -> None:
        self.stdout.write(line)
        self.stdout.flush()
