"""A campaign's document as plain values, in the order in which people read it. Pure; see :mod:`campaigns.rules.campaign_file`."""

from __future__ import annotations

import base64
from dataclasses import asdict
from datetime import datetime
from typing import Any

from campaigns.rules import zones
from campaigns.rules.campaign_file import FORMAT, VERSION, CampaignDocument, Entry, Item


def written(document: CampaignDocument) -> dict[str, Any]:
    """Return the document as plain values: what :func:`campaigns.rules.campaign_file.read` reads as the same document."""
    zone = document.time_zone
    campaign = {
        "name": document.name,
        "description": document.description,
        "info_url": document.info_url,
        "connection_url": document.connection_url,
        "time_zone": zone,
        "starts_at": _moment(document.starts_at, zone),
        "ends_at": _moment(document.ends_at, zone),
        "announcement_days": document.announcement_days,
        "grace_days": document.grace_days,
        "scope": document.scope,
        "per_player_limit": document.per_player_limit,
        "test_mode": document.test_mode,
        "game": asdict(document.game),
        "further_games": [asdict(game) for game in document.further_games],
        "platforms": [asdict(one) for one in document.platforms],
        "rewards": [_entry(one) for one in document.rewards],
        "channels": [asdict(one) for one in document.channels],
    }
    return {"format": FORMAT, "version": VERSION, "campaign": campaign}


def _moment(moment: datetime | None, zone: str) -> str | None:
    return None if moment is None else zones.from_utc(moment, zone).isoformat()


def _entry(entry: Entry) -> dict[str, Any]:
    return {
        "item": _item(entry.item),
        "rule": entry.rule,
        "minutes": entry.minutes,
        "event": asdict(entry.event) if entry.event else None,
        "requires": entry.requires,
        "limit_total": entry.limit_total,
        "limit_per_day": entry.limit_per_day,
        "at_limit": entry.at_limit,
    }


def _item(item: Item) -> dict[str, Any]:
    return {
        "name": item.name,
        "description": item.description,
        "external_id": item.external_id,
        "alt_text": item.alt_text,
        "image": base64.b64encode(item.image).decode() if item.image is not None else None,
        "platform_ids": [{"platform": platform, "id": own} for platform, own in item.platform_ids],
    }
