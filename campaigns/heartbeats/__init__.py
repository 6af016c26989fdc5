"""Heartbeats coming in (W1, P4): sources and their addresses, the endpoint, storing, counting again."""
