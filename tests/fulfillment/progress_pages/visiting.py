"""Short ways through the pages that viewers see and press."""

from __future__ import annotations

import re
from html import unescape
from typing import Any

from django.test import Client
from django.urls import reverse

from campaigns.models import Campaign, CampaignReward
from tests.fulfillment.claimants import World

INVENTORY = "/inventory/"


def page_of(campaign: Campaign) -> str:
    return reverse("campaign", args=[campaign.pk])


def press(client: Client, world: World, row: CampaignReward | None = None, **form: str) -> Any:
    row = row or world.bronze
    url = reverse("claim_reward", args=[row.campaign_id, row.pk])
    return client.post(url, {"viewer": world.viewer.pk, **form})


def section(response: Any, heading: str) -> str:
    """Return the part of a page from one second-level heading to the next, as a reader sees it; empty if it is not there."""
    parts = re.split(r"<h2", response.content.decode())
    found = [part for part in parts if re.sub(r"<[^>]+>", "", part.split("</h2>")[0].split(">", 1)[-1]) == heading]
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", found[0].split(">", 1)[-1])).split()) if found else ""
