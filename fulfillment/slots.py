"""Who holds the slots of a reward in a campaign (R4): at most ``limit`` claims a player, and a viewer.

The unique columns of a claim are the guarantee; this works out whom they go to: who has one keeps it, then the oldest.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q

from fulfillment.mapping import Columns, Known, judged_at
from fulfillment.models import Claim

_Key = tuple[str, str, str | int]


@dataclass(frozen=True, slots=True)
class Slots:
    """The numbers that a claim holds; None where it holds none."""

    player: int | None = None
    viewer: int | None = None


NO_SLOTS = Slots()


@dataclass(frozen=True, slots=True)
class Contender:
    """A claim that would be ready if it had a slot. ``needs_one`` is False for what was fulfilled elsewhere."""

    claim: Claim
    known: Known
    needs_one: bool = True


def held_slots(claim: Claim) -> Slots:
    """Return what a claim's row holds."""
    return Slots(claim.player_slot, claim.viewer_slot)


def assign_slots(contenders: Sequence[Contender], *, admit: Callable[[Contender], bool]) -> dict[str, Slots]:
    """Return what each contender gets, by claim; ``NO_SLOTS`` for one that comes too late, or that is not let in.

    ``admit`` is asked once for each that has its slots or can have them, in the order in which they are given; what it
    refuses leaves its slots to the next.
    What a claim gives up in this same batch is not given away at once: the claims that wait for it are marked, and the
    oldest of them has it in the next. Reads the slots in one query.
    """
    taken = _taken(contender.known.columns for contender in contenders)
    assigned: dict[str, Slots] = {}
    seekers = []
    for contender in sorted(contenders, key=_age):
        kept = _kept(contender.claim, contender.known.columns)
        if kept.player is not None and (kept.viewer is not None or contender.known.columns.viewer_id is None):
            assigned[contender.claim.pk] = kept if admit(contender) else NO_SLOTS
        else:
            seekers.append((contender, kept))
    for contender, kept in seekers:
        assigned[contender.claim.pk] = _seek(contender, kept, taken, admit)
    return assigned


def _age(contender: Contender) -> tuple[datetime, datetime, str]:
    return judged_at(contender.claim), contender.claim.received_at, contender.claim.pk


def _kept(claim: Claim, columns: Columns) -> Slots:
    if claim.campaign_reward_id != columns.campaign_reward_id:
        return NO_SLOTS
    return Slots(
        claim.player_slot if claim.player_id == columns.player_id else None,
        claim.viewer_slot if claim.viewer_id == columns.viewer_id else None,
    )


def _seek(contender: Contender, kept: Slots, taken: dict[_Key, set[int]], admit: Callable[[Contender], bool]) -> Slots:
    columns, limit = contender.known.columns, contender.known.limit
    player_key, viewer_key = _keys(columns)
    player = kept.player if player_key else None
    if player_key and player is None:
        player = _lowest_free(taken[player_key], limit)
    viewer = kept.viewer if viewer_key else None
    if viewer_key and viewer is None:
        viewer = _lowest_free(taken[viewer_key], limit)
    if contender.needs_one and ((player_key and player is None) or (viewer_key and viewer is None)):
        return NO_SLOTS
    if not admit(contender):
        return NO_SLOTS
    if player_key and player is not None:
        taken[player_key].add(player)
    if viewer_key and viewer is not None:
        taken[viewer_key].add(viewer)
    return Slots(player, viewer)


def _keys(columns: Columns) -> tuple[_Key | None, _Key | None]:
    place = columns.campaign_reward_id
    if place is None:
        return None, None
    return (
        (place, "player", columns.player_id) if columns.player_id is not None else None,
        (place, "viewer", columns.viewer_id) if columns.viewer_id is not None else None,
    )


def _lowest_free(taken: set[int], limit: int) -> int | None:
    return next((number for number in range(1, limit + 1) if number not in taken), None)


def _taken(wanted: Iterable[Columns]) -> dict[_Key, set[int]]:
    columns = list(wanted)
    places = {column.campaign_reward_id for column in columns if column.campaign_reward_id}
    players = {column.player_id for column in columns if column.player_id is not None}
    viewers = {column.viewer_id for column in columns if column.viewer_id is not None}
    taken: dict[_Key, set[int]] = defaultdict(set)
    rows = Claim.objects.filter(
        Q(player__in=players, player_slot__isnull=False) | Q(viewer__in=viewers, viewer_slot__isnull=False),
        campaign_reward__in=places,
    ).values_list("campaign_reward_id", "player_id", "player_slot", "viewer_id", "viewer_slot")
    for place, player, player_slot, viewer, viewer_slot in rows:
        if player_slot is not None:
            taken[str(place), "player", player].add(player_slot)
        if viewer_slot is not None:
            taken[str(place), "viewer", viewer].add(viewer_slot)
    return taken
