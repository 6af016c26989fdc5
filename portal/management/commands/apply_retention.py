"""``manage.py apply_retention``: remove what is kept no longer (F8). The background worker does it every day."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.utils import timezone

from portal import retention


class Command(BaseCommand):
    """Applies the table of periods, or says what it would do. Safe to stop and to run again at any time."""

    help = "Remove data whose retention period is over (see docs/operating.md, Personal data)."

    def add_arguments(self, parser: CommandParser) -> None:
        """Let the operator look first."""
        parser.add_argument("--dry-run", action="store_true", help="only count what is over")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print a line for each kind of data."""
        now = timezone.now()
        dry = options["dry_run"]
        found = retention.count(now=now) if dry else retention.apply(now=now).removed
        days = retention.periods()
        for name, rows in found.items():
            self.stdout.write(f"{name} (kept {days[name]} days): {rows} {'are over' if dry else 'removed'}")
