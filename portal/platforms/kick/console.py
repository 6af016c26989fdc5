"""What Kick's dashboard asks for (Kick, Drops guide: "Rewards", "Campaigns"; "Organization management")."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from portal.platforms.console import Console, Item

CONSOLE = Console(
    address="https://dev.kick.com",
    reward=(Item.REWARD_NAME, Item.REWARD_IMAGE, Item.REWARD_CATEGORY, Item.EXTERNAL_ID),
    campaign=(
        Item.NAME,
        Item.CATEGORY,
        Item.INFO_URL,
        Item.START,
        Item.END,
        Item.RULES,
        Item.GRACE_DAYS,
        Item.ANNOUNCEMENT_DAYS,
        Item.CHANNELS,
    ),
    labels={
        Item.WEBHOOK: _("Webhook URL"),
        Item.CONNECTION_PAGE: _("Connection page URL"),
        Item.INFO_URL: _("Info URL"),
        Item.RULES: _("Rule “watch to redeem”: minutes of each reward"),
        Item.GRACE_DAYS: _("Grace period, in days"),
        Item.ANNOUNCEMENT_DAYS: _("Announcement period, in days"),
        Item.CHANNELS: _("White-listed channels"),
    },
    hints={
        Item.CONNECTION_PAGE: _(
            "Told to Kick by e-mail when the organization is registered: it is one page for the whole organization."
        ),
        Item.EXTERNAL_ID: _(
            "Optional at Kick. With it the portal recognizes the reward even before its id is entered."
        ),
    },
    notes=(
        _("Make the rewards first: a campaign takes them from those that exist."),
        _("Test mode at Kick is for members of the organization only."),
    ),
    unknown=(
        _("In which time zone the dashboard takes start and end is not documented: compare with the time in UTC."),
    ),
)
