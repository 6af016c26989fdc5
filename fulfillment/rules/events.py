"""The outgoing events and their names, as subscribers know them."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

CLAIM_CREATED = "claim.created"
CLAIM_DELIVERED = "claim.delivered"
CLAIM_FAILED = "claim.failed"
LINK_CREATED = "link.created"
LINK_ENDED = "link.ended"
CHANNEL_LIVE = "channel.live"
CHANNEL_OFFLINE = "channel.offline"

EVENT_NAMES = [
    (CLAIM_CREATED, _("a claim has arrived")),
    (CLAIM_DELIVERED, _("a claim was delivered")),
    (CLAIM_FAILED, _("a claim failed")),
    (LINK_CREATED, _("an account was linked")),
    (LINK_ENDED, _("a link has ended")),
    (CHANNEL_LIVE, _("a channel went live")),
    (CHANNEL_OFFLINE, _("a channel went offline")),
]
"""Every event with its name, in the order in which pages list them."""

EVENT_TYPES = tuple(key for key, _name in EVENT_NAMES)
