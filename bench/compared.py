"""What the portal is compared with: the least a Django view can do, and webhook and delivery as usually written."""

from __future__ import annotations

from typing import Any

import orjson
from django.db import connection, transaction
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django_q.tasks import async_task
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from campaigns.models import CampaignPlatform, RewardPlatformId, Viewer
from fulfillment.message import delivery_body, signed_headers
from fulfillment.models import Claim, ClaimEvent, Delivery, DeliveryAttempt
from fulfillment.rules.codes import Code
from fulfillment.rules.states import State
from portal import http
from portal.models import PlatformCredential
from portal.platforms.kick.signatures import load_public_key, verify
from portal.tokens import hash_token


@csrf_exempt
def bare_insert(request: HttpRequest) -> HttpResponse:
    """Store the body as one row and answer: no signature, no parsing."""
    body = request.body.decode()
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO bench_row (body, at) VALUES (%s, %s)", [body, timezone.now().isoformat()])
    return HttpResponse(status=200)


class KickClaimSerializer(serializers.Serializer[Any]):
    claim_id = serializers.CharField(max_length=200)
    user_id = serializers.IntegerField(min_value=0)
    campaign_id = serializers.CharField(max_length=200)
    reward_id = serializers.CharField(max_length=200)
    external_id = serializers.CharField(max_length=200, required=False, allow_blank=True)


class UsualWebhook(APIView):
    """Verify, validate with a serializer, look everything up, ``get_or_create``, queue a task, answer."""

    def post(self, request: Request, token: str) -> Response:
        credential = PlatformCredential.objects.select_related("organization").get(url_token_hash=hash_token(token))
        raw = request._request.body
        headers = request.headers
        if not verify(
            public_keys=[load_public_key(credential.public_key)],
            message_id=headers["Kick-Event-Message-ID"],
            timestamp=headers["Kick-Event-Timestamp"],
            body=raw,
            signature=headers["Kick-Event-Signature"],
        ):
            return Response(status=401)
        form = KickClaimSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        data = form.validated_data
        organization = credential.organization
        viewer, _ = Viewer.objects.get_or_create(
            organization=organization, platform="kick", platform_user_id=str(data["user_id"])
        )
        there = CampaignPlatform.objects.select_related("campaign").get(
            organization=organization, platform="kick", platform_campaign_id=data["campaign_id"]
        )
        mapped = RewardPlatformId.objects.select_related("reward").get(
            organization=organization, platform="kick", platform_reward_id=data["reward_id"]
        )
        now = timezone.now()
        claim, created = Claim.objects.get_or_create(
            organization=organization,
            platform="kick",
            platform_claim_id=data["claim_id"],
            defaults={
                "platform_user_id": str(data["user_id"]),
                "platform_campaign_id": data["campaign_id"],
                "platform_reward_id": data["reward_id"],
                "viewer": viewer,
                "campaign": there.campaign,
                "reward": mapped.reward,
                "source": "webhook",
                "received_at": now,
                "state_changed_at": now,
                "raw": raw.decode(),
            },
        )
        if created:
            async_task("bench.compared.nothing", claim.pk)
        return Response(status=200)


def nothing(claim_id: str) -> None:
    """Stand for the task that a usual endpoint queues."""


def deliver(claim_id: str) -> None:
    """Deliver one claim as a queue's task does: read it, sign, send, and record what came of it in one transaction."""
    delivery = Delivery.objects.select_related(
        "claim__player", "claim__reward", "claim__game__endpoint", "claim__campaign", "claim__viewer"
    ).get(pk=claim_id)
    claim = delivery.claim
    assert claim.game is not None
    now = timezone.now()
    body = delivery_body(claim, now=now)
    headers = signed_headers(message_id=claim.pk, body=body, secrets_=(claim.game.endpoint.secret,), now=now)
    answer = http.send("POST", claim.game.endpoint.url, headers=headers, body=body.encode())
    if not answer.ok:
        raise RuntimeError(f"The game backend answered {answer.status}.")
    with transaction.atomic():
        DeliveryAttempt.objects.create(
            delivery=delivery, number=1, started_at=now, duration_ms=answer.duration_ms, status=answer.status
        )
        delivery.attempt, delivery.due_at, delivery.body = 1, None, body
        delivery.save(update_fields=["attempt", "due_at", "body"])
        before, claim.state, claim.reason = claim.state, State.DELIVERED.value, Code.DELIVERED.value
        claim.attempted_at, claim.delivered_at, claim.state_changed_at = now, timezone.now(), timezone.now()
        claim.save(update_fields=["state", "reason", "attempted_at", "delivered_at", "state_changed_at"])
        ClaimEvent.objects.create(
            claim=claim, at=now, from_state=before, to_state=claim.state, reason=claim.reason, actor_label="task"
        )


_PAGE_COLUMNS = (
    *("platform_claim_id", "platform_reward_id", "granted_at", "platform_user_id", "platform_category_id"),
    *("state", "state_changed_at"),
)


_BARE_COLUMNS = {
    "twitch": _PAGE_COLUMNS,
    "kick": (
        *("platform_claim_id", "platform_user_id", "platform_campaign_id", "platform_reward_id", "external_id"),
        *("state", "granted_at", "state_changed_at"),
    ),
}


def bare_page(request: HttpRequest, platform: str, organization: str, after: int) -> HttpResponse:
    """Read a thousand rows by the index that the product's lists use, and encode them: nobody asked who it is for."""
    columns = _BARE_COLUMNS[platform]
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {', '.join(columns)} FROM {Claim._meta.db_table} "
            "WHERE organization_id = %s AND listed_as = %s AND listed_no > %s ORDER BY listed_no LIMIT 1000",
            [organization, platform, after],
        )
        rows = [dict(zip(columns, row, strict=True)) for row in cursor.fetchall()]
    return HttpResponse(orjson.dumps({"data": rows}), content_type="application/json")


class ClaimSerializer(serializers.ModelSerializer[Claim]):
    class Meta:
        model = Claim
        fields = _PAGE_COLUMNS


class SerializedPage(APIView):
    """The same page by DRF's ModelSerializer."""

    def get(self, request: Request, organization: str, after: int) -> Response:
        claims = Claim.objects.filter(organization=organization, listed_as="twitch", listed_no__gt=after)
        return Response({"data": ClaimSerializer(claims.order_by("listed_no")[:1000], many=True).data})


def look_up(request: HttpRequest, claim_id: str) -> HttpResponse:
    """Find one row by its primary key and encode it."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {', '.join(_PAGE_COLUMNS)} FROM {Claim._meta.db_table} WHERE id = %s", [claim_id])
        row = dict(zip(_PAGE_COLUMNS, cursor.fetchone(), strict=True))
    return HttpResponse(orjson.dumps(row), content_type="application/json")
