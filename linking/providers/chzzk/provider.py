"""CHZZK as a provider of allauth, which has none."""

from __future__ import annotations

from typing import Any

from linking.providers.base import PlatformProvider, text
from linking.providers.chzzk.views import ChzzkOAuth2Adapter


class ChzzkProvider(PlatformProvider):
    """CHZZK: every user has a channel, whose id is the user's (CHZZK, User). No scope is asked for: the app's settings say."""

    id = "chzzk"
    name = "CHZZK"
    package = "linking.providers.chzzk"
    oauth2_adapter_class = ChzzkOAuth2Adapter
    user_id_field = "channelId"

    def names_of(self, data: dict[str, Any]) -> tuple[str, str]:
        """Return the channel's name: addresses have its id in them, so there is no login."""
        return "", text(data.get("channelName"))


provider_classes = [ChzzkProvider]
