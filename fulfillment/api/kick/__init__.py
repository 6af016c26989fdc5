"""Kick's shape of the partner API."""
