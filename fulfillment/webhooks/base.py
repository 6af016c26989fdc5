"""Receiving a signed webhook, the same for every platform: find, read, verify, parse, record, answer (P0 to P5).

The content type is not looked at: the signature says who sent the bytes, and whether they are JSON the bytes say.
"""

from __future__ import annotations

import hashlib
import logging
from abc import ABC, abstractmethod
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse, UnreadablePostError
from django.utils import timezone
from rest_framework.exceptions import APIException
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from fulfillment.models import KeptMessage
from fulfillment.webhooks.receivers import find_receiver
from fulfillment.webhooks.tally import tallies
from portal.inbound import TooLarge, answer, read_body
from portal.models import PlatformCredential
from portal.platforms.messages import MAXIMUM_ID_LENGTH, MessageInvalid

BODY_LIMIT_BYTES = 1024 * 1024

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Signed:
    """What came with a body, as its headers had it; empty where one was missing."""

    message_id: str
    timestamp: str
    signature: str

    @property
    def complete(self) -> bool:
        """Whether all of it came."""
        return bool(self.message_id and self.timestamp and self.signature)


class WebhookView(APIView, ABC):
    """One platform's webhook. A platform's class says how its messages are signed, read and answered."""

    platform: ClassVar[str]
    refusal_status: ClassVar[int]
    """What a bad signature is answered with."""

    http_method_names = ["post"]
    authentication_classes = ()
    permission_classes = ()
    throttle_classes = ()
    parser_classes = ()

    @abstractmethod
    def signed(self, headers: dict[str, Any]) -> Signed:
        """Return the signature and what it covers besides the body, from a WSGI environment."""

    @abstractmethod
    def verify(self, credential: PlatformCredential, signed: Signed, body: bytes) -> bool:
        """Tell whether the message was signed with a key or secret of ``credential``."""

    def can_judge(self, credential: PlatformCredential) -> bool:
        """Tell whether there is anything to check a signature against. If not, the message is to be sent again."""
        return True

    def learn(self, credential: PlatformCredential, *, now: datetime) -> bool:
        """Get a newer key after a miss where the platform has one to fetch; say whether there is one (P2)."""
        return False

    @abstractmethod
    def receive(self, credential: PlatformCredential, signed: Signed, body: bytes, *, now: datetime) -> HttpResponse:
        """Record a verified message and return the answer. Raises ``MessageInvalid`` where it cannot be read."""

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Skip content negotiation, permissions and throttles: the signature decides."""

    def post(self, request: Request, token: str) -> HttpResponse:
        """Take one message."""
        now = timezone.now()
        credential = find_receiver(platform=self.platform, token=token)
        if credential is None:
            return answer(404, "There is no webhook at this address.")
        if not credential.enabled:
            tallies.count(credential.pk, "disabled", now=now)
            return answer(503, "This webhook is switched off at the moment. Nothing was stored.")
        try:
            body = read_body(request._request, limit=BODY_LIMIT_BYTES)
        except TooLarge:
            tallies.count(credential.pk, "too_large", now=now)
            return answer(413, f"The body is too large. At most {BODY_LIMIT_BYTES} bytes are accepted.")
        except UnreadablePostError:
            return answer(400, "The body could not be read to its end.")
        signed = self.signed(request._request.META)
        if not self._verified(credential, token, signed, body, now):
            if signed.complete and not self.can_judge(find_receiver(platform=self.platform, token=token) or credential):
                return answer(503, "The portal does not have the platform's key yet. Send this message again.")
            tallies.count(credential.pk, "bad_signature", now=now)
            return answer(
                self.refusal_status, "The signature is missing or does not fit this body. Nothing was stored."
            )
        try:
            response = self.receive(credential, signed, body, now=now)
        except MessageInvalid as error:
            keep_message(credential, signed, body, problem=str(error), now=now)
            return answer(400, str(error))
        return response

    def _verified(self, credential: PlatformCredential, token: str, signed: Signed, body: bytes, now: datetime) -> bool:
        if self.verify(credential, signed, body):
            return True
        if not signed.complete:
            return False
        # Another process may have stored a newer secret or key.
        newer = find_receiver(platform=self.platform, token=token, fresh=True)
        if newer is None:
            return False
        return self.verify(newer, signed, body) or (self.learn(newer, now=now) and self.verify(newer, signed, body))

    def handle_exception(self, exc: Exception) -> HttpResponse | Response:  # type: ignore[override]
        """Answer 503 to what should not happen, so that the sender tries again. The log has no address in it (P1)."""
        if isinstance(exc, APIException | Http404 | PermissionDenied):
            return super().handle_exception(exc)
        log.error("The webhook of %s failed.", self.platform, exc_info=exc)
        return answer(503, "The portal could not store this message. Send it again.")

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        """Keep Django from logging the path of a refused call: the token is in it (P1)."""
        final: Any = super().finalize_response(request, response, *args, **kwargs)
        final._has_been_logged = True
        return final


def meta_name(header: str) -> str:
    """Return what WSGI calls a request header."""
    return "HTTP_" + header.upper().replace("-", "_")


def keep_message(credential: PlatformCredential, signed: Signed, body: bytes, *, problem: str, now: datetime) -> None:
    """Keep a signed message that could not be read, once for each message id, for people to look at (P1)."""
    message_id = signed.message_id
    if not 0 < len(message_id) <= MAXIMUM_ID_LENGTH:
        message_id = hashlib.sha256(body).hexdigest()
    KeptMessage.objects.bulk_create(
        [
            KeptMessage(
                credential_id=credential.pk,
                received_at=now,
                message_id=message_id,
                problem=problem[:500],
                body=body,
            )
        ],
        ignore_conflicts=True,
    )
    tallies.count(credential.pk, "unreadable", now=now)
