"""The endpoint that heartbeats are posted to (P4): Twitch's Viewer Heartbeat Service, "Create an Endpoint to Receive VHS Data".

There is no signature on a heartbeat: its address is the secret.
"""

from __future__ import annotations

import logging
from datetime import datetime
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse, UnreadablePostError
from django.utils import timezone
from rest_framework.exceptions import APIException
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from campaigns.heartbeats.arrivals import record_heartbeat
from campaigns.heartbeats.refusals import note_refusal
from campaigns.heartbeats.sources import find_source
from campaigns.heartbeats.tally import tallies
from campaigns.models import HeartbeatSource
from campaigns.rules.heartbeats import HeartbeatInvalid, parse_heartbeat
from portal.inbound import TooLarge, answer, read_body

BODY_LIMIT_BYTES = 8 * 1024 * 1024

log = logging.getLogger(__name__)


class HeartbeatView(APIView):
    """Takes one heartbeat a call: stores it and answers 204. Nothing is looked up or counted while the sender waits."""

    http_method_names = ["post"]
    authentication_classes = ()
    permission_classes = ()
    throttle_classes = ()
    parser_classes = ()

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Skip content negotiation, permissions and throttles: the address decides."""

    def post(self, request: Request, token: str) -> HttpResponse:
        """Take one heartbeat. 204: stored, or stored before. 400: what is wrong. 503: switched off, to be sent again."""
        now = timezone.now()
        source = find_source(token, now=now)
        if source is None:
            return answer(404, "There is no heartbeat source at this address.")
        if not source.enabled:
            tallies.count(source.pk, "disabled", now=now)
            return answer(503, "This heartbeat source is switched off at the moment. Nothing was stored: keep it.")
        if request._request.headers.get("Content-Encoding", "identity").lower() != "identity":
            return _refuse(source, 415, "The body is compressed. Send it as it is, without Content-Encoding.", now)
        try:
            body = read_body(request._request, limit=BODY_LIMIT_BYTES)
        except TooLarge:
            return _refuse(source, 413, f"The body is too large. At most {BODY_LIMIT_BYTES} bytes are accepted.", now)
        except UnreadablePostError:
            return answer(400, "The body could not be read to its end.")
        try:
            message = parse_heartbeat(body, now=now)
        except HeartbeatInvalid as error:
            return _refuse(source, 400, str(error), now)
        stored = record_heartbeat(source=source, message=message, now=now)
        tallies.count(source.pk, stored.value, now=now)
        return HttpResponse(status=204)

    def handle_exception(self, exc: Exception) -> HttpResponse | Response:  # type: ignore[override]
        """Answer 503 to what should not happen, so that the sender tries again. The log has no address in it (P1)."""
        if isinstance(exc, APIException | Http404 | PermissionDenied):
            return super().handle_exception(exc)
        log.error("A heartbeat could not be stored.", exc_info=exc)
        return answer(503, "The portal could not store this heartbeat. Send it again.")

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        """Keep Django from logging the path of a refused call: the token is in it (P1)."""
        final: Any = super().finalize_response(request, response, *args, **kwargs)
        final._has_been_logged = True
        return final


def _refuse(source: HeartbeatSource, status: int, message: str, now: datetime) -> HttpResponse:
    tallies.count(source.pk, "refused", now=now)
    note_refusal(source, message, now=now)
    return answer(status, message)
