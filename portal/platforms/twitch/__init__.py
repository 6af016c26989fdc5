"""Twitch: its addresses and words."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from portal.platforms.base import Platform, Vocabulary
from portal.platforms.id_shapes import digits, uuid
from portal.platforms.twitch.analytics import GameAnalytics
from portal.platforms.twitch.client import AuthorizedUsers, get_app_token
from portal.platforms.twitch.console import CONSOLE
from portal.platforms.twitch.directory import HelixDirectory
from portal.platforms.twitch.entitlements import Entitlements
from portal.platforms.twitch.guide import GUIDE
from portal.platforms.twitch.simulating import GrantMessages
from portal.platforms.twitch.subscriptions import EventSub
from portal.platforms.twitch.tokens import Tokens
from portal.platforms.twitch.vhs import ViewerHeartbeatService

TWITCH = Platform(
    key="twitch",
    name="Twitch",
    vocabulary=Vocabulary(
        organization=_("organization"),
        game=_("category"),
        campaign=_("campaign"),
        reward=_("benefit"),
        claim=_("entitlement"),
        link=_("account link"),
    ),
    web_url="https://www.twitch.tv",
    id_url="https://id.twitch.tv",
    api_url="https://api.twitch.tv",
    # The authorize page sends a browser that is not signed in through www.twitch.tv and back.
    sign_in_origins=("https://id.twitch.tv", "https://www.twitch.tv"),
    asks_again={"force_verify": "true"},
    counts_watch_time=True,
    sends_claims=True,
    signs_with_shared_secret=True,
    claims_api=Entitlements(),
    get_app_token=get_app_token,
    app_tokens=Tokens(),
    subscriptions=EventSub(),
    authorizations=AuthorizedUsers(),
    reports=GameAnalytics(),
    directory=HelixDirectory(),
    channel_ids=r"\d{1,20}",
    # A channel's chat, its page for moderators, its player and its dashboard.
    channel_paths=("popout", "moderator", "embed", "u"),
    console=CONSOLE,
    guide=GUIDE,
    simulator=GrantMessages(),
    registrar=ViewerHeartbeatService(),
    check_hints={
        # Twitch API reference, Get Drops Entitlements, response codes.
        "claims:400": _(
            "Twitch answers so where the app's owner is not a member of an organization. In Twitch's developer console, "
            "have the owner's account invited to your organization, or make the app with an account that is a member: "
            "apps cannot be handed over."
        ),
        "claims:401": _(
            "The client ID is not the one the token was made for. Enter client ID and secret of the same app."
        ),
        "claims:403": _(
            "Twitch answers so where the organization does not own what was asked for. Ask Twitch which organization "
            "owns your game's category."
        ),
        "webhook": _(
            "The portal names this address to Twitch in each subscription; there is nothing to enter in a console. Twitch "
            "proves it with a challenge, and calls only https on port 443."
        ),
        "redirect": _("Developer console, Applications, your app: OAuth Redirect URLs."),
    },
    id_hints={
        "client": _("Developer console, Applications: the client ID, 30 letters and digits."),
        "organization": _("Developer console, Organizations: the organization ID."),
        "category": _("The game's id on Twitch, digits only, for example 493057."),
        "campaign": _("Drops console, the campaign's id, for example 570cab7c-205c-9f33-360b-9a058e190c56."),
        "reward": _("Drops console, Rewards manager: the reward ID, which the API calls benefit_id."),
        "channel": _("The broadcaster's user id, digits only; not the channel's name."),
    },
    # Twitch API, Get Drops Entitlements: game_id. Campaigns and benefits have UUIDs in most samples.
    id_shapes={
        "category": digits("493057"),
        "campaign": uuid("570cab7c-205c-9f33-360b-9a058e190c56"),
        "reward": uuid("74c52265-e214-48a6-91b9-23b6014e8041"),
    },
)
