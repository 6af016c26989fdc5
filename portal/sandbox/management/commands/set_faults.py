"""Has a platform fail, or stop failing."""

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from portal.sandbox.fault_forms import set_faults, values_of
from portal.sandbox.faulting import faults_of
from portal.sandbox.models import Platform


class Command(BaseCommand):
    """Sets exactly the faults that are named; without any, tells those that are on. The console's page does the same."""

    help = "Have a platform fail as told, for example: set_faults twitch webhooks_dropped=30 calls_failing=20 seed=7"

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The platform, then the faults by their names."""
        parser.add_argument("platform", choices=[*Platform.values, "all"])
        parser.add_argument("faults", nargs="*", metavar="name=value", help="The others are switched off.")
        parser.add_argument("--off", action="store_true", help="Switch all of them off.")

    def handle(self, *args: Any, **options: Any) -> None:
        """Set, if asked to, and print the faults as JSON."""
        values = dict(self._pair(text) for text in options["faults"])
        platforms = Platform.values if options["platform"] == "all" else [options["platform"]]
        for platform in platforms:
            try:
                found = set_faults(platform, values) if values or options["off"] else faults_of(platform)
            except ValueError as fault:
                raise CommandError(str(fault)) from fault
            told = {"platform": platform} | values_of(found) | {"on": found.in_words()}
            self.stdout.write(json.dumps(told, indent=1))

    def _pair(self, text: str) -> tuple[str, Any]:
        name, equals, value = text.partition("=")
        if not equals:
            raise CommandError(f"“{text}” is not of the form name=value.")
        try:
            return name, json.loads(value)
        except ValueError:
            return name, value
