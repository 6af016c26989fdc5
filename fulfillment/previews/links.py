"""Links to a preview that can be sent: made, found, taken back (S5)."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction

from campaigns.models import Campaign
from fulfillment.models import CampaignPreview
from portal import audit
from portal.models import User
from portal.tokens import hash_token, new_token

DAYS = (1, 7, 30)
USUAL_DAYS = 7


def make_link(campaign: Campaign, *, days: int, actor: User | None, now: datetime) -> tuple[CampaignPreview, str]:
    """Make a link that lasts so many days, and return it with its token, which cannot be told again.

    Raises:
        ValueError: ``days`` is none of :data:`DAYS`.
    """
    if days not in DAYS:
        raise ValueError(f"a preview lasts {DAYS} days")
    token = new_token()
    with transaction.atomic():
        link = CampaignPreview.objects.create(
            campaign=campaign,
            token_hash=hash_token(token),
            made_by=actor,
            made_at=now,
            expires_at=now + timedelta(days=days),
        )
        _record(link, "made a preview link", {"until": link.expires_at.isoformat()}, actor, now)
    return link, token


def find_campaign_of(token: str, *, now: datetime) -> str | None:
    """Return the id of the campaign that a token previews; None for a wrong, expired or revoked one."""
    found = CampaignPreview.objects.filter(token_hash=hash_token(token), revoked_at=None, expires_at__gt=now)
    return found.values_list("campaign", flat=True).first()


def revoke_link(link_id: str, *, campaign: Campaign, actor: User | None, now: datetime) -> bool:
    """Take a link back at once; False where it is none of this campaign's, or is no longer good anyway."""
    with transaction.atomic():
        good = CampaignPreview.objects.filter(pk=link_id, campaign=campaign, revoked_at=None, expires_at__gt=now)
        if not good.update(revoked_at=now):
            return False
        link = CampaignPreview.objects.select_related("campaign__organization").get(pk=link_id)
        _record(link, "took back a preview link", {"until": now.isoformat()}, actor, now)
    return True


def _record(link: CampaignPreview, action: str, after: dict[str, object], actor: User | None, now: datetime) -> None:
    audit.record(
        actor=actor,
        action=action,
        obj=link.campaign,
        organization=link.campaign.organization,
        after={"link": link.pk, **after},
        now=now,
    )
