"""Marking claims to be worked out again, because something changed that could matter to them (The flow)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from django.db import connection, transaction
from django.db.models import Q
from django.utils import timezone

from fulfillment.models import Claim
from fulfillment.rules.states import UNSENT, State
from fulfillment.wake import announce_work
from linking.models import Link


def mark_for_resolve(condition: Q, *, now: datetime) -> int:
    """Have the claims that meet ``condition`` and were not sent yet worked out again; return how many they are.

    One statement. Called in the transaction of the change itself.
    """
    marked = Claim.objects.filter(condition, state__in=UNSENT).update(resolve_at=now)
    if marked:
        announce_work()
    return marked


def mark_duplicates(gave_up: Sequence[Claim], *, now: datetime) -> None:
    """Have looked at again what waits for the slots that these claims give up, as their rows say (R4).

    The oldest of them gets each slot. That others are looked at too does no harm.
    """
    places = {claim.campaign_reward_id for claim in gave_up if claim.campaign_reward_id}
    if not places:
        return
    players = {claim.player_id for claim in gave_up if claim.player_id is not None}
    viewers = {claim.viewer_id for claim in gave_up if claim.viewer_id is not None}
    Claim.objects.filter(
        Q(player__in=players) | Q(viewer__in=viewers), campaign_reward__in=places, state=State.DUPLICATE
    ).update(resolve_at=now)


def on_claims_may_resolve(
    *,
    organization_id: str,
    campaign_id: str | None = None,
    game_id: str | None = None,
    reward_id: str | None = None,
    platform_reward_id: str | None = None,
) -> None:
    """Mark what a change in campaigns could matter to: the listener of :mod:`campaigns.hooks`.

    Of the claims of other campaigns, games or rewards those are left out whose mapping is certain. A claim without a
    campaign's id is never certain: it goes by its time.
    """
    condition = Q(organization=organization_id)
    if campaign_id is not None:
        condition &= Q(campaign=campaign_id) | Q(campaign=None) | Q(platform_campaign_id="")
    if game_id is not None:
        condition &= Q(game=game_id) | Q(game=None)
    if reward_id is not None:
        condition &= Q(reward=reward_id) | Q(reward=None)
    if platform_reward_id is not None:
        condition &= Q(platform_reward_id=platform_reward_id)
    _mark_twice(lambda now: mark_for_resolve(condition, now=now), timezone.now())


def on_link_changed(link: Link, now: datetime) -> None:
    """Mark the claims of a viewer whose link was made or has ended (L6, L7): the listener of :mod:`linking.hooks`.

    By the platform's user id, so that claims are found too that were not worked out even once.
    """
    viewer = link.viewer
    condition = Q(
        organization=viewer.organization_id, platform=viewer.platform, platform_user_id=viewer.platform_user_id
    )
    _mark_twice(lambda now: mark_for_resolve(condition, now=now), now)


def _mark_twice(mark: Callable[[datetime], int], now: datetime) -> None:
    """Mark in the change's transaction and, where others write meanwhile, once more when it is committed.

    A claim that came in and was worked out between the first mark and the commit saw things as they were before. Claims
    that were worked out in between anyway are worked out once more, to the same end.
    """
    mark(now)
    if connection.features.has_select_for_update:
        transaction.on_commit(lambda: mark(now))
