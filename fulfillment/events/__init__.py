"""Outgoing events: telling an organization's own addresses what happens, on the machinery of deliveries (D1 to D6).

:mod:`fulfillment.events.writing` writes them in the transaction of what happened; the drain leases, sends and records
them as it does deliveries, in a lane of their own. ``docs/events.md`` is the reference for who receives them.
"""

from fulfillment.events.leasing import give_back, lease_due, take_over_leases
from fulfillment.events.presence import look_at_channels
from fulfillment.events.recording import record_outcomes

__all__ = ["give_back", "lease_due", "look_at_channels", "record_outcomes", "take_over_leases"]
