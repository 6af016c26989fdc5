"""Setting up with CHZZK (its Open API documents: applications, Drops 1.2)."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from portal.platforms.console import Item
from portal.platforms.guide import GuideStep, Sign

GUIDE = (
    GuideStep(
        title=_("Make the application"),
        text=_(
            "In the developer center register an application with the redirect URL below and apply for the Drops scope: only a "
            "verified company can. Enter client id and secret here, and press Check."
        ),
        signs=(Sign.APP, Sign.ANSWERS),
        values=(Item.REDIRECT,),
    ),
    GuideStep(
        title=_("Register the webhook"),
        text=_(
            "Have the webhook address registered in the developer center, and enter the secret that CHZZK signs with as the "
            "credential's webhook secret."
        ),
        signs=(Sign.SECRET, Sign.WEBHOOK),
        values=(Item.WEBHOOK,),
    ),
    GuideStep(
        title=_("Try the link page"),
        text=_("Link an account of your own. That proves redirect URL and link page."),
        signs=(Sign.LINK,),
        values=(Item.CONNECTION_PAGE,),
    ),
    GuideStep(
        title=_("Make rewards and campaign at CHZZK"),
        text=_("The campaign's console sheet here has every value; bring the ids back."),
        signs=(Sign.REWARD_IDS, Sign.CAMPAIGN),
    ),
    GuideStep(
        title=_("Deliver the first reward"),
        text=_("The first claim arrives, and is delivered to the game."),
        signs=(Sign.CLAIM, Sign.DELIVERED),
    ),
)
