"""What becomes a notice: links made and ended, moves of claims, rewards earned. Listeners of the portal's hooks.

Each is called inside the transaction of what it tells, and reads nothing that depends on how many there are but in batches.
A person nobody knows, a viewer or player without an account here, is told nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db.models import Q

from campaigns.hooks import Earned
from campaigns.models import CampaignReward
from fulfillment.ledger import Moved
from fulfillment.models import Claim
from fulfillment.notices.readers import Readers, readers_of
from fulfillment.notices.writing import Draft, settle_earlier, write_notices
from fulfillment.rules.notices import Kind, kind_of_move
from linking.models import Link

BATCH = 1000


def on_link_changed(link: Link, now: datetime) -> None:
    """Tell the owner of the game account that it was linked or unlinked, whoever did it: the listener of linking.hooks."""
    user_id = link.player.user_id
    if user_id is None or link.end_reason == Link.EndReason.ERASED:
        return
    kind = Kind.LINKED if link.ended_at is None else Kind.UNLINKED
    draft = Draft(
        user_id=user_id,
        kind=kind,
        about=link.pk,
        organization_id=link.game.organization_id,
        game_id=link.game_id,
        viewer_id=link.viewer_id,
        link_id=link.pk,
    )
    write_notices([draft], now=now)


def on_authorization_lapsed(links: Sequence[Link], now: datetime) -> None:
    """Tell the owners of the game accounts that a platform names their consent no more: the listener of linking.hooks.

    Once for each viewer and time, however many games it is linked with.
    """
    drafts = {
        (link.player.user_id, link.viewer_id): Draft(
            user_id=link.player.user_id,
            kind=Kind.LAPSED,
            about=f"{link.viewer_id}:{now:%Y%m%d%H%M%S}",
            organization_id=link.game.organization_id,
            game_id=link.game_id,
            viewer_id=link.viewer_id,
            link_id=link.pk,
        )
        for link in links
        if link.player.user_id is not None
    }
    write_notices(list(drafts.values()), now=now)


def on_claims_moved(moves: Sequence[Moved], now: datetime) -> None:
    """Tell the owners of claims where their rewards are: the listener of :mod:`fulfillment.ledger`.

    One statement where none of them is known to the portal or nothing is news, five at most.
    """
    news = {
        move.claim_id: (kind, move) for move in moves if (kind := kind_of_move(move.before, move.after, move.reason))
    }
    if not news:
        return
    drafts = [_of_claim(row, *news[row["pk"]]) for row in _known_claims(list(news))]
    if not drafts:
        return
    earned = {(d.viewer_id, d.campaign_reward_id) for d in drafts if d.viewer_id and d.campaign_reward_id}
    settle_earlier([d.claim_id for d in drafts if d.claim_id], earned, now=now)
    write_notices(drafts, now=now)


def _known_claims(claim_ids: Sequence[str]) -> Sequence[Mapping[str, Any]]:
    """Return of these claims, as their rows are now, those of a person with an account."""
    known = Q(player__user__isnull=False) | Q(viewer__user__isnull=False)
    return list(
        Claim.objects.filter(known, pk__in=claim_ids).values(
            "pk",
            "organization_id",
            "game_id",
            "campaign_id",
            "campaign_reward_id",
            "viewer_id",
            "player__user_id",
            "viewer__user_id",
        )
    )


def _of_claim(row: Mapping[str, Any], kind: Kind, move: Moved) -> Draft:
    # What needs attention is told once for each reason, progress once for each claim.
    about = f"{row['pk']}:{move.reason}" if kind is Kind.ATTENTION else row["pk"]
    return Draft(
        user_id=row["player__user_id"] or row["viewer__user_id"],
        kind=kind,
        about=about,
        organization_id=row["organization_id"],
        game_id=row["game_id"],
        campaign_id=row["campaign_id"],
        campaign_reward_id=row["campaign_reward_id"],
        viewer_id=row["viewer_id"],
        claim_id=row["pk"],
        parameters={"state": move.after.value, "reason": str(move.reason)},
    )


def on_rewards_earned(earned: Sequence[Earned]) -> None:
    """Tell viewers who are known what they can claim now: the listener of :mod:`campaigns.hooks`.

    ``earned`` may be a whole audience that reached its minutes together, most of it unknown.
    """
    rows = CampaignReward.objects.filter(pk__in={one.campaign_reward_id for one in earned})
    places = {pk: (campaign, game) for pk, campaign, game in rows.values_list("pk", "campaign_id", "campaign__game_id")}
    for start in range(0, len(earned), BATCH):
        part = earned[start : start + BATCH]
        readers = readers_of({one.viewer_id for one in part}, games={game for _campaign, game in places.values()})
        write_notices(
            list(_of_earned(part, readers, places)),
            now=max(one.at for one in part),
        )


def _of_earned(earned: Sequence[Earned], readers: Readers, places: dict[str, tuple[str, str]]) -> Iterator[Draft]:
    for one in earned:
        if one.campaign_reward_id not in places:
            continue
        campaign_id, game_id = places[one.campaign_reward_id]
        user_id = readers.of(one.viewer_id, game_id)
        if user_id is not None:
            yield Draft(
                user_id=user_id,
                kind=Kind.EARNED,
                about=f"{one.viewer_id}:{one.campaign_reward_id}",
                organization_id=readers.organizations[one.viewer_id],
                game_id=game_id,
                campaign_id=campaign_id,
                campaign_reward_id=one.campaign_reward_id,
                viewer_id=one.viewer_id,
            )
