"""The platforms tell the studio's app by signed webhooks: of claims, of a user who disconnects, of streams, of revocations."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from portal.sandbox import eventsub, messages
from portal.sandbox.claiming import grant_of, private_key
from portal.sandbox.eventsub import meets, twitch_targets
from portal.sandbox.messages import DROP_TYPE, REVOKE_TYPE, Message, rfc3339
from portal.sandbox.models import (
    Application,
    Claim,
    EventSubscription,
    Platform,
    PlatformUser,
    Stream,
    SubscriptionStatus,
    WebhookAttempt,
    new_ulid,
    new_uuid,
)
from portal.sandbox.webhooks import Told, tell

NOBODY_ASKED = "No enabled subscription asks for it."
#: How much of each request is kept, in characters of its body.
KEPT_OF_ONE, KEPT_OF_MANY = 4000, 600


@dataclass(frozen=True)
class Notice:
    """A message about some claims, to a subscription of Twitch's; without a message it is about those nobody is told of."""

    message: Message | None
    claims: tuple[Claim, ...]
    subscription_id: str = ""


def announce_claims(
    claims: Sequence[Claim], *, now: datetime, batch: int = 1, senders: int = 1
) -> tuple[list[Told], list[WebhookAttempt]]:
    """Tell of ``claims``, of the same platform, and record for each what became of it.

    Twitch puts ``batch`` of them in a message, Kick one. Told again, a claim comes under the same ids. The claims need
    their users and entries loaded.
    """
    platform = claims[0].platform
    notices = list(_kick_notices(claims, now) if platform == Platform.KICK else _twitch_notices(claims, batch, now))
    sent = [(notice, notice.message) for notice in notices if notice.message is not None]
    told = tell(platform=platform, messages=[message for _, message in sent], senders=senders)
    last = {notice.subscription_id: one for (notice, _), one in zip(sent, told, strict=True)}
    for subscription_id, one in last.items():
        eventsub.note(subscription_id, one, now=now)
    kept = KEPT_OF_ONE if len(claims) == 1 else KEPT_OF_MANY
    attempts = [
        attempt
        for (notice, _), one in zip(sent, told, strict=True)
        for claim in notice.claims
        for attempt in _attempts(claim, one, now=now, kept=kept)
    ]
    attempts += [
        WebhookAttempt(claim=claim, sent_at=now, error=f"Not sent. {NOBODY_ASKED}", duration_ms=0)
        for notice in notices
        if notice.message is None
        for claim in notice.claims
    ]
    return told, WebhookAttempt.objects.bulk_create(attempts, batch_size=500)


def send_claim(*, claim: Claim, now: datetime) -> WebhookAttempt:
    """Tell of one claim and return what became of it the last time it was sent."""
    return announce_claims([claim], now=now)[1][-1]


def _attempts(claim: Claim, told: Told, *, now: datetime, kept: int) -> Iterator[WebhookAttempt]:
    if not told.outcomes:
        yield WebhookAttempt(claim=claim, sent_at=now, error=told.in_plain_words()[:500], duration_ms=0)
    for outcome in told.outcomes:
        yield WebhookAttempt(
            claim=claim,
            sent_at=now,
            request_text=told.message.in_plain_words(body_limit=kept),
            status=outcome.status,
            answer=outcome.answer,
            error=outcome.error,
            duration_ms=outcome.duration_ms,
        )


def _kick_notices(claims: Sequence[Claim], now: datetime) -> Iterator[Notice]:
    """Kick sends claims to the organization's webhook URL, subscribed or not (Kick, Drops guide, Fulfillment)."""
    url, pem = Application.objects.get(pk=Platform.KICK).webhook_url, private_key(Platform.KICK)
    for claim in claims:
        body = messages.kick_body(grant_of(claim))
        message_id = claim.message_id
        message = messages.kick_message(url=url, body=body, private_pem=pem, message_id=message_id, sent_at=now)
        yield Notice(message, (claim,))


def _twitch_notices(claims: Sequence[Claim], batch: int, now: datetime) -> Iterator[Notice]:
    untold = {claim.pk: claim for claim in claims}
    retries = _times_told(claims) if len(claims) == 1 else 0
    for place, subscription in enumerate(twitch_targets(DROP_TYPE)):
        for some in _batches(claims, subscription, batch):
            body = messages.twitch_grant_body(
                subscription=subscription, grants=[grant_of(claim) for claim in some], sent_at=now
            )
            # Another subscription is told by a message of its own.
            first = some[0].message_id
            message = messages.twitch_message(
                url=subscription.callback,
                body=body,
                secret=subscription.secret,
                message_id=first if place == 0 else str(uuid.uuid5(uuid.NAMESPACE_OID, first + subscription.id)),
                sent_at=now,
                retry=retries,
            )
            for claim in some:
                untold.pop(claim.pk, None)
            yield Notice(message, tuple(some), subscription.id)
    if untold:
        yield Notice(None, tuple(untold.values()))


def _batches(claims: Sequence[Claim], subscription: messages.Subscription, size: int) -> Iterator[list[Claim]]:
    """Those of ``claims`` that the subscription asks for, in messages about one campaign each."""
    by_campaign: defaultdict[str, list[Claim]] = defaultdict(list)
    for claim in claims:
        campaign = claim.entry.campaign
        facts = {
            "organization_id": subscription.organization_id,
            "category_id": campaign.category.category_id,
            "campaign_id": campaign.campaign_id,
        }
        if meets(subscription, facts):
            by_campaign[campaign.campaign_id].append(claim)
    for some in by_campaign.values():
        for start in range(0, len(some), size):
            yield some[start : start + size]


def _times_told(claims: Sequence[Claim]) -> int:
    return WebhookAttempt.objects.filter(claim=claims[0]).exclude(request_text="").count()


def announce_disconnect(*, user: PlatformUser, now: datetime) -> list[Told] | None:
    """Twitch tells the app by ``user.authorization.revoke``; Kick tells nobody (None)."""
    if user.platform != Platform.TWITCH:
        return None
    app = Application.objects.get(pk=Platform.TWITCH)
    event = {"user_id": user.user_id, "user_login": user.login, "user_name": user.display_name}
    return _announce(REVOKE_TYPE, facts={"client_id": app.client_id}, event=event, now=now)


def announce_stream(*, stream: Stream, now: datetime) -> list[Told]:
    """Tell that a stream has begun, or that it has ended."""
    if stream.channel.platform == Platform.KICK:
        return _announce_livestream(stream, now=now)
    channel = stream.channel
    facts = {"broadcaster_user_id": channel.user_id}
    event = {"broadcaster_user_login": channel.login, "broadcaster_user_name": channel.display_name}
    if stream.ended_at is not None:
        return _announce(eventsub.STREAM_OFFLINE, facts=facts, event=event, now=now)
    begun = {"id": stream.stream_id, "type": "live", "started_at": rfc3339(stream.started_at)}
    return _announce(eventsub.STREAM_ONLINE, facts=facts, event=event | begun, now=now)


def _announce(kind: str, *, facts: dict[str, str], event: dict[str, str], now: datetime) -> list[Told]:
    """Tell Twitch's subscriptions that ask for it of one event, and keep what came back."""
    targets = [target for target in twitch_targets(kind) if meets(target, facts)]
    built = [
        messages.twitch_message(
            url=target.callback,
            body=messages.twitch_event_body(
                subscription=target, kind=kind, condition=dict(facts), event=facts | event, sent_at=now
            ),
            secret=target.secret,
            message_id=new_uuid(),
            sent_at=now,
            subscription_type=kind,
        )
        for target in targets
    ]
    told = tell(platform=Platform.TWITCH, messages=built)
    for target, one in zip(targets, told, strict=True):
        eventsub.note(target.id, one, now=now)
    return told


def _announce_livestream(stream: Stream, *, now: datetime) -> list[Told]:
    """Kick, Webhook Payloads, Livestream Status Updated: to the app's one webhook URL, if it subscribed to the channel."""
    url = Application.objects.get(pk=Platform.KICK).webhook_url
    condition = eventsub.condition_text({"broadcaster_user_id": stream.channel.user_id})
    mine = EventSubscription.objects.filter(
        platform=Platform.KICK,
        type=eventsub.LIVESTREAM,
        condition_text=condition,
        status=SubscriptionStatus.ENABLED,
    )
    subscriptions = list(mine.order_by("pk"))
    built = [
        messages.kick_event_message(
            url=url,
            body=messages.to_json(_livestream_body(stream)),
            private_pem=private_key(Platform.KICK),
            message_id=new_ulid(),
            sent_at=now,
            subscription_id=subscription.subscription_id,
            kind=eventsub.LIVESTREAM,
        )
        for subscription in subscriptions
    ]
    told = tell(platform=Platform.KICK, messages=built)
    for subscription, one in zip(subscriptions, told, strict=True):
        eventsub.note(subscription.subscription_id, one, now=now)
    return told


def _livestream_body(stream: Stream) -> dict[str, Any]:
    channel, ended_at = stream.channel, stream.ended_at
    return {
        "broadcaster": {
            "is_anonymous": False,
            "user_id": int(channel.user_id),
            "username": channel.display_name,
            "is_verified": False,
            "profile_picture": "",
            "channel_slug": channel.login,
            "identity": None,
        },
        "is_live": ended_at is None,
        "title": stream.title,
        "started_at": rfc3339(stream.started_at),
        "ended_at": None if ended_at is None else rfc3339(ended_at),
    }


def revoke(*, subscription: EventSubscription, status: str, now: datetime) -> Told | None:
    """End a subscription as its platform would. Twitch tells of it (what came back); Kick does not, and forgets it (None)."""
    if subscription.platform == Platform.KICK:
        subscription.delete()
        return None
    if not eventsub.end(subscription=subscription, status=status):
        return None
    subscription.refresh_from_db()
    (told,) = tell(platform=Platform.TWITCH, messages=[eventsub.revocation(subscription, now=now)])
    eventsub.note(subscription.subscription_id, told, now=now)
    return told
