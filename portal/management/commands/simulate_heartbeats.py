"""``manage.py simulate_heartbeats``: the sandbox's command of this name, under the portal's own commands."""

from portal.sandbox.management.commands.simulate_heartbeats import Command

__all__ = ["Command"]
