"""How long fulfillment keeps what it does not need for ever (F8). Claims, their history and deliveries stay."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from allauth.idp.oidc.models import Token
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from fulfillment.api.points import WINDOW_SECONDS
from fulfillment.events.personal import remove_events
from fulfillment.models import (
    Alert,
    AlertMessage,
    ApiUse,
    ArrivalCount,
    BulkOperation,
    Claim,
    CodeImport,
    DeliveryAttempt,
    DeliveryTally,
    Event,
    KeptMessage,
    Notice,
    PaceTally,
    ReportFile,
    WebhookTally,
)
from fulfillment.rules.notices import Kind as NoticeKind
from portal.ids import first_ulid_at
from portal.models import ApiTally
from portal.retention import Kind, add_kinds
from portal.tombstones import ERASED

EXPIRED = "expired"
"""Stands in a claim for the message that was removed: an empty one would be filled by a late arrival (F1)."""


def _messages(before: datetime) -> QuerySet[Claim]:
    # Claims are numbered as they arrive, so their key tells the time; there is no index on the time itself.
    return Claim.objects.filter(pk__lt=first_ulid_at(before), received_at__lt=before).exclude(
        raw__in=("", EXPIRED, ERASED)
    )


def _blank_messages(rows: QuerySet[Any]) -> int:
    return rows.update(raw=EXPIRED)


def _answers(before: datetime) -> QuerySet[DeliveryAttempt]:
    return DeliveryAttempt.objects.filter(started_at__lt=before).exclude(answer="")


def _blank_answers(rows: QuerySet[Any]) -> int:
    return rows.update(answer="")


def _notices(before: datetime) -> QuerySet[Notice]:
    # That somebody hid a campaign's hint is known for as long as it could be shown again.
    hidden = Q(kind=NoticeKind.ELIGIBLE, campaign__ends_at__gte=before)
    return Notice.objects.filter(created_at__lt=before).exclude(hidden)


def _uses(before: datetime) -> QuerySet[ApiUse]:
    # A client's own row stays: it tells when the client last asked.
    return ApiUse.objects.filter(minute__lt=int(before.timestamp()) // WINDOW_SECONDS).exclude(who="")


def _alert_messages(before: datetime) -> QuerySet[AlertMessage]:
    # That a channel was told of an alert is known while the alert lasts, or the channel would be told of it anew.
    told = Q(about=AlertMessage.About.OPENED)
    return AlertMessage.objects.filter(~told | Q(alert__closed_at__lt=before), created_at__lt=before)


def _tokens(before: datetime) -> QuerySet[Any]:
    return Token.objects.filter(expires_at__lte=before)


add_kinds(
    Kind("claim_messages", _("what a platform sent with a claim"), 180, _messages, _blank_messages),
    Kind("delivery_answers", _("what a game backend answered to a delivery"), 90, _answers, _blank_answers),
    Kind("events", _("what was told to subscribers"), 30, lambda t: Event.objects.filter(at__lt=t), remove_events),
    Kind("kept_messages", _("unreadable messages"), 90, lambda t: KeptMessage.objects.filter(received_at__lt=t)),
    Kind("webhook_tallies", _("webhook counts"), 400, lambda t: WebhookTally.objects.filter(hour__lt=t)),
    Kind("api_tallies", _("counts of calls to platforms"), 90, lambda t: ApiTally.objects.filter(hour__lt=t)),
    Kind("delivery_tallies", _("counts of deliveries"), 90, lambda t: DeliveryTally.objects.filter(hour__lt=t)),
    Kind("pace_tallies", _("how fast claims were delivered"), 90, lambda t: PaceTally.objects.filter(hour__lt=t)),
    Kind("arrival_counts", _("what brought claims"), 400, lambda t: ArrivalCount.objects.filter(hour__lt=t)),
    Kind(
        "report_files",
        _("platforms' reports, as they came"),
        400,
        lambda t: ReportFile.objects.filter(fetched_at__lt=t),
    ),
    Kind("bulk_actions", _("finished bulk actions"), 400, lambda t: BulkOperation.objects.filter(finished_at__lt=t)),
    Kind(
        "code_imports",
        _("codes that were read and not imported"),
        1,
        lambda t: CodeImport.objects.filter(created_at__lt=t),
    ),
    Kind("alerts", _("alerts that are over"), 400, lambda t: Alert.objects.filter(closed_at__lt=t)),
    Kind("alert_messages", _("what was told of alerts"), 90, _alert_messages),
    Kind("notices", _("what people were told about their links and rewards"), 180, _notices),
    Kind("api_uses", _("how often a player's program asked"), 30, _uses),
    Kind("api_tokens", _("tokens of the partner API, once they have expired"), 0, _tokens),
)
