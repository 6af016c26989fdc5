"""What the higher apps hang into campaigns, from their ``AppConfig.ready()``: imports point one way only.

``claims_may_resolve`` is called inside the transaction of a change that could matter to claims that were not
sent yet (a mapping, a pause, a publication, an allow-list of testers): with the organization's id and, where the
change is narrower, keyword filters ``campaign_id`` or ``platform_reward_id``. It only marks claims to be looked at again.

``rewards_earned`` is called inside the transaction that credits minutes, with what viewers can claim since just now.

``consent_gone`` is called inside the transaction that notes that a platform takes a viewer's token no more (L9).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from portal.roles import Permission

if TYPE_CHECKING:
    from django.http.response import HttpResponseBase
    from django.utils.functional import Promise

    from campaigns.models import Campaign

campaign_figures: list[Callable[[Campaign], list[tuple[str, str, str]]]] = []
"""Functions that tell what to show at the top of a campaign's page: label, value, and the address of the list behind."""


@dataclass(frozen=True, slots=True)
class CampaignPage:
    """A page below a campaign's own in the admin. With a ``label`` it is offered at the top of the campaign's page.

    ``view`` is called with the request, the campaign, which is the active organization's, and what the route holds.
    """

    route: str
    name: str
    view: Callable[..., HttpResponseBase]
    label: str | Promise = ""
    permission: Permission = Permission.SEE_CAMPAIGNS


campaign_pages: list[CampaignPage] = []
"""The pages that higher apps hang below each campaign's own."""

member_accounts: list[Callable[[str], list[tuple[str, str, str]]]] = []
"""Functions that tell, for an organization's id, its members' own platform accounts: platform, user id, name (C8)."""

claims_may_resolve: list[Callable[..., None]] = []


def call_claims_may_resolve(*, organization_id: str, **narrower: Any) -> None:
    """Tell whoever keeps claims that a change could matter to them."""
    for hook in claims_may_resolve:
        hook(organization_id=organization_id, **narrower)


@dataclass(frozen=True, slots=True)
class Earned:
    """That a viewer can claim a campaign's reward since just now: its rule is met, and so is what it requires (R3)."""

    viewer_id: str
    campaign_reward_id: str
    campaign_id: str
    at: datetime


rewards_earned: list[Callable[[Sequence[Earned]], None]] = []


def call_rewards_earned(earned: Sequence[Earned]) -> None:
    """Tell whoever tells viewers what they can claim now."""
    if earned:
        for hook in rewards_earned:
            hook(earned)


@dataclass(frozen=True, slots=True)
class ConnectRefusal:
    """That game servers of an API client were refused when they connected, why, and when last."""

    client: str
    code: str
    last_at: datetime


connect_refusals: list[Callable[[str, datetime], list[ConnectRefusal]]] = []
"""Functions that tell, for an organization's id and a time, which of its clients' servers were refused since, latest first."""

consent_gone: list[Callable[[str, datetime], None]] = []


def call_consent_gone(viewer_id: str, now: datetime) -> None:
    """Tell whoever keeps links that a platform refused the token of the viewer with this id."""
    for hook in consent_gone:
        hook(viewer_id, now)
