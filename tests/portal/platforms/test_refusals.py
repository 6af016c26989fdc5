"""Every refusal that a platform documents, for every call: what it means to whoever called.

Rows are from the platforms' references: the codes of each call, and what is meant by success (a call that ends something
which has ended) or by something of its own (there already, full, the user has to consent).
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from portal.platforms.calls import PlatformError, TokenRefused
from portal.platforms.problems import explain
from portal.platforms.subscriptions import AlreadySubscribed
from tests.loopback import Connection, Request, serving
from tests.portal.platforms.refusals import CONSENT, ENDED, THERE, of_every_platform

pytestmark = pytest.mark.usefixtures("loopback")

PLATFORMS = of_every_platform()
CALLS = {(key, name): call for key, one in PLATFORMS.items() for name, call in one.calls.items()}
OWN = {(key, *which): meaning for key, one in PLATFORMS.items() for which, meaning in one.own.items()}
WITHOUT_AN_ANSWER = {(key, name) for key, one in PLATFORMS.items() for name in one.without_an_answer}

PERMANENT = (301, 302, 400, 401, 403, 404, 405, 409, 410, 413, 415, 422)
TEMPORARY = (408, 425, 429, 500, 502, 503, 504, 520)


def answering(status: int, **headers: str) -> Callable[[Connection, Request], None]:
    body = {"error": "x", "status": status, "message": "about t0ken-s3cret"}
    return lambda connection, request: connection.reply_json(body, status, **headers)


@pytest.mark.parametrize("status", PERMANENT)
@pytest.mark.parametrize("which", CALLS, ids="-".join)
def test_what_only_somebody_can_mend_is_permanent(which: tuple[str, str], status: int) -> None:
    own = OWN.get((*which, status))
    with serving(answering(status, Retry_After="7")) as server:
        if own == ENDED:
            assert CALLS[which](server.url) is None
            return
        expected: type[Exception] = AlreadySubscribed if own == THERE else PlatformError
        with pytest.raises(expected) as caught:
            CALLS[which](server.url)
    if isinstance(caught.value, PlatformError):
        assert isinstance(caught.value, TokenRefused) is (own == CONSENT)
        assert (caught.value.reason, caught.value.status, caught.value.permanent) == ("status", status, True)
        assert caught.value.retry_after is None
        assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize("status", TEMPORARY)
@pytest.mark.parametrize("which", CALLS, ids="-".join)
def test_what_passes_by_itself_says_when_to_ask_again(which: tuple[str, str], status: int) -> None:
    with serving(answering(status, Retry_After="7")) as server, pytest.raises(PlatformError) as caught:
        CALLS[which](server.url)
    assert (caught.value.status, caught.value.permanent) == (status, False)
    assert caught.value.retry_after == timedelta(seconds=7)


@pytest.mark.parametrize("which", CALLS, ids="-".join)
def test_twitchs_header_says_when_calls_are_free_again(which: tuple[str, str]) -> None:
    reset = str(int((datetime.now(UTC) + timedelta(seconds=50)).timestamp()))
    with serving(answering(429, Ratelimit_Reset=reset)) as server, pytest.raises(PlatformError) as caught:
        CALLS[which](server.url)
    assert caught.value.retry_after is not None
    assert timedelta(seconds=30) < caught.value.retry_after <= timedelta(seconds=50)


@pytest.mark.parametrize("which", [one for one in CALLS if one not in WITHOUT_AN_ANSWER], ids="-".join)
@pytest.mark.parametrize(
    "body", [b"", b"<html>Just a moment</html>", b"[]", b"null", b'{"data":{"x":', b'{"data":"no"}']
)
def test_a_success_that_is_none_is_told_as_such(which: tuple[str, str], body: bytes) -> None:
    with (
        serving(lambda connection, request: connection.reply(200, body)) as server,
        pytest.raises(PlatformError) as caught,
    ):
        CALLS[which](server.url)
    assert (caught.value.reason, caught.value.permanent) == ("answer", False)


@pytest.mark.parametrize("which", CALLS, ids="-".join)
def test_a_line_that_breaks_is_tried_again(which: tuple[str, str]) -> None:
    with serving(lambda connection, request: connection.close()) as server, pytest.raises(PlatformError) as caught:
        CALLS[which](server.url)
    assert (caught.value.reason, caught.value.permanent) == ("broken", False)


@pytest.mark.parametrize(
    "code", ["full", "declined", "paused", "status:429", "status:401", "too_long", "timed_out", "no_api"]
)
def test_every_reason_is_said_in_words(code: str) -> None:
    happened, advice = explain(code)
    assert happened.endswith(".") and advice.endswith(".")
