"""Game state in the admin: sessions, the game events found in them, recordings, and the gateways that hold them (G)."""

from django.utils.translation import gettext_lazy as _

MENU_GROUP = _("Game state")
