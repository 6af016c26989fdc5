"""A sandbox user claims a reward, or disconnects the app. The portal is told by ``announcing``."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from portal.sandbox.messages import Grant
from portal.sandbox.models import (
    CampaignReward,
    Claim,
    HeartbeatConnection,
    PlatformUser,
    SigningKey,
    Token,
    new_platform_id,
    new_uuid,
)
from portal.sandbox.signing import new_private_key


def private_key(platform: str) -> str:
    """The platform's private key in PEM form, made on first use."""
    return SigningKey.objects.get_or_create(platform=platform, defaults={"private_pem": new_private_key()})[
        0
    ].private_pem


def record_claim(*, user: PlatformUser, entry: CampaignReward, now: datetime) -> Claim:
    """Store that ``user`` claimed the reward of ``entry``. The same reward may be claimed again."""
    if user.platform != entry.campaign.platform:
        raise ValueError("The user and the campaign are of different platforms.")
    return Claim.objects.create(
        platform=user.platform,
        claim_id=new_platform_id(user.platform),
        user=user,
        entry=entry,
        claimed_at=now,
        message_id=new_platform_id(user.platform),
        event_id=new_uuid(),
    )


def grant_of(claim: Claim) -> Grant:
    """What the webhook says about ``claim``."""
    entry, user = claim.entry, claim.user
    return Grant(
        claim_id=claim.claim_id,
        user_id=user.user_id,
        user_login=user.login,
        user_name=user.display_name,
        campaign_id=entry.campaign.campaign_id,
        reward_id=entry.reward.reward_id,
        external_id=entry.reward.external_id,
        category_id=entry.campaign.category.category_id,
        category_name=entry.campaign.category.name,
        claimed_at=claim.claimed_at,
        event_id=claim.event_id,
    )


@transaction.atomic
def disconnect(*, user: PlatformUser, now: datetime) -> None:
    """End the studio's app for ``user``, as in the platform's connection settings.

    No token works any more, and heartbeats do not name the user.
    """
    HeartbeatConnection.objects.filter(user=user).delete()
    tokens = Token.objects.filter(user=user)
    tokens.filter(revoked_at=None).update(revoked_at=now)
    tokens.filter(refresh_revoked_at=None).update(refresh_revoked_at=now)
    PlatformUser.objects.filter(pk=user.pk).update(authorized_at=None, scopes="")
