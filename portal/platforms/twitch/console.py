"""What Twitch's Drops console asks for, as far as that is public.

Twitch publishes no list of the form's fields: these are what its site shows of a campaign (Drops, campaign guide: glossary;
the campaign as served to its own pages), in the order of the legacy form.
"""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from portal.platforms.console import Console, Item

CONSOLE = Console(
    address="https://dev.twitch.tv/console",
    organization=(Item.CLIENT_ID, Item.REDIRECT),
    reward=(Item.REWARD_NAME, Item.REWARD_IMAGE),
    campaign=(
        Item.NAME,
        Item.DESCRIPTION,
        Item.CATEGORY,
        Item.INFO_URL,
        Item.CONNECTION_URL,
        Item.START,
        Item.END,
        Item.RULES,
        Item.CHANNELS,
    ),
    labels={
        Item.REWARD_NAME: _("Name of the benefit"),
        Item.REWARD_IMAGE: _("Image of the benefit"),
        Item.INFO_URL: _("Details URL"),
        Item.CONNECTION_URL: _("Account link URL"),
        Item.RULES: _("Drops: minutes to watch for each benefit"),
        Item.CHANNELS: _("Allowed channels"),
    },
    hints={
        Item.CLIENT_ID: _(
            "The app must belong to a member of your organization, or Twitch does not count viewers as linked."
        ),
    },
    zones=("America/Los_Angeles",),
    notes=(_("Rewards are made in the Rewards manager; a drop is the rule with which the campaign gives one."),),
    unknown=(
        _(
            "The legacy console took times in Pacific time, labelled PST. What today's console takes is not documented: compare "
            "with the time in UTC before you save."
        ),
        _("Limits of Twitch for names, images, minutes and the number of drops are not documented."),
        _("How long viewers can still claim after the end is Twitch's own; the grace days are the portal's."),
    ),
)
