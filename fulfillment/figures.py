"""The claims of one campaign by state, for the head of its page."""

from __future__ import annotations

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from campaigns.models import Campaign
from fulfillment.claim_counts import counts_of
from fulfillment.overview import DELIVERED, ON_THEIR_WAY, WAITING, claim_figures_of
from fulfillment.rules.states import State

_SHOWN = (
    (gettext_noop("Delivered"), DELIVERED),
    (gettext_noop("On their way"), ON_THEIR_WAY),
    (gettext_noop("Waiting for a link"), WAITING),
    (gettext_noop("Held or quarantined"), (State.HELD, State.QUARANTINED)),
    (gettext_noop("Failed"), (State.FAILED,)),
)


def counted(campaign: Campaign) -> dict[tuple[str, str], int]:
    """Return :func:`counts_of` of the campaign, read once for all figures. Remembered on the campaign that is shown."""
    counts: dict[tuple[str, str], int] | None = getattr(campaign, "_claim_counts", None)
    if counts is None:
        counts = counts_of(campaign.pk)
        campaign._claim_counts = counts  # type: ignore[attr-defined]
    return counts


def claim_figures(campaign: Campaign) -> list[tuple[str, str, str]]:
    """Return label, count and the address of the list behind, read from the counts that are kept."""
    claims = claim_figures_of(counted(campaign))
    address = f"{reverse('admin:fulfillment_claim_changelist')}?campaign__id__exact={campaign.pk}"
    return [
        (
            _(label),
            f"{claims.of(states):,}",
            f"{address}&state={states[0].value}" if len(states) == 1 else address,
        )
        for label, states in _SHOWN
    ]
