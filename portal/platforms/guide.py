"""How an organization is set up with a platform, step by step, as data: what to do, and by what the portal sees that it is done."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from django.utils.functional import Promise

from portal.platforms.console import Item


class Sign(StrEnum):
    """What the portal itself can see of a step."""

    APP = "app"
    """The app's client id and secret are entered."""
    ANSWERS = "answers"
    """The platform has answered a call that was made as the app."""
    SECRET = "secret"
    """Messages can be told from forged ones: the shared secret is entered, or the platform's key was fetched."""
    WEBHOOK = "webhook"
    """A genuine message of the platform has arrived."""
    SUBSCRIBED = "subscribed"
    """Every event subscription that the portal wants is at work."""
    SOURCE = "source"
    """A heartbeat source of this platform is switched on."""
    HEARTBEAT = "heartbeat"
    """A heartbeat has arrived."""
    REGISTERED = "registered"
    """A viewer is registered with the platform's heartbeat service."""
    TESTED = "tested"
    """Somebody has tried a heartbeat source with a channel of their own."""
    LINK = "link"
    """A viewer has linked: sign-in, redirect address and link page work."""
    REWARD_IDS = "reward_ids"
    """A reward has its id on this platform."""
    CAMPAIGN = "campaign"
    """A campaign on this platform is published, with its id there where the platform counts."""
    CLAIM = "claim"
    """A claim has come from this platform."""
    DELIVERED = "delivered"
    """A claim of this platform has been delivered to the game."""


@dataclass(frozen=True, kw_only=True)
class GuideStep:
    """One step. ``values`` are what is typed into the platform's own pages; ``optional`` says when a step can be left out."""

    title: str | Promise
    text: str | Promise
    signs: tuple[Sign, ...]
    values: tuple[Item, ...] = ()
    optional: str | Promise = ""
