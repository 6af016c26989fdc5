"""What the rest of the portal needs to know of a platform, as data."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from django.utils.functional import Promise

from portal.platforms.app_tokens import AppTokens, GetAppToken
from portal.platforms.authorizations import Authorizations
from portal.platforms.claims_api import ClaimsApi
from portal.platforms.console import Console
from portal.platforms.directory import Directory
from portal.platforms.guide import GuideStep
from portal.platforms.id_shapes import IdShape
from portal.platforms.registrar import Registrar
from portal.platforms.reports import Reports
from portal.platforms.simulating import Simulator
from portal.platforms.subscriptions import Subscriptions


@dataclass(frozen=True, kw_only=True)
class Vocabulary:
    """The platform's own words for the portal's nouns, to be used where a producer compares two consoles."""

    organization: str | Promise
    game: str | Promise
    campaign: str | Promise
    reward: str | Promise
    claim: str | Promise
    link: str | Promise


@dataclass(frozen=True, kw_only=True)
class Platform:
    """One place where viewers watch. All addresses are without a slash at the end; an empty one means: there is none.

    ``id_hints`` says, for what a producer copies from the platform's console (``organization``, ``category``,
    ``campaign``, ``reward``, ``client``, ``channel``), where it is found and what it looks like.
    """

    key: str
    name: str
    vocabulary: Vocabulary
    web_url: str = ""
    id_url: str = ""
    api_url: str = ""
    sign_in_origins: tuple[str, ...] = ()
    """Every origin a browser may pass on its way through the platform's sign-in, for the CSP's ``form-action``."""
    asks_again: Mapping[str, str] = field(default_factory=dict)
    """What the sign-in's address holds so that the platform asks which account it is, also whom it knows; empty: it cannot."""
    default_scopes: tuple[str, ...] = ()
    """What the sign-in asks for when nothing but linking is wanted (L3)."""
    counts_watch_time: bool = False
    """Whether the platform can count watched minutes itself (C1)."""
    sends_claims: bool = False
    """Whether the platform reports claims by webhook."""
    signs_with_shared_secret: bool = False
    """Whether webhooks are signed with a secret that producer and platform share, rather than with the platform's key."""
    webhook_secret_lengths: tuple[int, int] = (10, 100)
    """The fewest and the most ASCII characters that such a secret may have."""
    fetch_public_key: Callable[[str], str] | None = None
    """Return, for the API's address, the PEM of the key that the platform signs with; None where it has none."""
    links_before_claims: bool = False
    """Whether the platform itself lets only linked viewers claim."""
    max_rewards_per_campaign: int | None = None
    """The platform's own limit, or None where it documents none."""
    registrar: Registrar | None = None
    """How viewers are registered with the platform's heartbeat service, or None where it has none (L10)."""
    claims_api: ClaimsApi | None = None
    """How claims are read from the platform and told as delivered, or None where it has none of its own (F6, F7)."""
    get_app_token: GetAppToken | None = None
    """How an app token is got, or None where the platform has none: its calls then carry the app's id and secret themselves,
    and what they get as ``access_token`` is the secret."""
    app_tokens: AppTokens | None = None
    """How the platform is asked about app tokens, or None where it cannot be asked."""
    subscriptions: Subscriptions | None = None
    """How events are subscribed to, or None where there is nothing to subscribe to."""
    authorizations: Authorizations | None = None
    """How the platform is asked whether viewers still authorize the app, or None where it cannot be asked (L9)."""
    reports: Reports | None = None
    """How the platform's own figures about games are read, or None where it gives none."""
    channel_ids: str = ""
    """A pattern of the whole of a channel's id; empty: any text is one."""
    channel_paths: tuple[str, ...] = ()
    """What may stand before the channel in the path of an address of its page, below ``web_url``."""
    directory: Directory | None = None
    """How users, categories and streams are looked up, or None where that is not possible."""
    console: Console = field(default_factory=Console)
    """What the platform's own console asks for when a campaign is made there."""
    simulator: Simulator | None = None
    """How messages about claims are made to try what follows from them, or None where the platform sends none."""
    guide: tuple[GuideStep, ...] = ()
    """How an organization is set up with it, in order."""
    check_hints: Mapping[str, str | Promise] = field(default_factory=dict)
    """What the check of a credential says in the platform's own terms: how an answer to reading claims is to be mended
    (``claims:403``), where its console takes the address for webhooks (``webhook``) and for sign-ins (``redirect``), and where
    the secret that webhooks are signed with comes from (``webhook_secret``).
    """
    id_hints: Mapping[str, str | Promise] = field(default_factory=dict)
    id_shapes: Mapping[str, IdShape] = field(default_factory=dict)
    """What the ids of ``category``, ``campaign`` and ``reward`` look like, as far as that is known."""

    @property
    def has_sign_in(self) -> bool:
        """Whether viewers identify themselves there by OAuth."""
        return bool(self.id_url)

    @property
    def is_told_webhook_secret(self) -> bool:
        """Whether the portal itself tells the platform the webhook secret, as it subscribes, and so can make a new one."""
        return self.signs_with_shared_secret and self.subscriptions is not None and self.subscriptions.needs_secret

    @property
    def registers_viewers(self) -> bool:
        """Whether heartbeats name viewers by identifiers that the portal registers there."""
        return self.registrar is not None
