"""``manage.py check_claim_counts``: recount all claims and compare with the counts that pages show."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from campaigns.rules.days import date_of
from fulfillment.claim_counts import Difference, differences, mend_counts

SHOWN = 20


class Command(BaseCommand):
    """Exits with 1 where they differ. May run at any time, beside everything else; it reads every claim once."""

    help = "Recount all claims and compare with the counts that the campaigns' pages show."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Let the operator have differences mended."""
        parser.add_argument("--mend", action="store_true", help="make the counts what the claims are")

    def handle(self, *args: Any, **options: Any) -> None:
        """Compare, and mend where that is asked for."""
        if options["mend"]:
            self.stdout.write(f"{mend_counts()} differences were mended.")
            return
        found = differences()
        for one in found[:SHOWN]:
            self.stdout.write(_told(one))
        if found:
            raise CommandError(f"{len(found)} counts differ from the claims. Mend them with --mend.")
        self.stdout.write("All counts are those of the claims.")


def _told(one: Difference) -> str:
    what = f"{one.campaign_reward_id or 'no reward'} {one.state}"
    if one.quarter is not None:
        what = f"quarter {one.quarter}"
    elif one.day is not None:
        what = f"{what} on {date_of(one.day)}"
    return f"campaign {one.campaign_id}, {what}: {one.claims:+d} claims more than counted"
