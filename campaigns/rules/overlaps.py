"""Which campaigns run at the same time and share channels, games or rewards on a platform (W3, C5). Pure.

Pairs are found along the time, and lists of channels are compared as sets: what it costs follows from how many campaigns run
together and how long their lists are, never from the lists' lengths multiplied.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime

_NOBODY: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """A campaign as far as it matters to others: when it is live, where, and with what. ``listed``: an allow-list."""

    id: str
    starts_at: datetime
    ends_at: datetime
    platforms: frozenset[str]
    games: frozenset[str] = _NOBODY
    rewards: frozenset[str] = _NOBODY
    listed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Overlap:
    """What a campaign shares with another one, and when: ids of platforms, games and rewards, and how many listed channels."""

    other: str
    starts_at: datetime
    ends_at: datetime
    platforms: tuple[str, ...]
    games: tuple[str, ...] = ()
    rewards: tuple[str, ...] = ()
    channels: int = 0


def together(campaigns: Iterable[Running]) -> Iterator[tuple[Running, Running]]:
    """Yield each two campaigns that are live at the same time, the one that starts first before the other."""
    live: list[Running] = []
    for campaign in sorted(campaigns, key=lambda one: (one.starts_at, one.id)):
        if campaign.ends_at <= campaign.starts_at:
            continue
        live = [one for one in live if one.ends_at > campaign.starts_at]
        for one in live:
            yield one, campaign
        live.append(campaign)


def lists_to_compare(campaigns: Sequence[Running]) -> list[tuple[str, str]]:
    """Return the ids of each two campaigns whose lists may have channels in common: only these need to be read."""
    return [(one.id, other.id) for one, other in _with_lists(campaigns)]


def _with_lists(campaigns: Sequence[Running]) -> Iterator[tuple[Running, Running]]:
    for one, other in together(campaigns):
        if one.listed and other.listed and one.platforms & other.platforms:
            yield one, other


def listed_twice(campaigns: Sequence[Running], lists: Mapping[str, AbstractSet[str]]) -> set[str]:
    """Return the channels that two campaigns which run together both list: of these alone the platform is asked for."""
    found: set[str] = set()
    for one, other in _with_lists(campaigns):
        found |= lists.get(one.id, _NOBODY) & lists.get(other.id, _NOBODY)
    return found


def overlaps(
    campaigns: Sequence[Running],
    lists: Mapping[str, AbstractSet[str]],
    platform_of: Mapping[str, str],
    *,
    start: datetime,
    end: datetime,
) -> dict[str, list[Overlap]]:
    """Return for each campaign what it shares with which other one, as far as that is between ``start`` and ``end``.

    ``lists`` has the allow-lists' channels, ``platform_of`` the platform of those that are ``listed_twice``; a list that is
    not there shares nothing. Each pair stands at both campaigns, in the order in which they come together.
    """
    found: dict[str, list[Overlap]] = {campaign.id: [] for campaign in campaigns}
    for one, other in together(campaigns):
        since, until = max(one.starts_at, other.starts_at), min(one.ends_at, other.ends_at)
        platforms = one.platforms & other.platforms
        if not platforms or until <= start or since >= end:
            continue
        games, rewards = one.games & other.games, one.rewards & other.rewards
        listed = lists.get(one.id, _NOBODY) & lists.get(other.id, _NOBODY)
        channels = sum(platform_of[channel] in platforms for channel in listed)
        if games or rewards or channels:
            for here, there in ((one, other), (other, one)):
                found[here.id].append(
                    Overlap(
                        other=there.id,
                        starts_at=since,
                        ends_at=until,
                        platforms=tuple(sorted(platforms)),
                        games=tuple(sorted(games)),
                        rewards=tuple(sorted(rewards)),
                        channels=channels,
                    )
                )
    for shared in found.values():
        shared.sort(key=lambda overlap: (overlap.starts_at, overlap.other))
    return found


def merged(shared: Sequence[Overlap]) -> list[tuple[datetime, datetime]]:
    """Return the stretches in which a campaign shares anything, joined where they touch."""
    found: list[tuple[datetime, datetime]] = []
    for overlap in sorted(shared, key=lambda one: one.starts_at):
        if found and overlap.starts_at <= found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], overlap.ends_at))
        else:
            found.append((overlap.starts_at, overlap.ends_at))
    return found
