"""Kick's calls, and what its documents say of refusing them."""

from __future__ import annotations

from typing import Any

from portal import platforms
from portal.platforms.subscriptions import Topic
from tests.portal.platforms.refusals import CONSENT, ENDED, LIST, MADE, OURS, Calls

K: Any = platforms.get("kick")

REFUSALS = Calls(
    calls={
        "list": lambda url: K.claims_api.list_claims(url, **OURS, **LIST),
        "update": lambda url: K.claims_api.mark_done(url, **OURS, claim_ids=["1"]),
        "token": lambda url: K.get_app_token(url, client_id="C", client_secret="s3cret"),
        "subscriptions": lambda url: K.subscriptions.read(url, **OURS, cursor=""),
        "subscribe": lambda url: K.subscriptions.create(
            url, **OURS, topic=Topic("livestream.status.updated", "1"), **MADE
        ),
        "unsubscribe": lambda url: K.subscriptions.delete(url, **OURS, subscription_id="1"),
        "users": lambda url: K.directory.users(url, **OURS, ids=["1"]),
        "categories": lambda url: K.directory.categories(url, **OURS, ids=["1"]),
        "livestreams": lambda url: K.directory.live(url, **OURS, channel_ids=["1"]),
        "introspect": lambda url: K.app_tokens.validate(url, access_token="t0ken-s3cret"),
        "revoke": lambda url: K.app_tokens.revoke(url, **OURS),
    },
    own={
        ("unsubscribe", 404): ENDED,
        ("revoke", 400): ENDED,
        ("revoke", 401): ENDED,
        ("introspect", 401): CONSENT,
    },
    without_an_answer=("revoke", "unsubscribe", "update"),
)
