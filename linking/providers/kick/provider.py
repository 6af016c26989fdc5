"""Kick as a provider of allauth, which has none."""

from __future__ import annotations

from typing import Any

from linking.providers.base import PlatformProvider, text
from linking.providers.kick.views import KickOAuth2Adapter


class KickProvider(PlatformProvider):
    """Kick: PKCE with S256; the user id is a 64-bit number, kept as text."""

    id = "kick"
    name = "Kick"
    package = "linking.providers.kick"
    oauth2_adapter_class = KickOAuth2Adapter
    pkce_enabled_default = True
    user_id_field = "user_id"

    def get_default_scope(self) -> list[str]:
        """Linking needs to read who the user is, nothing else."""
        return ["user:read"]

    def names_of(self, data: dict[str, Any]) -> tuple[str, str]:
        """Return the name twice: Kick's user info has no separate login."""
        return text(data.get("name")), text(data.get("name"))


provider_classes = [KickProvider]
