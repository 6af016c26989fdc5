"""Kick's event subscriptions (Kick, Events: Introduction, Subscribe to Events, Event Types).

The documentation leaves the messages to an OpenAPI file; their fields are taken from client libraries made from it, gokick
(``events.go``) among them. That an app token may subscribe to any channel is a maintainer's word (KickDevDocs, issue 284).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _

from portal.platforms.calls import PlatformError, ask, ask_for_object, id_of, only_row, readable, rows_of, text_of
from portal.platforms.kick.client import headers
from portal.platforms.subscriptions import Standing, Subscribed, SubscriptionsPage, Topic
from portal.platforms.times import parse_time

STATUS_UPDATED = "livestream.status.updated"
VERSION = 1


@dataclass(frozen=True)
class EventSubscriptions:
    """Reads, makes and ends subscriptions.

    What Kick lists is enabled: it drops a subscription whose webhook failed for over a day, and all of an app whose
    webhooks are switched off (Kick, Changelog, 12 and 19 December 2025).
    """

    needs_secret = False
    names_callback = False
    words = {STATUS_UPDATED: _("a stream begins or ends")}
    most = 1_000
    """For an app that Kick has not verified (Kick, FAQs, App Verification); it speaks of chat, the refusal of any event."""

    def topics(self, *, organization_id: str, client_id: str, channel_ids: Collection[str]) -> list[Topic]:
        """Return for each channel that its stream begins and ends; drops claims need no subscription."""
        return [Topic(STATUS_UPDATED, channel) for channel in channel_ids if channel.isascii() and channel.isdigit()]

    def read(
        self, api_url: str, *, client_id: str, access_token: str, cursor: str, channel_id: str = ""
    ) -> SubscriptionsPage:
        """Return all of the app, or of the app and a channel. ``GET /public/v1/events/subscriptions``. Raises ``PlatformError``.

        There are no pages: the list of some 250 is longer than what the door reads of an answer (``too_long``), and then
        each channel has to be asked for.
        """
        params = {"broadcaster_user_id": channel_id} if channel_id else {}
        reply = ask_for_object("GET", _address(api_url), headers=headers(access_token), params=params)
        rows = [] if reply.get("data", reply) is None else rows_of(reply)
        return SubscriptionsPage(subscriptions=tuple(readable(rows, _read)), cursor="")

    def create(
        self, api_url: str, *, client_id: str, access_token: str, topic: Topic, callback: str, secret: str
    ) -> Subscribed:
        """Subscribe. ``POST /public/v1/events/subscriptions``. Raises ``PlatformError``.

        It is sent to the one address of the app's settings. An answer of success may hold an error in its item; its texts
        are not documented, nor is what becomes of a second subscription to the same. 400 with "event subscription limit
        reached" (KickDevDocs, issues 100 and 243) is ``full``.
        """
        body = {
            "method": "webhook",
            "broadcaster_user_id": int(topic.subject),
            "events": [{"name": topic.type, "version": VERSION}],
        }
        try:
            reply = ask_for_object("POST", _address(api_url), headers=headers(access_token), json=body)
        except PlatformError as error:
            if error.status == 400 and "limit reached" in error.said:
                raise PlatformError("full", host=error.host, permanent=True) from None
            raise
        row = only_row(reply)
        said = text_of(row.get("error"))
        if said:
            is_full = "limit reached" in said
            raise PlatformError("full" if is_full else "declined", permanent=is_full, said=said[:200])
        return Subscribed(
            id=id_of(row.get("subscription_id")),
            topic=topic,
            standing=Standing.ENABLED,
            detail="",
            callback="",
            created_at=None,
        )

    def delete(self, api_url: str, *, client_id: str, access_token: str, subscription_id: str) -> None:
        """End a subscription. ``DELETE /public/v1/events/subscriptions``. Raises ``PlatformError``; not for 404: it has ended."""
        try:
            ask("DELETE", _address(api_url), headers=headers(access_token), params={"id": subscription_id})
        except PlatformError as error:
            if error.status != 404:
                raise


def _address(api_url: str) -> str:
    return f"{api_url}/public/v1/events/subscriptions"


def _read(row: Mapping[str, Any]) -> Subscribed:
    return Subscribed(
        id=id_of(row.get("id")),
        topic=Topic(text_of(row.get("event")), id_of(row.get("broadcaster_user_id"))),
        standing=Standing.ENABLED,
        detail="",
        callback="",
        created_at=parse_time(text_of(row.get("created_at"))),
    )
