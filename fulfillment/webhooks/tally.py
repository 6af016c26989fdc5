"""Counts of how webhook calls ended, by credential and hour (P1)."""

from __future__ import annotations

from fulfillment.models import WebhookTally
from portal.tallies import Tallies

tallies = Tallies(model=lambda: WebhookTally, whose="credential", keeps_last=True)
"""The counters of this process."""
