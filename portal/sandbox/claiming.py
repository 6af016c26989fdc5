"""A sandbox user claims a reward, and the portal is told by a signed webhook. Also: disconnecting the app."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction

from portal.sandbox.messages import (
    REVOKE_TYPE,
    Grant,
    Message,
    Subscription,
    kick_body,
    kick_message,
    twitch_challenge_body,
    twitch_disconnect_body,
    twitch_grant_body,
    twitch_message,
)
from portal.sandbox.models import (
    Application,
    CampaignReward,
    Claim,
    HeartbeatConnection,
    Platform,
    PlatformUser,
    SigningKey,
    Token,
    WebhookAttempt,
    new_platform_id,
    new_uuid,
)
from portal.sandbox.sending import Outcome, send
from portal.sandbox.signing import new_private_key


def private_key(platform: str) -> str:
    """The platform's private key in PEM form, made on first use."""
    return SigningKey.objects.get_or_create(platform=platform, defaults={"private_pem": new_private_key()})[
        0
    ].private_pem


def subscription_of(app: Application) -> Subscription:
    """The EventSub subscription that the studio's Twitch app has."""
    return Subscription(
        callback=app.webhook_url,
        secret=app.webhook_secret,
        organization_id=app.organization_id,
        client_id=app.client_id,
    )


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


def grants_message(
    *,
    app: Application,
    grants: Sequence[Grant],
    url: str,
    message_id: str,
    now: datetime,
    retry: int = 0,
) -> Message:
    """The signed webhook about ``grants``: one for Kick, any number for Twitch."""
    if app.platform == Platform.KICK:
        return kick_message(
            url=url,
            body=kick_body(grants[0]),
            private_pem=private_key(Platform.KICK),
            message_id=message_id,
            sent_at=now,
        )
    body = twitch_grant_body(subscription=subscription_of(app), grants=grants, sent_at=now)
    return twitch_message(
        url=url,
        body=body,
        secret=app.webhook_secret,
        message_id=message_id,
        sent_at=now,
        retry=retry,
    )


def send_claim(*, claim: Claim, now: datetime) -> WebhookAttempt:
    """Tell the portal about ``claim`` and record what came back. Sent again, it carries the same ids."""
    app = Application.objects.get(pk=claim.platform)
    message = grants_message(
        app=app,
        grants=[grant_of(claim)],
        url=app.webhook_url,
        message_id=claim.message_id,
        now=now,
        retry=WebhookAttempt.objects.filter(claim=claim).count(),
    )
    outcome = send(message)
    return WebhookAttempt.objects.create(
        claim=claim,
        sent_at=now,
        request_text=message.in_plain_words(),
        status=outcome.status,
        answer=outcome.answer,
        error=outcome.error,
        duration_ms=outcome.duration_ms,
    )


def send_challenge(*, app: Application, now: datetime) -> tuple[Outcome, bool]:
    """Send Twitch's first message to the webhook address; also whether the challenge came back exactly."""
    body, challenge = twitch_challenge_body(subscription=subscription_of(app), sent_at=now)
    outcome = send(
        twitch_message(
            url=app.webhook_url,
            body=body,
            secret=app.webhook_secret,
            message_id=new_uuid(),
            sent_at=now,
            message_type="webhook_callback_verification",
        )
    )
    return (
        outcome,
        outcome.accepted() and outcome.answer == challenge,
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


def announce_disconnect(*, user: PlatformUser, now: datetime) -> Outcome | None:
    """Twitch tells the portal by ``user.authorization.revoke``; Kick tells nobody (None)."""
    if user.platform != Platform.TWITCH:
        return None
    app = Application.objects.get(pk=user.platform)
    body = twitch_disconnect_body(
        subscription=subscription_of(app),
        user_id=user.user_id,
        user_login=user.login,
        user_name=user.display_name,
        sent_at=now,
    )
    return send(
        twitch_message(
            url=app.webhook_url,
            body=body,
            secret=app.webhook_secret,
            message_id=new_uuid(),
            sent_at=now,
            subscription_type=REVOKE_TYPE,
        )
    )
