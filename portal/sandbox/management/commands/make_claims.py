"""Makes many claims by many users, and tells the portal of each."""

import json
from argparse import ArgumentParser
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from portal.sandbox.bulk import make_claims
from portal.sandbox.models import Platform


class Command(BaseCommand):
    """Prints what was made, and what became of the webhooks under the faults that are on, as JSON."""

    help = "Make many claims on a platform by users of a crowd, and send the webhooks."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """How many, by whom, and how they are told."""
        parser.add_argument("--platform", choices=Platform.values, required=True)
        parser.add_argument("--count", type=int, required=True, help="How many claims.")
        parser.add_argument("--users", type=int, help="By how many users. Default: each claim has its own.")
        parser.add_argument("--first-user", type=int, help="The first user's number. Default: all users are new.")
        parser.add_argument("--campaign", default="", help="The campaign's id. Default: all campaigns.")
        parser.add_argument("--batch", type=int, default=1, help="Claims in one webhook; Twitch only.")
        parser.add_argument("--senders", type=int, default=8, help="Webhooks sent at the same time.")
        parser.add_argument("--no-webhooks", action="store_true", help="Tell the portal of none of them.")

    def handle(self, *args: Any, **options: Any) -> None:
        """Make, tell, print."""
        for name in ("users", "first_user", "batch", "senders"):
            if options[name] is not None and options[name] < 1:
                raise CommandError(f"--{name.replace('_', '-')} must be at least 1.")
        try:
            made = make_claims(
                platform=options["platform"],
                count=options["count"],
                users=options["users"],
                first_user=options["first_user"],
                campaign_id=options["campaign"],
                batch=options["batch"],
                senders=options["senders"],
                webhooks=not options["no_webhooks"],
                now=timezone.now(),
            )
        except ValueError as fault:
            raise CommandError(str(fault)) from fault
        self.stdout.write(json.dumps(asdict(made), indent=1))
