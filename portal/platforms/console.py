"""What a platform's own console asks for, as data: neither campaigns nor rewards can be made there by a program."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from django.utils.functional import Promise


class Item(StrEnum):
    """One thing that a console may ask for."""

    CLIENT_ID = "client_id"
    REDIRECT = "redirect"
    WEBHOOK = "webhook"
    CONNECTION_PAGE = "connection_page"

    REWARD_NAME = "reward_name"
    REWARD_DESCRIPTION = "reward_description"
    REWARD_IMAGE = "reward_image"
    REWARD_CATEGORY = "reward_category"
    EXTERNAL_ID = "external_id"

    NAME = "name"
    DESCRIPTION = "description"
    CATEGORY = "category"
    INFO_URL = "info_url"
    CONNECTION_URL = "connection_url"
    START = "start"
    END = "end"
    RULES = "rules"
    ANNOUNCEMENT_DAYS = "announcement_days"
    GRACE_DAYS = "grace_days"
    CHANNELS = "channels"


ORGANIZATION = (Item.CLIENT_ID, Item.REDIRECT, Item.WEBHOOK, Item.CONNECTION_PAGE)
REWARD = (
    Item.REWARD_NAME,
    Item.REWARD_DESCRIPTION,
    Item.REWARD_IMAGE,
    Item.REWARD_CATEGORY,
    Item.EXTERNAL_ID,
)
CAMPAIGN = (
    Item.NAME,
    Item.DESCRIPTION,
    Item.CATEGORY,
    Item.INFO_URL,
    Item.CONNECTION_URL,
    Item.START,
    Item.END,
    Item.RULES,
    Item.ANNOUNCEMENT_DAYS,
    Item.GRACE_DAYS,
    Item.CHANNELS,
)


@dataclass(frozen=True, kw_only=True)
class Console:
    """What the console asks for, in its order. Whoever describes none for a platform gets everything there is to say.

    ``labels`` are the console's own words where they differ from the portal's, and ``hints`` what else is to be known about
    an item. ``zones`` are zones in which the console may take times besides the campaign's own and UTC. ``notes`` say what is
    different there, and ``unknown`` what the platform documents nowhere.
    """

    address: str = ""
    organization: tuple[Item, ...] = ORGANIZATION
    reward: tuple[Item, ...] = REWARD
    campaign: tuple[Item, ...] = CAMPAIGN
    labels: Mapping[Item, str | Promise] = field(default_factory=dict)
    hints: Mapping[Item, str | Promise] = field(default_factory=dict)
    zones: tuple[str, ...] = ()
    notes: tuple[str | Promise, ...] = ()
    unknown: tuple[str | Promise, ...] = ()

    def leaves_out(self, item: Item) -> bool:
        """Tell whether the console does not ask for it."""
        return item not in (*self.organization, *self.reward, *self.campaign)
