"""Claims as Twitch's entitlements (A5; Helix, Get Drops Entitlements). Pure functions over rows: a page has up to a thousand."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from fulfillment.api.pages import GRANTED
from fulfillment.rules.states import DONE, OPEN
from portal.platforms.twitch import TWITCH

CLAIMED = "CLAIMED"
FULFILLED = "FULFILLED"

COLUMNS = (
    "platform_claim_id",
    "platform_reward_id",
    GRANTED,
    "platform_user_id",
    "platform_category_id",
    "state",
    "state_changed_at",
    "reward_id",
    "game_id",
)
"""What a page reads where all its claims are Twitch's own."""

WIDE_COLUMNS = (*COLUMNS, "listed_as", "id", "player_id")
"""What it reads where claims of other platforms are among them."""

_STATUS: Mapping[str, str] = {state.value: FULFILLED if state in DONE else CLAIMED for state in OPEN | DONE}

Row = Sequence[Any]


@dataclass(frozen=True, slots=True)
class Names:
    """What rows of ours are called: rewards and games at Twitch, players in the game. By our keys."""

    benefits: Mapping[str, str] = field(default_factory=dict)
    categories: Mapping[str, str] = field(default_factory=dict)
    players: Mapping[int, str] = field(default_factory=dict)


def own_items(rows: Iterable[Row], names: Names) -> list[dict[str, Any]]:
    """Return the entitlements of rows of ``COLUMNS``, all of them Twitch's own claims.

    A claim that came without its benefit or its category has the one that the portal knows of its reward or its game,
    or an empty one. ``timestamp`` is when Twitch granted it, or where it did not say, when it arrived.
    """
    benefits, categories, status = names.benefits, names.categories, _STATUS
    return [
        {
            "id": claim_id,
            "benefit_id": benefit or benefits.get(reward_id, ""),
            "timestamp": granted_at,
            "user_id": user_id,
            "game_id": category or categories.get(game_id, ""),
            "fulfillment_status": status[state],
            "last_updated": changed_at,
        }
        for claim_id, benefit, granted_at, user_id, category, state, changed_at, reward_id, game_id, _number in rows
    ]


def wide_items(rows: Iterable[Row], names: Names) -> list[dict[str, Any]]:
    """Return the entitlements of rows of ``WIDE_COLUMNS``, with the fields that tell platform and player.

    A claim of another platform, or of the portal's own campaigns, has ids of ours, and as its user the player, whose id
    is empty there, and null as ``player_id``, where it has none.
    """
    benefits, categories, players, status = names.benefits, names.categories, names.players, _STATUS
    own = TWITCH.key
    return [
        {
            "id": claim_id if listed_as == own else pk,
            "benefit_id": (benefit or benefits.get(reward_id, "")) if listed_as == own else reward_id or "",
            "timestamp": granted_at,
            "user_id": user_id if listed_as == own else players.get(player, ""),
            "game_id": (category or categories.get(game_id, "")) if listed_as == own else game_id or "",
            "fulfillment_status": status[state],
            "last_updated": changed_at,
            "platform": listed_as,
            "player_id": players.get(player),
        }
        for (
            claim_id,
            benefit,
            granted_at,
            user_id,
            category,
            state,
            changed_at,
            reward_id,
            game_id,
            listed_as,
            pk,
            player,
            _number,
        ) in rows
    ]
