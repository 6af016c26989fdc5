"""The one outbound door: every HTTP call the portal makes goes through here (D7).

https only, no private addresses, checked where they are dialled; one time limit for the whole call; redirects not
followed; proxies and other settings of the environment ignored; at most 64 KiB of an answer read.
"""

from __future__ import annotations

from portal.http.door import ANSWER_LIMIT_BYTES, TIME_LIMIT_SECONDS, Answer, Door, requests_session, send
from portal.http.errors import ConnectionFailed, OutboundError, RequestRefused, TimedOut, UrlRefused
from portal.http.policy import check_url, validate_outbound_url
from portal.http.waits import LONGEST_WAIT, retry_after

__all__ = [
    "ANSWER_LIMIT_BYTES",
    "LONGEST_WAIT",
    "TIME_LIMIT_SECONDS",
    "Answer",
    "ConnectionFailed",
    "Door",
    "OutboundError",
    "RequestRefused",
    "TimedOut",
    "UrlRefused",
    "check_url",
    "requests_session",
    "retry_after",
    "send",
    "validate_outbound_url",
]
