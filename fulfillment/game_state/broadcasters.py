"""The broadcasters of a game: viewers who have linked their account with it and let the studio's app know them (G2).

The game of a session decides: a link is for one game, whatever further games a campaign counts.
"""

from __future__ import annotations

from collections.abc import Iterable

from django.db.models import QuerySet

from campaigns.models import Channel
from linking.models import Link

BroadcasterKey = tuple[str, str, str, str]
"""What a broadcaster of a game is known by: organization, game, platform, user id there."""

LONGEST_USER_ID = 200
_CHUNK = 500


def broadcaster_id(platform: str, user_id: str) -> str:
    """Return how game servers name a broadcaster, as in ``twitch:12345``."""
    return f"{platform}:{user_id}"


def id_of_channel(channel: Channel) -> str:
    """Return how game servers name the broadcaster of a channel."""
    return broadcaster_id(channel.platform, channel.platform_channel_id)


def parse_broadcaster_id(text: str) -> tuple[str, str] | None:
    """Return the platform and the user id that a game server names; None for what cannot be such a name."""
    platform, _colon, user_id = text.partition(":")
    if not platform or not user_id or len(user_id) > LONGEST_USER_ID or not text.isprintable():
        return None
    return platform, user_id


def standing_links() -> QuerySet[Link]:
    """Return the links that stand: active, and no platform has said that the viewer withdrew the authorization (L9)."""
    return Link.objects.filter(ended_at=None, viewer__authorization__missing_since=None)


def find_links(keys: Iterable[BroadcasterKey]) -> dict[BroadcasterKey, Link]:
    """Return the standing links of these broadcasters, with viewer and player: one query for each 500 of them."""
    wanted = sorted(set(keys))
    found: dict[BroadcasterKey, Link] = {}
    for start in range(0, len(wanted), _CHUNK):
        chunk = set(wanted[start : start + _CHUNK])
        organizations, games, platforms, user_ids = (sorted(set(parts)) for parts in zip(*chunk, strict=True))
        links = standing_links().filter(
            game__in=games,
            # By what the viewers' index begins with: a game has many more links than are asked for.
            viewer__organization__in=organizations,
            viewer__platform__in=platforms,
            viewer__platform_user_id__in=user_ids,
        )
        for link in links.select_related("viewer", "player"):
            viewer = link.viewer
            key = (viewer.organization_id, link.game_id, viewer.platform, viewer.platform_user_id)
            if key in chunk:
                found[key] = link
    return found
