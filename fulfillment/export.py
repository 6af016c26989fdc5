"""What is stored about one person, as JSON values (users' right to a copy). No secrets, nothing about other people's accounts."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db.models import QuerySet

from campaigns.models import Campaign, CampaignTester, EarnedReward, RegisteredIdentifier, Viewer
from campaigns.watch.progress import campaigns_of, minutes_of
from fulfillment.events.personal import export_events
from fulfillment.former_names import former_names_of
from fulfillment.models import Claim, ClaimEvent, Delivery, DeliveryAttempt
from fulfillment.notices.personal import (
    export_notices,
    export_preference,
    notices_about_player,
    notices_about_viewer,
)
from fulfillment.oauth.allowed import programs_of
from fulfillment.people.notes import notes_about
from linking.models import Link, Player
from portal.platforms.studio import STUDIO


def export_viewer(viewer: Viewer) -> dict[str, Any]:
    """Return all that the organization has about a viewer: the account, its links, its claims and what became of them."""
    testers = CampaignTester.objects.filter(
        campaign__organization=viewer.organization_id,
        platform=viewer.platform,
        platform_user_id=viewer.platform_user_id,
    )
    return {
        "viewer": {
            "id": viewer.pk,
            "organization": viewer.organization.name,
            "platform": viewer.platform,
            "user_id": viewer.platform_user_id,
            "login": viewer.login,
            "name": viewer.name,
            "first_seen_at": _time(viewer.created_at),
        },
        "links": [_link(link) for link in _links().filter(viewer=viewer)],
        "registrations": [_registration(row) for row in _registrations(viewer)],
        "tester_of": [{"campaign": str(row.campaign), "note": row.note} for row in testers.select_related("campaign")],
        "watch_time": _watch_time(viewer, Campaign.objects.all()),
        "earned": _earned(viewer, Campaign.objects.all()),
        "claims": _claims(Claim.objects.filter(viewer=viewer), message=True),
        "told_to_partners": export_events(_subjects(viewer=viewer), message=True),
        "notices": export_notices(notices_about_viewer(viewer)),
        **_kept_by_support(viewers=[viewer.pk]),
    }


def export_player(player: Player) -> dict[str, Any]:
    """Return all that the organization has about a game account: its links and what was delivered to it.

    Besides, what it watched and earned in the studio's own player: there the viewer is this player (I2).
    """
    viewers = Viewer.objects.filter(organization=player.game.organization_id, platform=STUDIO.key)
    own = viewers.filter(platform_user_id=player.player_id).first()
    campaigns = Campaign.objects.filter(game=player.game_id)
    return {
        "player": {
            "organization": player.game.organization.name,
            "game": player.game.name,
            "player_id": player.player_id,
            "name": player.name,
            "first_seen_at": _time(player.created_at),
        },
        "links": [_link(link) for link in _links().filter(player=player)],
        "watch_time": _watch_time(own, campaigns) if own else [],
        "earned": _earned(own, campaigns) if own else [],
        "claims": _claims(Claim.objects.filter(player=player), message=False),
        "told_to_partners": export_events(_subjects(player=player), message=False),
        "notices": export_notices(notices_about_player(player)),
        **_kept_by_support(players=[player.pk]),
        "by_email": export_preference(player),
        "programs": _programs(player),
    }


def _kept_by_support(*, viewers: Sequence[str] = (), players: Sequence[int] = ()) -> dict[str, Any]:
    """Return the names that somebody had before, and what staff wrote down about them; not which member of staff."""
    names = former_names_of(viewers=viewers, players=players)
    return {
        "former_names": [
            {"name": one.name, "from": _time(one.seen_from), "until": _time(one.seen_until)} for one in names
        ],
        "notes_of_staff": [
            {"at": _time(note.at), "text": note.text} for note in notes_about(viewers=viewers, players=players)
        ],
    }


def _programs(player: Player) -> list[dict[str, Any]]:
    """Return which of the organization's programs may act for the account."""
    allowed = programs_of(player.user, organization=player.game.organization) if player.user else []
    return [
        {"program": str(one.client), "allowed_at": _time(one.since), "scopes": sorted(one.scopes)} for one in allowed
    ]


def _watch_time(viewer: Viewer, campaigns: QuerySet[Campaign]) -> list[dict[str, Any]]:
    """Return how many minutes the portal counted in each campaign."""
    part = campaigns.filter(pk__in=campaigns_of([viewer.pk]).get(viewer.pk, set()))
    names = dict(part.values_list("pk", "name"))
    minutes = minutes_of(viewer_ids=[viewer.pk], campaign_ids=list(names))
    return [
        {"campaign": names[campaign], "watched_minutes": counted.watched, "streamed_minutes": counted.broadcast}
        for (_viewer, campaign), counted in sorted(minutes.items())
    ]


def _earned(viewer: Viewer, campaigns: QuerySet[Campaign]) -> list[dict[str, Any]]:
    earned = EarnedReward.objects.filter(viewer=viewer, campaign_reward__campaign__in=campaigns)
    rows = earned.select_related("campaign_reward__reward", "campaign_reward__campaign")
    return [
        {
            "reward": str(row.campaign_reward),
            "campaign": str(row.campaign_reward.campaign),
            "earned_at": _time(row.earned_at),
        }
        for row in rows.order_by("pk")
    ]


def _subjects(**person: Any) -> set[str]:
    """Return the ids of a person's claims and links: what events are about."""
    claims = Claim.objects.filter(**person).values_list("pk", flat=True)
    return {*claims, *Link.objects.filter(**person).values_list("pk", flat=True)}


def _links() -> QuerySet[Link]:
    return Link.objects.select_related("viewer", "player__game").order_by("pk")


def _registrations(viewer: Viewer) -> QuerySet[RegisteredIdentifier]:
    tokens = ("access_token", "refresh_token")
    return RegisteredIdentifier.objects.filter(viewer=viewer).defer(*tokens).select_related("credential").order_by("pk")


def _registration(row: RegisteredIdentifier) -> dict[str, Any]:
    """Tell by which identifier the platform names the viewer in heartbeats, and since when. No tokens."""
    return {
        "platform": row.credential.platform,
        "identifier": row.viewer_id,
        "state": row.state,
        "wanted_at": _time(row.wanted_at),
        "registered_at": _time(row.registered_at),
        "checked_at": _time(row.checked_at),
    }


def _link(link: Link) -> dict[str, Any]:
    return {
        "id": link.pk,
        "game": link.player.game.name,
        "player_id": link.player.player_id,
        "platform": link.platform,
        "platform_user_id": link.viewer.platform_user_id,
        "scopes": link.scopes.split(),
        "started_at": _time(link.started_at),
        "ended_at": _time(link.ended_at),
        "end_reason": link.end_reason,
    }


def _claims(claims: QuerySet[Claim], *, message: bool) -> list[dict[str, Any]]:
    rows = claims.select_related("reward", "campaign", "player").order_by("pk")
    ids = list(rows.values_list("pk", flat=True))
    events = _by_claim(ClaimEvent.objects.filter(claim__in=ids).order_by("at", "pk"), "claim_id")
    attempts = _by_claim(DeliveryAttempt.objects.filter(delivery__in=ids).order_by("number"), "delivery_id")
    bodies = dict(Delivery.objects.filter(pk__in=ids).values_list("pk", "body"))
    return [
        {
            "id": claim.pk,
            "platform": claim.platform,
            "platform_claim_id": claim.platform_claim_id,
            "user_id": claim.platform_user_id,
            "user_name": claim.platform_user_name,
            "reward": str(claim.reward) if claim.reward else None,
            "campaign": str(claim.campaign) if claim.campaign else None,
            "player_id": claim.player.player_id if claim.player else None,
            "granted_at": _time(claim.granted_at),
            "received_at": _time(claim.received_at),
            "delivered_at": _time(claim.delivered_at),
            "state": claim.state,
            "reason": claim.reason,
            "partner_status": claim.partner_status,
            "message": claim.raw if message else None,
            "delivered": bodies.get(claim.pk, ""),
            "history": [
                {"at": _time(one.at), "from": one.from_state, "to": one.to_state, "reason": one.reason}
                for one in events.get(claim.pk, [])
            ],
            "attempts": [
                {"at": _time(one.started_at), "status": one.status, "answer": one.answer}
                for one in attempts.get(claim.pk, [])
            ],
        }
        for claim in rows
    ]


def _by_claim(rows: QuerySet[Any], name: str) -> dict[str, list[Any]]:
    grouped: dict[str, list[Any]] = {}
    for row in rows:
        grouped.setdefault(getattr(row, name), []).append(row)
    return grouped


def _time(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None
