"""The claims of one campaign by state, for the head of its page."""

from __future__ import annotations

from django.db.models import Count
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from campaigns.models import Campaign
from fulfillment.models import Claim
from fulfillment.rules.states import State

_SHOWN = (
    (gettext_noop("Delivered"), (State.DELIVERED, State.CONFIRMED)),
    (gettext_noop("On their way"), (State.RECEIVED, State.READY, State.DELIVERING)),
    (gettext_noop("Waiting for a link"), (State.WAITING,)),
    (gettext_noop("Held or quarantined"), (State.HELD, State.QUARANTINED)),
    (gettext_noop("Failed"), (State.FAILED,)),
)


def claim_figures(campaign: Campaign) -> list[tuple[str, str, str]]:
    """Return label, count and the address of the list behind, counted in an index of campaign and state."""
    rows = Claim.objects.filter(campaign=campaign).order_by().values_list("state").annotate(count=Count("pk"))
    counts = dict(rows)
    address = f"{reverse('admin:fulfillment_claim_changelist')}?campaign__id__exact={campaign.pk}"
    return [
        (
            _(label),
            f"{sum(counts.get(state.value, 0) for state in states):,}",
            f"{address}&state={states[0].value}" if len(states) == 1 else address,
        )
        for label, states in _SHOWN
    ]
