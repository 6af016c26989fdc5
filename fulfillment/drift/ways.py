"""Which ways out there are of each kind of drift, and what each needs (S1). Pure but for the group's key."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from fulfillment.drift.groups import OF_REWARDS, Key
from fulfillment.rules.codes import Code
from portal.roles import Permission


class Way(StrEnum):
    """What can be done about a group of claims."""

    MAP_REWARD = "map_reward"
    MAP_CAMPAIGN = "map_campaign"
    ADD_REWARD = "add_reward"
    ASSIGN_REWARD = "assign_reward"
    ASSIGN_CAMPAIGN = "assign_campaign"


PERMISSIONS: Mapping[Way, Permission] = {
    Way.MAP_REWARD: Permission.MEND,
    Way.MAP_CAMPAIGN: Permission.MEND,
    Way.ADD_REWARD: Permission.EDIT_CAMPAIGNS,
    Way.ASSIGN_REWARD: Permission.BULK,
    Way.ASSIGN_CAMPAIGN: Permission.BULK,
}
"""To map is to mend; to add a reward changes a campaign; to assign decides over many claims one by one."""

ASSIGNS = frozenset({Way.ASSIGN_REWARD, Way.ASSIGN_CAMPAIGN})


def ways_of(key: Key) -> tuple[Way, ...]:
    """Return the ways out for a group, the one that also serves later claims first."""
    if key.code in OF_REWARDS:
        return (Way.MAP_REWARD, Way.ASSIGN_REWARD) if key.reward_id else (Way.ASSIGN_REWARD,)
    if key.code is Code.CAMPAIGN_UNKNOWN:
        return (Way.MAP_CAMPAIGN if key.campaign_id else Way.ADD_REWARD, Way.ASSIGN_CAMPAIGN)
    if key.code is Code.CAMPAIGN_AMBIGUOUS:
        return (Way.ASSIGN_CAMPAIGN,)
    return (Way.ADD_REWARD, Way.ASSIGN_REWARD, Way.ASSIGN_CAMPAIGN)
