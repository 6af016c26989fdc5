"""What CHZZK's developer center asks for, as far as that could be read: an application and a webhook, but not a campaign."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from portal.platforms.console import Console, Item

CONSOLE = Console(
    address="https://developers.chzzk.naver.com",
    labels={
        Item.REDIRECT: _("Login redirect URL"),
        Item.WEBHOOK: _("Webhook URL"),
    },
    zones=("Asia/Seoul",),
    unknown=(
        _("What CHZZK asks for when a campaign is made is not known here: this is everything there is to say."),
        _("In which time zone it takes start and end is not known either: compare with the time in UTC."),
    ),
)
