"""Marking claims to be worked out again, because something changed that could matter to them (The flow)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db import connection, transaction
from django.db.models import Q
from django.utils import timezone

from fulfillment.models import Claim
from fulfillment.rules.states import UNSENT, State
from fulfillment.wake import announce_work
from linking.models import Link, Player
from portal.platforms.studio import STUDIO


def mark_for_resolve(condition: Q, *, now: datetime) -> int:
    """Have the claims that meet ``condition`` and were not sent yet worked out again; return how many they are.

    Called in the transaction of the change itself. That transaction never waits for a claim: see :func:`_mark`.
    """
    return _mark(condition & Q(state__in=UNSENT), now=now)


def mark_duplicates(gave_up: Sequence[Claim], *, now: datetime) -> None:
    """Have looked at again what waits for the slots that these claims give up, as their rows say (R4).

    The oldest of them gets each slot. That others are looked at too does no harm.
    """
    places = {claim.campaign_reward_id for claim in gave_up if claim.campaign_reward_id}
    if not places:
        return
    players = {claim.player_id for claim in gave_up if claim.player_id is not None}
    viewers = {claim.viewer_id for claim in gave_up if claim.viewer_id is not None}
    waiting = Q(player__in=players) | Q(viewer__in=viewers)
    _mark(waiting & Q(campaign_reward__in=places, state=State.DUPLICATE), now=now)


def mark_all_unsent(*, now: datetime) -> int:
    """Have every claim that was not sent worked out again: once a night, should a mark ever have been lost."""
    return _mark_in_order(Q(state__in=UNSENT, resolve_at=None), now)


def _mark(condition: Q, *, now: datetime) -> int:
    """Mark now what nobody has locked, and all of it once the transaction is committed.

    Whoever works claims out holds their rows and asks for campaigns, links and games; whoever changes one of these holds
    it and asks for claims: if both waited, they would wait for each other. The second mark also reaches claims that came
    in and were worked out before the change could be seen. Where there is one writer at a time the first is enough.
    """
    claims = Claim.objects.filter(condition)
    if not connection.features.has_select_for_update_skip_locked:
        marked = claims.update(resolve_at=now)
    else:
        free = claims.select_for_update(skip_locked=True, of=("self",)).values("pk")
        with transaction.atomic():
            marked = Claim.objects.filter(pk__in=free).update(resolve_at=now)
            transaction.on_commit(lambda: _mark_committed(condition, now))
    if marked:
        announce_work()
    return marked


def _mark_committed(condition: Q, now: datetime) -> None:
    if _mark_in_order(condition, now):
        announce_work()


def _mark_in_order(condition: Q, now: datetime) -> int:
    """Mark claims in key order, which is how all who wait for several lock them: an update goes by where rows happen to lie."""
    ordered = Claim.objects.filter(condition).select_for_update(of=("self",)).order_by("pk")
    with transaction.atomic():
        return Claim.objects.filter(pk__in=ordered.values("pk")).update(resolve_at=now)


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
    campaign's id is never certain: it goes by its time, unless a campaign was assigned to it.
    """
    condition = Q(organization=organization_id)
    if campaign_id is not None:
        by_time = Q(platform_campaign_id="", assigned_campaign=None)
        condition &= Q(campaign=campaign_id) | Q(campaign=None) | by_time
    if game_id is not None:
        condition &= Q(game=game_id) | Q(game=None)
    if reward_id is not None:
        condition &= Q(reward=reward_id) | Q(reward=None)
    if platform_reward_id is not None:
        condition &= Q(platform_reward_id=platform_reward_id)
    mark_for_resolve(condition, now=timezone.now())


def on_link_changed(link: Link, now: datetime) -> None:
    """Mark the claims of a viewer whose link was made or has ended (L6, L7): the listener of :mod:`linking.hooks`.

    By the platform's user id, so that claims are found too that were not worked out even once.
    """
    viewer = link.viewer
    condition = Q(
        organization=viewer.organization_id, platform=viewer.platform, platform_user_id=viewer.platform_user_id
    )
    mark_for_resolve(condition, now=now)


def on_player_known(player: Player) -> None:
    """Mark what a viewer of the studio's own player claimed before the player was known: the listener of :mod:`linking.hooks`."""
    claims = Q(
        organization=player.game.organization_id, platform=STUDIO.key, platform_user_id=player.player_id, player=None
    )
    mark_for_resolve(claims, now=timezone.now())
