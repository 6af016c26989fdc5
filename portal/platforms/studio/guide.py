"""Setting up the studio's own player, whose viewers are players already (I2)."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from portal.platforms.guide import GuideStep, Sign

GUIDE = (
    GuideStep(
        title=_("Add a heartbeat source"),
        text=_("With player ids. Its address is shown once: give it to those who build the player."),
        signs=(Sign.SOURCE,),
    ),
    GuideStep(
        title=_("Send the first heartbeat"),
        text=_("For each channel and minute the player reports who watched."),
        signs=(Sign.HEARTBEAT,),
    ),
    GuideStep(
        title=_("Publish a campaign that runs on it"),
        text=_("Counted by the portal, on the studio's own player."),
        signs=(Sign.CAMPAIGN,),
    ),
    GuideStep(
        title=_("Deliver the first reward"),
        text=_("A player claims in the inventory, and the reward reaches the game."),
        signs=(Sign.CLAIM, Sign.DELIVERED),
    ),
)
