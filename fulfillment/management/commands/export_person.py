"""``manage.py export_person``: what is stored about a viewer or a player, as JSON."""

from __future__ import annotations

import json
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser

from campaigns.models import Viewer
from fulfillment.export import export_player, export_viewer
from linking.models import Player


class Command(BaseCommand):
    """Prints everything; the ids are those that the admin shows."""

    help = "Print what is stored about a viewer or a player as JSON."

    def add_arguments(self, parser: CommandParser) -> None:
        """Ask for one of the two."""
        who = parser.add_mutually_exclusive_group(required=True)
        who.add_argument("--viewer", metavar="ID", help="the viewer's id in the portal, 26 characters")
        who.add_argument("--player", metavar="ID", type=int, help="the player's number in the portal")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print the JSON. Raises ``CommandError`` where nobody has this id."""
        try:
            if options["viewer"]:
                viewer = Viewer.objects.select_related("organization").get(pk=options["viewer"])
                stored = export_viewer(viewer)
            else:
                stored = export_player(Player.objects.select_related("game__organization").get(pk=options["player"]))
        except (Viewer.DoesNotExist, Player.DoesNotExist, ValidationError):
            raise CommandError("Nobody has this id. The admin's page of the viewer or player shows it.") from None
        self.stdout.write(json.dumps(stored, indent=2, ensure_ascii=False))
