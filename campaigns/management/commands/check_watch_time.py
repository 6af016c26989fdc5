"""``manage.py check_watch_time``: whether watch time is exact, counted again or compared with what was sent."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from campaigns.models import Campaign, CampaignPlatform, Heartbeat, MinuteKind
from campaigns.watch.checking import Difference, recount
from campaigns.watch.comparing import NotUnderstood, compare

SHOWN = 20
KINDS = {"viewers": MinuteKind.WATCH, "broadcasters": MinuteKind.BROADCAST}


class Command(BaseCommand):
    """Reads only, and may run beside everything else. Exit status 1 where something differs."""

    help = (
        "Count the watch time of campaigns again and compare it with all totals; with --expected compare a campaign's "
        "totals with the report of simulate_heartbeats as well."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Which campaign, and what to compare with."""
        parser.add_argument(
            "--campaign", help="its id; without --expected the default is every campaign that is counted"
        )
        parser.add_argument(
            "--expected", type=Path, action="append", default=[], help="report of simulate_heartbeats --report"
        )
        parser.add_argument(
            "--platform", default="", help="whom the report's ids mean; the default is the one that fits"
        )
        parser.add_argument(
            "--nobody-else", action="store_true", help="minutes of people whom no report names are differences, too"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Compare and say what differs."""
        campaigns = self._campaigns(options["campaign"], alone=bool(options["expected"]))
        differences: list[Difference] = []
        for campaign in campaigns:
            result = recount(campaign_id=campaign.pk)
            differences += result.differences
            self.stdout.write(
                f"{campaign.name}: {result.watched_minutes} minutes of {result.viewers} viewers counted again, "
                f"{len(result.differences)} differences."
            )
        if options["expected"]:
            differences += self._compare(campaigns[0], options)
        for difference in differences[:SHOWN]:
            self.stdout.write(f"  {difference}")
        if len(differences) > SHOWN:
            self.stdout.write(f"  … and {len(differences) - SHOWN} more")
        if differences:
            waiting = Heartbeat.objects.filter(due_at__isnull=False).count()
            hint = f" {waiting} heartbeats wait to be counted: try again once they are." if waiting else ""
            raise CommandError(f"{len(differences)} differences.{hint}")

    def _campaigns(self, wanted: str | None, *, alone: bool) -> list[Campaign]:
        counted = Campaign.objects.filter(platforms__counted_by=CampaignPlatform.CountedBy.PORTAL).distinct()
        found = list((counted.filter(pk=wanted) if wanted else counted).order_by("pk"))
        if not found:
            raise CommandError(
                "There is no such campaign that the portal counts." if wanted else "The portal counts no campaign."
            )
        if alone and len(found) > 1:
            names = "\n".join(f"  --campaign {campaign.pk}  {campaign.name}" for campaign in found)
            raise CommandError(f"Say which campaign the report is about:\n{names}")
        return found

    def _compare(self, campaign: Campaign, options: dict[str, Any]) -> list[Difference]:
        differences: list[Difference] = []
        expected = _read(options["expected"])
        for name, kind in KINDS.items():
            try:
                result = compare(
                    campaign=campaign,
                    kind=kind,
                    expected=expected[name],
                    platform=options["platform"],
                    nobody_else=options["nobody_else"],
                )
            except NotUnderstood as reason:
                raise CommandError(f"{reason} Add --platform.") from reason
            differences += result.differences
            self.stdout.write(
                f"Expected {name}: {result.agreeing} of {len(expected[name])} agree, with {result.minutes} minutes; "
                f"{result.unexpected} more have minutes whom no report names."
            )
        return differences


def _read(paths: list[Path]) -> dict[str, dict[str, int]]:
    """Return the expected minutes of several reports together. Nobody may be named by two: their minutes could be the same."""
    together: dict[str, dict[str, int]] = {name: {} for name in KINDS}
    for path in paths:
        try:
            content = json.loads(path.read_text())
            parts = {name: {str(one): int(minutes) for one, minutes in content[name].items()} for name in KINDS}
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as fault:
            raise CommandError(f"{path} is no report of simulate_heartbeats: {fault!r}") from fault
        if not content.get("complete"):
            raise CommandError(f"{path}: not every heartbeat was accepted in that run, so that totals cannot be told.")
        for name, part in parts.items():
            if together[name].keys() & part.keys():
                raise CommandError(f"{path} names people whom another report names as well: play with another --seed.")
            together[name].update(part)
    return together
