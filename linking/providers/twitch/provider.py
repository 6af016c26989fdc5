"""Twitch as a provider of allauth, with addresses of our own choice."""

from __future__ import annotations

from typing import Any

from linking.providers.base import PlatformProvider, text
from linking.providers.twitch.views import TwitchOAuth2Adapter


class TwitchProvider(PlatformProvider):
    """Twitch: no scope is needed to learn who somebody is."""

    id = "twitch"
    name = "Twitch"
    package = "linking.providers.twitch"
    oauth2_adapter_class = TwitchOAuth2Adapter
    user_id_field = "id"

    def get_default_scope(self) -> list[str]:
        """Ask for nothing: allauth's own provider would ask for the e-mail address."""
        return []

    def names_of(self, data: dict[str, Any]) -> tuple[str, str]:
        """Return login and display name."""
        return text(data.get("login")), text(data.get("display_name"))


provider_classes = [TwitchProvider]
