"""Counts of how deliveries ended, by game and hour."""

from __future__ import annotations

from fulfillment.models import DeliveryTally
from portal.tallies import Tallies

tallies = Tallies(model=lambda: DeliveryTally, whose="game", keeps_last=True)
"""The counters of this process."""
