"""Signing in at Twitch, written for allauth."""
