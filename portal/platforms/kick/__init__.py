"""Kick: its addresses and words."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from portal.platforms.base import Platform, Vocabulary
from portal.platforms.id_shapes import digits, ulid
from portal.platforms.kick.claims import DropsClaims
from portal.platforms.kick.client import KickTokens, fetch_public_key, get_app_token
from portal.platforms.kick.console import CONSOLE
from portal.platforms.kick.directory import PublicDirectory
from portal.platforms.kick.guide import GUIDE
from portal.platforms.kick.simulating import ClaimMessages
from portal.platforms.kick.subscriptions import EventSubscriptions

_NOT_THE_ORGANIZATIONS = _(
    "Kick answers so where the app is not the one that your organization was registered with. Write to Kick's developer "
    "team which client ID belongs to your organization."
)

KICK = Platform(
    key="kick",
    name="Kick",
    vocabulary=Vocabulary(
        organization=_("organization"),
        game=_("category"),
        campaign=_("campaign"),
        reward=_("reward"),
        claim=_("claim"),
        link=_("connection"),
    ),
    web_url="https://kick.com",
    id_url="https://id.kick.com",
    api_url="https://api.kick.com",
    # The authorize page sends a browser that is not signed in through kick.com and back.
    sign_in_origins=("https://id.kick.com", "https://kick.com"),
    default_scopes=("user:read",),
    counts_watch_time=True,
    sends_claims=True,
    links_before_claims=True,
    max_rewards_per_campaign=12,
    claims_api=DropsClaims(),
    get_app_token=get_app_token,
    app_tokens=KickTokens(),
    subscriptions=EventSubscriptions(),
    directory=PublicDirectory(),
    channel_ids=r"\d{1,20}",
    channel_paths=("popout",),
    console=CONSOLE,
    guide=GUIDE,
    simulator=ClaimMessages(),
    fetch_public_key=fetch_public_key,
    check_hints={
        "claims:401": _NOT_THE_ORGANIZATIONS,
        "claims:403": _NOT_THE_ORGANIZATIONS,
        # Kick, Drops guide, Organization registration; Kick Apps Setup.
        "webhook": _(
            "Kick's staff enter the address for drops when your organization is registered: tell them, by e-mail, when it "
            "changes. Other events go to the webhook URL of the app, which you enter in Kick's developer settings. The "
            "portal can look up neither."
        ),
        "redirect": _("Kick, Settings, Developer, your app: Redirect URL."),
    },
    id_hints={
        "client": _("dev.kick.com, your organization's app: the client ID, 26 letters and digits."),
        "organization": _("dev.kick.com, your organization: its id."),
        "category": _("The category's id on Kick, digits only."),
        "campaign": _("dev.kick.com, Drops, the campaign's id, for example 01JAXK8N4QWRTY5PM7ZEBVJDS8."),
        "reward": _("dev.kick.com, Drops, Rewards: the reward's id, 26 letters and digits."),
        "channel": _("The broadcaster's user id, digits only; not the channel's name."),
    },
    # Kick, Drops guide, claim webhook: campaign_id and reward_id are ULIDs; Kick API, categories: the id is a number.
    id_shapes={
        "category": digits("4077"),
        "campaign": ulid("01JAXK8N4QWRTY5PM7ZEBVJDS8"),
        "reward": ulid("01JAXK8N4QWRTY5PM7ZEBVJDS8"),
    },
)
