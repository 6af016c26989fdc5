"""Alerts: judging the facts by rules, and telling whom an organization names."""
