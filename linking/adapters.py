"""How allauth is told about games, credentials and players (I3, I4)."""

from __future__ import annotations

from allauth.account.adapter import DefaultAccountAdapter
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter


class AccountAdapter(DefaultAccountAdapter):
    """Sign-in with a portal account."""


class SocialAccountAdapter(DefaultSocialAccountAdapter):
    """Sign-in elsewhere."""
