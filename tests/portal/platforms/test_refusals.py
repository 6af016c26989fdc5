"""Every refusal that a platform documents, for every call: what it means to whoever called.

Rows are from the platforms' references: the codes of each call, and what is meant by success (a call that ends something
which has ended) or by something of its own (there already, full, the user has to consent).
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from portal import platforms
from portal.platforms.calls import PlatformError, TokenRefused
from portal.platforms.claims_api import Narrowed
from portal.platforms.problems import explain
from portal.platforms.reports import Report
from portal.platforms.subscriptions import AlreadySubscribed, Topic
from tests.loopback import Connection, Request, serving

Call = Callable[[str], object]
OURS: dict[str, Any] = {"client_id": "C", "access_token": "t0ken-s3cret"}
LIST: dict[str, Any] = {
    "narrowed": Narrowed.ALL, "value": "", "only_open": True, "cursor": "", "size": 100,
}  # fmt: skip
MADE: dict[str, Any] = {"callback": "https://d.example/", "secret": "s3cret-s3cret"}
DAY = date(2026, 4, 1)

T: Any = platforms.get("twitch")
K: Any = platforms.get("kick")

TWITCH: dict[str, Call] = {
    "list": lambda url: T.claims_api.list_claims(url, **OURS, **LIST),
    "update": lambda url: T.claims_api.mark_done(url, **OURS, claim_ids=["1"]),
    "token": lambda url: T.get_app_token(url, client_id="C", client_secret="s3cret"),
    "subscriptions": lambda url: T.subscriptions.read(url, **OURS, cursor=""),
    "subscribe": lambda url: T.subscriptions.create(url, **OURS, topic=Topic("stream.online", "1"), **MADE),
    "unsubscribe": lambda url: T.subscriptions.delete(url, **OURS, subscription_id="1"),
    "authorizations": lambda url: T.authorizations.read(url, **OURS, user_ids=["1"]),
    "users": lambda url: T.directory.users(url, **OURS, ids=["1"]),
    "games": lambda url: T.directory.categories(url, **OURS, ids=["1"]),
    "streams": lambda url: T.directory.live(url, **OURS, channel_ids=["1"]),
    "validate": lambda url: T.app_tokens.validate(url, access_token="t0ken-s3cret"),
    "revoke": lambda url: T.app_tokens.revoke(url, **OURS),
    "analytics": lambda url: T.reports.read(url, **OURS, started_on=DAY, ended_on=DAY, cursor=""),
    "download": lambda url: T.reports.download(Report(game_id="1", url=f"{url}/x", started_on=DAY, ended_on=DAY)),
}
KICK: dict[str, Call] = {
    "list": lambda url: K.claims_api.list_claims(url, **OURS, **LIST),
    "update": lambda url: K.claims_api.mark_done(url, **OURS, claim_ids=["1"]),
    "token": lambda url: K.get_app_token(url, client_id="C", client_secret="s3cret"),
    "subscriptions": lambda url: K.subscriptions.read(url, **OURS, cursor=""),
    "subscribe": lambda url: K.subscriptions.create(url, **OURS, topic=Topic("livestream.status.updated", "1"), **MADE),
    "unsubscribe": lambda url: K.subscriptions.delete(url, **OURS, subscription_id="1"),
    "users": lambda url: K.directory.users(url, **OURS, ids=["1"]),
    "categories": lambda url: K.directory.categories(url, **OURS, ids=["1"]),
    "livestreams": lambda url: K.directory.live(url, **OURS, channel_ids=["1"]),
    "introspect": lambda url: K.app_tokens.validate(url, access_token="t0ken-s3cret"),
    "revoke": lambda url: K.app_tokens.revoke(url, **OURS),
}
CALLS = {**{("twitch", name): call for name, call in TWITCH.items()}, **{("kick", n): c for n, c in KICK.items()}}

ENDED = "has ended: a success"
CONSENT = "only a new consent helps"
THERE = "is there already"
OWN: dict[tuple[str, str, int], str] = {
    ("twitch", "unsubscribe", 404): ENDED,
    ("twitch", "revoke", 400): ENDED,
    ("twitch", "validate", 401): CONSENT,
    ("twitch", "analytics", 401): CONSENT,
    ("twitch", "subscribe", 409): THERE,
    ("kick", "unsubscribe", 404): ENDED,
    ("kick", "revoke", 400): ENDED,
    ("kick", "revoke", 401): ENDED,
    ("kick", "introspect", 401): CONSENT,
}
"""What is not simply a refusal."""

WITHOUT_AN_ANSWER = [
    ("twitch", "download"),
    ("twitch", "revoke"),
    ("twitch", "unsubscribe"),
    ("kick", "revoke"),
    ("kick", "unsubscribe"),
    ("kick", "update"),
]
"""Of whose success nothing but the status is read."""

PERMANENT = (301, 302, 400, 401, 403, 404, 405, 409, 410, 413, 415, 422)
TEMPORARY = (408, 425, 429, 500, 502, 503, 504, 520)


@pytest.fixture(autouse=True)
def development(settings: Any) -> None:
    settings.PORTAL_ALLOW_HTTP_LOOPBACK = True


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
