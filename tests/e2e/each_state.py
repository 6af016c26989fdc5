"""Beside one of each thing, one in each state that has a look of its own."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from campaigns.cloning import clone_campaign
from campaigns.game_state.recording import RecordedLine, record_lines
from campaigns.heartbeats.sources import new_address
from campaigns.models import Campaign, CampaignReward, Channel, GameEvent, Heartbeat, HeartbeatSource
from fulfillment import bulk, bulk_approval, bulk_course
from fulfillment.api_clients import rotate_secret
from fulfillment.models import (
    ApiClient,
    BulkOperation,
    Claim,
    CodePool,
    DeliveryAttempt,
    EventDelivery,
    KeptMessage,
    PlatformSubscription,
    ReportDay,
    ReportGrant,
    Sweep,
    WebhookTally,
)
from fulfillment.rules.codes import Code
from fulfillment.rules.states import State
from portal.models import PlatformCredential, User
from portal.roles import Role
from tests.factories import (
    make_channel,
    make_event,
    make_game,
    make_game_session,
    make_reward,
    make_staff,
    make_subscription,
)
from tests.fulfillment.admin.story import REASON_OF, Studio

SECOND = "second"
"""The user name of another producer, who asks for what the first decides."""
REASON = "The backend was down from noon on, and whoever claimed in that hour waits for what was promised to them."
DRIFT = (
    (Code.REWARD_UNKNOWN, {"platform_reward_id": "unknown-1", "platform_campaign_id": "unknown-2"}),
    (Code.CAMPAIGN_UNKNOWN, {"platform_reward_id": "unknown-3", "platform_campaign_id": "unknown-4"}),
    (Code.REWARD_NOT_IN_CAMPAIGN, {"platform_reward_id": "unknown-5", "platform_campaign_id": "unknown-6"}),
)


class Here(Studio):
    """The demo's own studio, to have claims made in it."""

    def __init__(self, campaign: Campaign) -> None:
        self.campaign, self.organization, self.game = campaign, campaign.organization, campaign.game
        self.offer = campaign.rewards.select_related("reward").order_by("position", "pk")[0]
        self.reward = self.offer.reward


def make_states(campaign: Campaign, actor: User, now: datetime) -> None:
    """Make them in that campaign's organization; ``actor`` is who will look at them."""
    here = Here(campaign)
    second = make_staff(here.organization, Role.PRODUCER, username=SECOND, display_name="Second producer")
    for state in State:
        claim = here.claim(state, REASON_OF.get(state, ""), external_id="starfall.unknown")
        if claim.attempted_at:
            values = {"number": 1, "started_at": now, "duration_ms": 1234, "status": 503, "error": "status:503"}
            DeliveryAttempt.objects.create(delivery=claim.delivery, **values)
    for code, ids in DRIFT:
        known = {"reward": here.reward} if code is not Code.REWARD_UNKNOWN else {}
        here.claim(State.QUARANTINED, code.value, **ids, **known)
    _bulk_operations(here, actor, second, now)
    _events(here, actor, now)
    _platforms(here, now)
    _heartbeats(here, now)
    _to_be_deleted(here, actor, now)


def _bulk_operations(here: Here, actor: User, second: User, now: datetime) -> None:
    """An operation in each status, some asked for by who looks, some by the other."""
    claims = Claim.objects.filter(organization=here.organization, state=State.FAILED)

    def asked(by: User, *, waits: bool = False) -> BulkOperation:
        here.organization.approval_above = 0 if waits else 1000
        here.organization.save(update_fields=["approval_above"])
        operation = bulk.choose_claims(organization=here.organization, action="retry", claims=claims, actor=by, now=now)
        bulk.confirm(operation=operation, reason=REASON, actor=by, now=now)
        operation.refresh_from_db()
        return operation

    asked(actor, waits=True)
    asked(second, waits=True)
    bulk_approval.refuse(operation=asked(second, waits=True), actor=actor, reason=REASON, now=now)
    bulk_approval.withdraw(operation=asked(actor, waits=True), actor=actor, now=now)
    expired = asked(actor, waits=True)
    BulkOperation.objects.filter(pk=expired.pk).update(status="expired", finished_at=now)
    asked(actor)
    bulk_course.pause(operation=asked(actor), actor=actor, now=now)
    by_itself = asked(second)
    BulkOperation.objects.filter(pk=by_itself.pk).update(status="paused", due_at=None, halted_at=now)
    bulk_course.cancel(operation=asked(actor), actor=actor, reason=REASON, now=now)
    done = asked(actor)
    BulkOperation.objects.filter(pk=done.pk).update(
        status="finished", due_at=None, finished_at=now, position=done.total, done=done.total
    )
    here.organization.approval_above = 1000
    here.organization.save(update_fields=["approval_above"])


def _events(here: Here, actor: User, now: datetime) -> None:
    """Outgoing events that did not arrive, chosen to be sent again; and an event of the game, with its recording."""
    subscription = make_subscription(here.organization, enabled=True, name="Warehouse")
    for _one in range(2):
        make_event(subscription, at=now)
    sent = EventDelivery.objects.filter(subscription=subscription)
    sent.update(progress="failed", due_at=None, finished_at=now, attempts_left=0)
    for status in ("chosen", "running"):
        operation = bulk.choose_event_deliveries(organization=here.organization, deliveries=sent, actor=actor, now=now)
        if status == "running":
            bulk.confirm(operation=operation, reason=REASON, actor=actor, now=now)
    offer = CampaignReward.objects.filter(campaign__organization=here.organization, rule="game_event")[0]
    channel = Channel.objects.filter(organization=here.organization).order_by("pk")[0]
    session = make_game_session(offer.campaign.game, channel)
    GameEvent.objects.create(session=session, campaign_reward=offer, number=1, at=now, value='"dead"')
    record_lines(session.pk, [RecordedLine(now, "connect", '{"boss": "alive"}')], now=now)


def _platforms(here: Here, now: datetime) -> None:
    """What platforms sent and were asked for."""
    credential = PlatformCredential.objects.get(organization=here.organization, platform="twitch")
    KeptMessage.objects.create(
        credential=credential, received_at=now, message_id="m-1", problem="not JSON", body=b'{"data": [{"id": ' * 20
    )
    WebhookTally.objects.create(credential=credential, hour=now, outcome="accepted", count=1234, last_at=now)
    for state in PlatformSubscription.State:
        PlatformSubscription.objects.create(
            credential=credential, type="drop.entitlement.grant", subject=f"organization {state}", state=state
        )
    Sweep.objects.create(credential=credential, started_at=now, finished_at=now, pages=3, listed=250, found=2)
    ReportGrant.objects.create(credential=credential, granted_at=now, platform_login="northwind", fetched_at=now)
    for day in range(5):
        values = {"Claims": str(120 + day), "Minutes Watched": str(900 * day)}
        at = (now - timedelta(days=day)).date()
        ReportDay.objects.create(credential=credential, platform_game_id="509658", day=at, values=values)


def _heartbeats(here: Here, now: datetime) -> None:
    """A heartbeat with each outcome."""
    source = HeartbeatSource.objects.filter(game=here.game).order_by("pk")[0]
    for number, outcome in enumerate(Heartbeat.Outcome):
        Heartbeat.objects.create(
            source=source,
            heartbeat_id=f"beat-{number}",
            sent_at=now,
            received_at=now,
            broadcaster="a-very-long-name-of-somebody-who-streams-all-day",
            game_name="Starfall",
            viewers=1234,
            listed=1000,
            digest=b"0" * 16,
            outcome=outcome,
        )


def _to_be_deleted(here: Here, actor: User, now: datetime) -> None:
    """What nothing uses, so that the admin offers to delete it; and what has a secret or an address before its present one."""
    make_channel(here.organization)
    make_game(here.organization)
    make_reward(here.game)
    CodePool.objects.create(organization=here.organization, reward=make_reward(here.game), name="Spare keys")
    overlap = timedelta(days=1)
    source = HeartbeatSource.objects.filter(game=here.game).order_by("-pk")[0]
    new_address(source=source, keep_previous_for=overlap, actor=actor, now=now)
    client = ApiClient.objects.filter(organization=here.organization).order_by("-pk")[0]
    rotate_secret(client=client, overlap=overlap, actor=actor, now=now)
    made: dict[str, Any] = {"campaign_id": here.campaign.pk, "key": "cancelled", "days": 300, "copies": 1}
    (cancelled,) = clone_campaign(**made, name="A cancelled one", actor=actor, now=now)
    Campaign.objects.filter(pk=cancelled.pk).update(status=Campaign.Status.CANCELLED)
