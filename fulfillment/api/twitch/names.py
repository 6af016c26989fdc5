"""What the rows of a page are called at Twitch and in the game, where their claims do not say it: one query for each kind."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from campaigns.models import GameCategory, RewardPlatformId
from fulfillment.api.twitch.shape import COLUMNS, WIDE_COLUMNS, Names, Row
from linking.models import Player
from portal.platforms.twitch import TWITCH

_BENEFIT, _CATEGORY = COLUMNS.index("platform_reward_id"), COLUMNS.index("platform_category_id")
_REWARD, _GAME = COLUMNS.index("reward_id"), COLUMNS.index("game_id")
_PLAYER = WIDE_COLUMNS.index("player_id")


def find_names(rows: Sequence[Row], *, wide: bool) -> Names:
    """Return the names that these rows need. No query for what none of them needs."""
    rewards = {row[_REWARD] for row in rows if not row[_BENEFIT]} - {None}
    games = {row[_GAME] for row in rows if not row[_CATEGORY]} - {None}
    players = {row[_PLAYER] for row in rows} - {None} if wide else set()
    return Names(_benefits(rewards) if rewards else {}, _categories(games) if games else {}, _players(players))


def shown_game_ids(games: Iterable[str]) -> dict[str, str]:
    """Return what games of ours are called where nobody but the portal names them: their category, or else our id. One query."""
    ours = list(games)
    return dict(zip(ours, ours, strict=True)) | _categories(set(ours))


def _benefits(rewards: set[str]) -> dict[str, str]:
    found = RewardPlatformId.objects.filter(platform=TWITCH.key, reward__in=rewards)
    return dict(found.values_list("reward_id", "platform_reward_id"))


def _categories(games: set[str]) -> dict[str, str]:
    # Of a game with several categories the first that was entered: so the last here.
    found = GameCategory.objects.filter(platform=TWITCH.key, game__in=games).order_by("-pk")
    return dict(found.values_list("game_id", "platform_category_id"))


def _players(players: set[int]) -> dict[int, str]:
    return dict(Player.objects.filter(pk__in=players).values_list("pk", "player_id")) if players else {}
