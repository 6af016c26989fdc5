"""Setting up with Kick: registering the organization, the app, rewards and campaign (Kick, Drops guide)."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from portal.platforms.console import Item
from portal.platforms.guide import GuideStep, Sign

GUIDE = (
    GuideStep(
        title=_("Make the app"),
        text=_(
            "In Kick's settings, Developer, make an OAuth app with the redirect URL below. Enter its client id and secret "
            "here."
        ),
        signs=(Sign.APP,),
        values=(Item.REDIRECT,),
    ),
    GuideStep(
        title=_("Register your organization"),
        text=_(
            "Write to developers@kick.com: the organization's name, website and logo, the category it claims, the usernames of its "
            "members (each needs two-factor sign-in at Kick), the app's client id, the webhook URL and the connection page URL. "
            "When Kick has answered, press Check: only a registered app may read claims."
        ),
        signs=(Sign.ANSWERS, Sign.SECRET),
        values=(Item.CLIENT_ID, Item.WEBHOOK, Item.CONNECTION_PAGE),
    ),
    GuideStep(
        title=_("Try the link page"),
        text=_(
            "Link an account of your own: the game account first, then Kick. That proves redirect URL and link page."
        ),
        signs=(Sign.LINK,),
        values=(Item.CONNECTION_PAGE,),
    ),
    GuideStep(
        title=_("Make rewards and campaign at Kick"),
        text=_(
            "On dev.kick.com, under your organization: first the rewards, then the campaign with up to 12 of them. The campaign's "
            "console sheet here has every value; bring the ids back."
        ),
        signs=(Sign.REWARD_IDS, Sign.CAMPAIGN),
    ),
    GuideStep(
        title=_("Receive the first message"),
        text=_(
            "Kick posts to the webhook URL when a reward is claimed. Test mode at Kick lets members of the organization claim. "
            "Other events come once your app's webhook URL is entered in Kick's developer settings."
        ),
        signs=(Sign.WEBHOOK, Sign.CLAIM),
        values=(Item.WEBHOOK,),
    ),
    GuideStep(
        title=_("Deliver the first reward"),
        text=_("Once viewer and reward are known, the claim is delivered to the game within seconds."),
        signs=(Sign.DELIVERED,),
    ),
)
