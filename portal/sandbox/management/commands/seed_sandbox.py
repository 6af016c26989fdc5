"""Gives the sandbox its first content."""

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from portal.sandbox.seeding import seed


class Command(BaseCommand):
    """Safe to repeat: creates what is missing, applies each seed file once, removes nothing."""

    help = "Create the sandbox's users, apps, campaigns, key and game backend. Safe to repeat."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """One option: the file that the portal's demo data wrote."""
        parser.add_argument(
            "--from",
            dest="source",
            type=Path,
            help="JSON file written by the portal's demo data.",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Read the file, if any, and seed."""
        content = self._read(options["source"]) if options["source"] else None
        try:
            done = seed(content=content, now=timezone.now())
        except ValueError as fault:
            raise CommandError(str(fault)) from fault
        self.stdout.write("\n".join(done) or "The sandbox was seeded before; nothing to do.")

    def _read(self, source: Path) -> dict[str, Any]:
        try:
            content = json.loads(source.read_text())
        except (OSError, ValueError) as fault:
            raise CommandError(f"{source} cannot be read as JSON: {fault}") from fault
        if not isinstance(content, dict):
            raise CommandError(f"{source} must hold a JSON object.")
        return content
