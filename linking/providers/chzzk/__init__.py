"""Signing in at CHZZK, written for allauth."""
