"""``manage.py ensure_schedules``: enter the portal's recurring jobs. Run after every migration; harmless to repeat."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from fulfillment.schedules import JOBS, ensure_schedules


class Command(BaseCommand):
    """Makes the schedules what the code says."""

    help = "Enter the portal's recurring jobs for the background worker."

    def handle(self, *args: Any, **options: Any) -> None:
        """Enter them and say how many are new."""
        new = ensure_schedules()
        if options["verbosity"]:
            self.stdout.write(f"{len(JOBS)} recurring jobs, {new} of them new.")
