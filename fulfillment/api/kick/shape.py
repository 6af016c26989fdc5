"""Claims as Kick shows them (A5; Kick, Drops, Public API). Pure functions over rows, quick: a page has up to a thousand."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from fulfillment.api.pages import GRANTED
from fulfillment.rules.states import DONE
from portal.platforms.kick import KICK

INITIATED = "initiated"
PROCESSED = "processed"

COLUMNS = (
    "platform_claim_id",
    "platform_user_id",
    "platform_campaign_id",
    "platform_reward_id",
    "external_id",
    "state",
    "partner_status",
    GRANTED,
    "state_changed_at",
    "campaign_id",
    "reward_id",
)
"""What a page reads of claims that are all Kick's own."""

WIDE_COLUMNS = (*COLUMNS, "listed_as", "id", "player_id")
"""What it reads where claims of other platforms are among them."""

_USER_IDS = 2**64  # Kick, Drops guide: user_id is a uint64
_DIGITS = len(str(_USER_IDS))


@dataclass(frozen=True, slots=True)
class Names:
    """What rows of ours are called: campaigns and rewards at Kick, rewards and players in the game. By our ids."""

    campaigns: Mapping[str, str] = field(default_factory=dict)
    rewards: Mapping[str, str] = field(default_factory=dict)
    external_ids: Mapping[str, str] = field(default_factory=dict)
    players: Mapping[str, str] = field(default_factory=dict)


def user_number(user_id: str) -> int | str:
    """Return a user's id as the number that Kick has, or as text where it is none: leading zeros are not lost."""
    if user_id.isdecimal() and user_id.isascii() and len(user_id) <= _DIGITS:
        number = int(user_id)
        if number < _USER_IDS and (user_id[0] != "0" or user_id == "0"):
            return number
    return user_id


def status_shown(state: str, text: str, completing: Collection[str]) -> str:
    """Return a claim's ``external_status``, given the partner's ``text`` and the texts that complete claims (A5).

    A text that completes claims says nothing of one that is, or is again, to be fulfilled.
    """
    if state in DONE:
        return text if text in completing else PROCESSED
    return text if text and text not in completing else INITIATED


def own_items(rows: Sequence[Sequence[Any]], names: Names, completing: Collection[str]) -> list[dict[str, Any]]:
    """Return the items of rows of ``COLUMNS``, all of them Kick's own claims.

    What a claim came without is called as the portal knows it from its campaign and its reward.
    """
    campaigns, rewards, external_ids = names.campaigns, names.rewards, names.external_ids
    numbered, shown = user_number, status_shown
    return [
        {
            "claim_id": claim_id,
            "user_id": numbered(user_id),
            "campaign_id": campaign or campaigns.get(campaign_id, ""),
            "reward_id": reward or rewards.get(reward_id, ""),
            "external_id": external_id or external_ids.get(reward_id, ""),
            "external_status": shown(state, text, completing),
            "created_at": granted_at,
            "updated_at": changed_at,
        }
        for (
            claim_id,
            user_id,
            campaign,
            reward,
            external_id,
            state,
            text,
            granted_at,
            changed_at,
            campaign_id,
            reward_id,
            *_rest,
        ) in rows
    ]


def wide_items(rows: Sequence[Sequence[Any]], names: Names, completing: Collection[str]) -> list[dict[str, Any]]:
    """Return the items of rows of ``WIDE_COLUMNS``, with the fields that tell platform and player.

    Claims of other platforms have ids of ours, and the player's for the user's (A5); no player: null.
    """
    items = own_items(rows, names, completing)
    place = len(COLUMNS)
    for row, item in zip(rows, items, strict=True):
        listed_as, claim_id, player = row[place : place + 3]
        player_id = names.players.get(str(player))
        if listed_as != KICK.key:
            campaign_id, reward_id = row[place - 2 : place]
            item["claim_id"] = claim_id
            item["user_id"] = None if player_id is None else user_number(player_id)
            item["campaign_id"], item["reward_id"] = campaign_id or "", reward_id or ""
            item["external_id"] = names.external_ids.get(reward_id) or row[4]
        item["platform"] = listed_as
        item["player_id"] = player_id
    return items
