"""Twitch's shape of the partner API."""
