"""The seven steps of Twitch's Drops guide (Game Developer Integration Set-Up), and what stands for them here."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from portal.platforms.console import Item
from portal.platforms.guide import GuideStep, Sign

_ONLY_HEARTBEATS = _("Only where the portal counts watch time. Where Twitch counts, go on with step 5.")

GUIDE = (
    GuideStep(
        title=_("Authenticate with Twitch Identity"),
        text=_(
            "Register an app in Twitch's developer console, under an account that belongs to your organization and not to "
            "one person. Enter its client id and client secret here, make a webhook secret, and press Check."
        ),
        signs=(Sign.APP, Sign.ANSWERS, Sign.SECRET),
        values=(Item.REDIRECT,),
    ),
    GuideStep(
        title=_("Create an endpoint to receive heartbeats"),
        text=_("Add a heartbeat source with registered identifiers. Its address is shown once: keep it for step 3."),
        signs=(Sign.SOURCE,),
        optional=_ONLY_HEARTBEATS,
    ),
    GuideStep(
        title=_("Enable and configure Drops"),
        text=_(
            "In Twitch's developer site, Settings, VHS Configuration: enter the client id and the source's address as the "
            "endpoint, tick Enabled, and save."
        ),
        signs=(Sign.HEARTBEAT,),
        values=(Item.CLIENT_ID,),
        optional=_ONLY_HEARTBEATS,
    ),
    GuideStep(
        title=_("Request heartbeats for the user"),
        text=_(
            "The portal does this by itself for every viewer who links. Link an account of your own on the link page to see "
            "it happen."
        ),
        signs=(Sign.LINK, Sign.REGISTERED),
        values=(Item.CONNECTION_PAGE,),
        optional=_("Linking is always needed; being registered only where the portal counts watch time."),
    ),
    GuideStep(
        title=_("Create a Drops campaign"),
        text=_(
            "Make the campaign here. Where Twitch counts, make it in Twitch's console too, with the values of its console "
            "sheet, and bring the ids back. Give Twitch the connection page as the account link URL."
        ),
        signs=(Sign.REWARD_IDS, Sign.CAMPAIGN, Sign.SUBSCRIBED),
        values=(Item.CONNECTION_PAGE,),
    ),
    GuideStep(
        title=_("Notify the viewer about Drops"),
        text=_(
            "The portal delivers the reward to your game and tells the viewer, in the inventory and by notices. This is seen "
            "to work with the first claim and the first delivery."
        ),
        signs=(Sign.CLAIM, Sign.DELIVERED),
    ),
    GuideStep(
        title=_("Test Drops"),
        text=_(
            "Link a channel of your own, go live in your game's category, and try the source on its page: it says when the first "
            "heartbeat and the first minute came. Where Twitch counts, try a campaign in test mode."
        ),
        signs=(Sign.TESTED,),
        optional=_ONLY_HEARTBEATS,
    ),
)
