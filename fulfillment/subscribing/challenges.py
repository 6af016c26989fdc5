"""Challenges that came before the subscription they belong to was written down: platforms check the address at once."""

from __future__ import annotations

from django.core.cache import cache

REMEMBERED_SECONDS = 300


def remember_challenge(credential_id: str, subscription_id: str) -> None:
    """Remember for some minutes that the platform has checked the address for a subscription."""
    cache.set(_key(credential_id, subscription_id), True, timeout=REMEMBERED_SECONDS)


def was_challenged(credential_id: str, subscription_id: str) -> bool:
    """Tell whether that was so, of late."""
    return bool(cache.get(_key(credential_id, subscription_id)))


def _key(credential_id: str, subscription_id: str) -> str:
    return f"subscription-challenged:{credential_id}:{subscription_id}"
