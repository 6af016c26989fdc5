"""Twitch's calls, and what its reference says of refusing them."""

from __future__ import annotations

from datetime import date
from typing import Any

from portal import platforms
from portal.platforms.reports import Report
from portal.platforms.subscriptions import Topic
from tests.portal.platforms.refusals import CONSENT, ENDED, LIST, MADE, OURS, THERE, Calls

DAY = date(2026, 4, 1)
T: Any = platforms.get("twitch")

REFUSALS = Calls(
    calls={
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
    },
    own={
        ("unsubscribe", 404): ENDED,
        ("revoke", 400): ENDED,
        ("validate", 401): CONSENT,
        ("analytics", 401): CONSENT,
        ("subscribe", 409): THERE,
    },
    without_an_answer=("download", "revoke", "unsubscribe"),
)
