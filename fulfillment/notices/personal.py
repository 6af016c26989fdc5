"""A person's notices as personal data (F8): which are about a viewer or a player, to be counted, erased and handed out."""

from __future__ import annotations

from typing import Any

from django.db.models import Q, QuerySet

from campaigns.models import Viewer
from fulfillment.models import Notice, NoticePreference
from fulfillment.notices.writing import groups_of
from linking.models import Player


def notices_about_viewer(viewer: Viewer) -> QuerySet[Notice]:
    """Return what was told, to whomever, about what this viewer earned, claimed and was linked to."""
    return Notice.objects.filter(viewer=viewer)


def notices_about_player(player: Player) -> QuerySet[Notice]:
    """Return what the owner of this game account was told about its game."""
    theirs = Q(link__player=player) | Q(claim__player=player)
    if player.user_id is not None:
        theirs |= Q(user=player.user_id, game=player.game_id)
    return Notice.objects.filter(theirs)


def export_notices(notices: QuerySet[Notice]) -> list[dict[str, Any]]:
    """Return these notices as JSON values."""
    rows = notices.select_related("game", "campaign", "campaign_reward__reward").order_by("pk")
    return [
        {
            "kind": row.kind,
            "game": row.game.name if row.game else None,
            "campaign": row.campaign.name if row.campaign else None,
            "reward": str(row.campaign_reward) if row.campaign_reward else None,
            "claim": row.claim_id,
            "link": row.link_id,
            "details": row.parameters,
            "at": row.created_at.isoformat(),
            "read_at": row.read_at.isoformat() if row.read_at else None,
            "emailed_at": row.emailed_at.isoformat() if row.emailed_at else None,
        }
        for row in rows
    ]


def export_preference(player: Player) -> list[str]:
    """Return which groups of notices the owner of a game account has sent by e-mail."""
    preference = NoticePreference.objects.filter(user=player.user_id).first() if player.user_id else None
    return sorted(groups_of(preference)) if preference else []
