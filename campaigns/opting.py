"""Taking a channel out of a game's global campaigns, and back in (C7): a broadcaster's own choice, kept as intervals.

An opt-out says nothing about campaigns that list the channel: the studio and the broadcaster agreed on those, and a
listed channel cannot leave them by itself.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction

from campaigns.models import Campaign, CampaignChannel, CampaignPlatform, Channel, ChannelOptOut, Game
from portal import audit
from portal.models import User


def opt_out(*, channel: Channel, game: Game, actor: User | None, now: datetime) -> ChannelOptOut:
    """Take ``channel`` out of the game's global campaigns from ``now`` on; one that is out already stays out since then.

    Campaigns that list the channel go on counting it: :func:`standings_of` names them. Raises ``ValueError`` for a
    game of another organization.
    """
    _check(channel, game)
    with transaction.atomic():
        row, made = ChannelOptOut.objects.get_or_create(
            channel=channel, game=game, ended_at=None, defaults={"started_at": now}
        )
        if made:
            _record("opted out of global Drops", row, actor, now)
    return row


def opt_in(*, channel: Channel, game: Game, actor: User | None, now: datetime) -> bool:
    """Let ``channel`` take part in the game's global campaigns again; False where it did already.

    Raises ``ValueError`` for a game of another organization.
    """
    _check(channel, game)
    with transaction.atomic():
        row = ChannelOptOut.objects.filter(channel=channel, game=game, ended_at=None).first()
        if row is None:
            return False
        ended_at = max(now, row.started_at)
        if not ChannelOptOut.objects.filter(pk=row.pk, ended_at=None).update(ended_at=ended_at):
            return False
        row.ended_at = ended_at
        _record("opted in to global Drops", row, actor, now)
    return True


@dataclass(frozen=True, slots=True)
class OwnChannel:
    """A channel that somebody may decide about: its broadcaster's user id on a platform, as one organization knows it.

    ``game_ids`` are games to be shown in any case; with ``only`` no others are.
    """

    organization_id: str
    platform: str
    user_id: str
    game_ids: frozenset[str]
    only: bool = False


@dataclass(frozen=True, slots=True)
class GameStanding:
    """How a channel stands to one game: out of its global campaigns since when, and which of them are on or announced."""

    game: Game
    out_since: datetime | None
    campaigns: tuple[Campaign, ...]


@dataclass(frozen=True, slots=True)
class ChannelStanding:
    """What a broadcaster may decide, and the campaigns that list the channel, which it cannot leave by itself."""

    own: OwnChannel
    channel: Channel | None
    games: tuple[GameStanding, ...]
    bound: tuple[Campaign, ...]


def standings_of(owned: Sequence[OwnChannel], *, now: datetime) -> list[ChannelStanding]:
    """Return how each of these channels stands, in the same order; as many queries for twenty as for one.

    Only campaigns that viewers may know of by now are named: announced or live, and no tests.
    """
    channels = _channels(owned)
    out: dict[str, dict[str, datetime]] = defaultdict(dict)
    for row in ChannelOptOut.objects.filter(channel__in=[one.pk for one in channels.values()], ended_at=None):
        out[row.channel_id][row.game_id] = row.started_at
    running = _running({own.organization_id for own in owned}, now=now)
    bound = _bound([one.pk for one in channels.values()], now=now)
    chosen = []
    for own in owned:
        channel = channels.get((own.organization_id, own.platform, own.user_id))
        counted = [c for c in running if c.organization_id == own.organization_id and own.platform in _platforms_of(c)]
        away = out[channel.pk] if channel is not None else {}
        shown = set(own.game_ids)
        if not own.only:
            shown |= {game for campaign in counted for game in _games_of(campaign)} | set(away)
        chosen.append((own, channel, counted, away, shown))
    games = {game.pk: game for game in Game.objects.filter(pk__in={one for *_rest, shown in chosen for one in shown})}
    standings = []
    for own, channel, counted, away, shown in chosen:
        rows = sorted((games[pk] for pk in shown if pk in games), key=lambda game: (game.name, game.pk))
        standing = tuple(
            GameStanding(game, away.get(game.pk), tuple(c for c in counted if game.pk in _games_of(c))) for game in rows
        )
        standings.append(ChannelStanding(own, channel, standing, tuple(bound[channel.pk]) if channel else ()))
    return standings


def _channels(owned: Sequence[OwnChannel]) -> dict[tuple[str, str, str], Channel]:
    rows = Channel.objects.filter(
        organization__in={own.organization_id for own in owned},
        platform__in={own.platform for own in owned},
        platform_channel_id__in={own.user_id for own in owned},
    )
    return {(row.organization_id, row.platform, row.platform_channel_id): row for row in rows}


def _known(now: datetime) -> dict[str, Any]:
    """Return the filter for campaigns that viewers may know of and that have not ended."""
    return {
        "status": Campaign.Status.PUBLISHED,
        "test_mode": False,
        "announces_at__lte": now,
        "ends_at__gt": now,
    }


def _running(organizations: Collection[str], *, now: datetime) -> list[Campaign]:
    rows = Campaign.objects.filter(organization__in=organizations, scope=Campaign.Scope.GLOBAL, **_known(now))
    return list(rows.prefetch_related("platforms", "further_games").order_by("starts_at", "pk"))


def _bound(channel_ids: Collection[str], *, now: datetime) -> dict[str, list[Campaign]]:
    known = {f"campaign__{name}": value for name, value in _known(now).items()}
    rows = CampaignChannel.objects.filter(
        channel__in=channel_ids, removed_at=None, campaign__scope=Campaign.Scope.ALLOW_LIST, **known
    ).select_related("campaign__game")
    found: dict[str, list[Campaign]] = defaultdict(list)
    for row in rows.order_by("campaign__starts_at", "campaign"):
        found[row.channel_id].append(row.campaign)
    return found


def _platforms_of(campaign: Campaign) -> set[str]:
    """Return the platforms on which the portal counts: where a platform counts, it has a switch of its own."""
    portal = CampaignPlatform.CountedBy.PORTAL
    return {row.platform for row in campaign.platforms.all() if row.counted_by == portal}


def _games_of(campaign: Campaign) -> set[str]:
    return {campaign.game_id, *(row.game_id for row in campaign.further_games.all())}


def _check(channel: Channel, game: Game) -> None:
    if channel.organization_id != game.organization_id:
        raise ValueError("Channel and game must belong to the same organization.")


def _record(action: str, row: ChannelOptOut, actor: User | None, now: datetime) -> None:
    audit.record(
        actor=actor,
        action=action,
        obj=row.channel,
        organization=row.channel.organization,
        after={
            "game": row.game.name,
            "from": row.started_at.isoformat(),
            "to": row.ended_at and row.ended_at.isoformat(),
        },
        now=now,
    )
