"""What fulfillment adds to the preflight of a campaign (C5)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from django.utils.translation import gettext_lazy as _

from campaigns.models import Campaign
from campaigns.preflight import Finding, Level, check
from fulfillment.models import Endpoint
from portal.sentences import Sentence


@check
def way_to_deliver(campaign: Campaign, now: datetime) -> Iterator[Finding]:
    """The game has an enabled endpoint, to which its rewards are pushed or from which it pulls (D2)."""
    endpoint = Endpoint.objects.filter(game_id=campaign.game_id).first()
    if endpoint is not None and endpoint.enabled:
        return
    name = {"game": campaign.game.name}
    if endpoint is None:
        sentence = Sentence(_("There is no way to deliver rewards to %(game)s."), name)
        fix = Sentence(_("An owner sets up the game's endpoint."))
    else:
        sentence = Sentence(_("The endpoint of %(game)s is switched off: no reward would be delivered."), name)
        fix = Sentence(_("An owner enables it."))
    missing = Endpoint if endpoint is None else None
    yield Finding(Level.ERROR, "no_way_to_deliver", sentence, fix, field="enabled", obj=endpoint, missing=missing)
