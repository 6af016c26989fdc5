"""Signing in at Kick, written for allauth."""
