"""Counts of how a source's calls ended, by the hour (P1)."""

from __future__ import annotations

from campaigns.models import HeartbeatTally
from portal.tallies import Tallies

tallies = Tallies(model=lambda: HeartbeatTally, whose="source")
"""The counters of this process."""
