"""CHZZK (Naver): its addresses and words.

Facts are from its documentation for developers (chzzk.gitbook.io/chzzk), named by page and section. What is not documented, or
could not be read there, is marked *unverified*.

It documents no webhook but that of drops (the events of Session are chat and gifts, over a socket), no list of who authorizes an
app, and no figures of campaigns. Channels can be looked up by id (Channel), categories by name only (Category), and streams not
by channel (Live): too little for a directory. Ending a viewer's token (Authorization, 1.4) is left undone on purpose: it ends
every token that the viewer gave the app, and whether CHZZK then still calls the accounts linked is not documented.
"""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from portal.platforms.base import Platform, Vocabulary
from portal.platforms.chzzk.claims import RewardClaims
from portal.platforms.chzzk.console import CONSOLE
from portal.platforms.chzzk.guide import GUIDE
from portal.platforms.chzzk.simulating import ClaimMessages
from portal.platforms.id_shapes import uuid

CHZZK = Platform(
    key="chzzk",
    name="CHZZK",
    vocabulary=Vocabulary(
        organization=_("organization"),
        game=_("category"),
        campaign=_("campaign"),
        reward=_("reward"),
        claim=_("reward claim"),
        link=_("account link"),
    ),
    web_url="https://chzzk.naver.com",
    id_url="https://chzzk.naver.com",
    api_url="https://openapi.chzzk.naver.com",
    # Who is not signed in is sent through Naver's sign-in and back (unverified).
    sign_in_origins=("https://chzzk.naver.com", "https://nid.naver.com"),
    counts_watch_time=True,
    sends_claims=True,
    signs_with_shared_secret=True,
    # No limits are documented.
    webhook_secret_lengths=(1, 200),
    claims_api=RewardClaims(),
    channel_ids="[0-9a-f]{32}",
    channel_paths=("live",),
    console=CONSOLE,
    guide=GUIDE,
    simulator=ClaimMessages(),
    check_hints={
        # API, notes, error codes: 401 INVALID_CLIENT, 403 FORBIDDEN; Drops, 1.2: who can apply for the scope.
        "claims:401": _(
            "CHZZK does not accept client ID and secret. Copy both anew from your application's page in the developer center."
        ),
        "claims:403": _(
            "CHZZK knows the application, and it lacks the Drops API scope. Apply for it in the developer center: only an "
            "account of an organization that is verified as a company can."
        ),
        "webhook": _("CHZZK calls one address, https on port 443: have it registered in the developer center."),
        "webhook_secret": _("The secret that CHZZK signs the messages to this webhook with."),
        "redirect": _("Developer center, your application: login redirect URL."),
    },
    id_hints={
        "client": _("developers.chzzk.naver.com, Applications, your application: the client ID."),
        "organization": _("CHZZK asks for none: leave it empty."),
        "category": _("The category's id on CHZZK, which its category search gives as categoryId."),
        "campaign": _("The campaign's id on CHZZK, for example bb3a5e21-b18a-4b31-851b-adbecd7dfae5."),
        "reward": _("The reward's id on CHZZK, for example 068598a1-36b2-4bb4-ab8b-dd875e621862."),
        "channel": _("The end of the channel's address on CHZZK: 32 digits and letters from a to f."),
    },
    # Drops, samples of campaignId and rewardId; what they look like is not said.
    id_shapes={
        "campaign": uuid("bb3a5e21-b18a-4b31-851b-adbecd7dfae5"),
        "reward": uuid("068598a1-36b2-4bb4-ab8b-dd875e621862"),
    },
)
