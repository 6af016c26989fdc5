"""Claim webhooks in (P0 to P5)."""
