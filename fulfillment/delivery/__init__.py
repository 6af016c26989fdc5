"""Delivering rewards to game backends (D1 to D7): lease what is due, send it, record what came of it."""

from fulfillment.delivery.leasing import give_back, lease_due, take_over_leases
from fulfillment.delivery.recording import record_outcomes
from fulfillment.delivery.sending import Lane, Leased, Result, send

__all__ = ["Lane", "Leased", "Result", "give_back", "lease_due", "record_outcomes", "send", "take_over_leases"]
