"""Which of the ways in which webhook calls end mean what. The ways are counted in :mod:`fulfillment.webhooks.tally`."""

from __future__ import annotations

BROUGHT_CLAIMS = frozenset({"accepted"})
TAKEN_IN = BROUGHT_CLAIMS | {"challenge", "handed_on", "ignored", "revoked"}
"""A message of the platform that came through, whatever it said."""

REFUSED = frozenset({"bad_signature", "unreadable", "too_large"})
