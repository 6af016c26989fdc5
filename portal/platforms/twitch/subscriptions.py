"""Twitch's event subscriptions with webhooks (Twitch API reference, EventSub; "EventSub Subscription Types")."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _

from portal.platforms.calls import PlatformError, ask, ask_for_object, id_of, only_row, readable, rows_of, text_of
from portal.platforms.messages import MAXIMUM_ID_LENGTH
from portal.platforms.subscriptions import AlreadySubscribed, Standing, Subscribed, SubscriptionsPage, Topic
from portal.platforms.times import parse_time
from portal.platforms.twitch.client import headers

GRANT = "drop.entitlement.grant"
REVOKE = "user.authorization.revoke"
ONLINE = "stream.online"
OFFLINE = "stream.offline"
VERSION = "1"

_SUBJECTS: Mapping[str, str] = {
    GRANT: "organization_id",
    REVOKE: "client_id",
    ONLINE: "broadcaster_user_id",
    OFFLINE: "broadcaster_user_id",
}
_STANDINGS: Mapping[str, Standing] = {
    "enabled": Standing.ENABLED,
    "webhook_callback_verification_pending": Standing.PENDING,
}
"""All other statuses that the reference lists are ends: the callback failed, too many notifications did, access was revoked."""

_WORDS = {
    GRANT: _("a viewer gets a reward"),
    REVOKE: _("a viewer disconnects the app"),
    ONLINE: _("a stream begins"),
    OFFLINE: _("a stream ends"),
    "webhook_callback_verification_pending": _("Twitch is checking the portal's address."),
    "webhook_callback_verification_failed": _(
        "Twitch could not reach the portal at its webhook address, or was not answered."
    ),
    "notification_failures_exceeded": _(
        "Too many messages could not be delivered to the portal, or were answered too late."
    ),
    "authorization_revoked": _("The authorization that the subscription needed was withdrawn."),
    "moderator_removed": _("The authorization that the subscription needed was withdrawn."),
    "user_removed": _("The channel is no longer on Twitch."),
    "chat_user_banned": _("The authorization that the subscription needed was withdrawn."),
    "version_removed": _("Twitch no longer offers this version of the event. Ask for a newer version of the portal."),
    "beta_maintenance": _("Twitch has ended it for maintenance of the event."),
}


@dataclass(frozen=True)
class EventSub:
    """Reads, makes and ends subscriptions."""

    needs_secret = True
    names_callback = True
    words = _WORDS
    most = 10_000
    """The default of ``max_total_cost`` for webhooks, each subscription counted as if it cost 1."""

    def topics(self, *, organization_id: str, client_id: str, channel_ids: Collection[str]) -> list[Topic]:
        """Return grants of entitlements first, then revocations, then for each channel that its stream begins and ends."""
        wanted = [Topic(GRANT, organization_id)] if organization_id else []
        wanted += [Topic(REVOKE, client_id)] if client_id else []
        return wanted + [Topic(kind, channel) for channel in channel_ids for kind in (ONLINE, OFFLINE)]

    def read(
        self, api_url: str, *, client_id: str, access_token: str, cursor: str, channel_id: str = ""
    ) -> SubscriptionsPage:
        """Return one page. ``GET /helix/eventsub/subscriptions``. Raises ``PlatformError``.

        With an app token these are the ones with webhooks and with conduits, which are passed over: they are another
        program's. ``user_id`` narrows to those whose condition names the user.
        """
        params = {"user_id": channel_id} if channel_id else {}
        params |= {"after": cursor} if cursor else {}
        reply = ask_for_object("GET", _address(api_url), headers=headers(client_id, access_token), params=params)
        rows = rows_of(reply)
        pagination = reply.get("pagination")
        following = text_of(pagination.get("cursor")) if isinstance(pagination, dict) else ""
        return SubscriptionsPage(
            subscriptions=tuple(readable([row for row in rows if _transport(row).get("method") == "webhook"], _read)),
            cursor=following if rows and following != cursor else "",
        )

    def create(
        self, api_url: str, *, client_id: str, access_token: str, topic: Topic, callback: str, secret: str
    ) -> Subscribed:
        """Subscribe. ``POST /helix/eventsub/subscriptions``. Raises ``PlatformError`` and ``AlreadySubscribed``.

        400: the condition, the callback (https on port 443) or the secret (10 to 100 ASCII characters). 401: the token.
        403: the app lacks the permission the type needs. 409: it exists. 429 is either of two things: too many calls, or
        too many subscriptions of this type and condition (three), which is *it exists* as well; so far only the message
        tells them apart ("… subscriptions with type and condition exceeded").
        """
        body: dict[str, Any] = {
            "type": topic.type,
            "version": VERSION,
            "condition": {_SUBJECTS[topic.type]: topic.subject},
            "transport": {"method": "webhook", "callback": callback, "secret": secret},
        }
        if topic.type == GRANT:
            # Twitch refuses this type without (400 "is_batching_enabled must be true …"), though the reference lacks it.
            body["is_batching_enabled"] = True
        try:
            reply = ask_for_object("POST", _address(api_url), headers=headers(client_id, access_token), json=body)
        except PlatformError as error:
            if error.status == 409 or (error.status == 429 and "type and condition" in error.said.lower()):
                raise AlreadySubscribed from None
            if error.status == 429 and "cost" in error.said.lower():
                raise PlatformError("full", host=error.host, permanent=True) from None
            raise
        return _read(only_row(reply))

    def delete(self, api_url: str, *, client_id: str, access_token: str, subscription_id: str) -> None:
        """End a subscription. ``DELETE /helix/eventsub/subscriptions``. Raises ``PlatformError``; not for 404: it has ended."""
        try:
            ask("DELETE", _address(api_url), headers=headers(client_id, access_token), params={"id": subscription_id})
        except PlatformError as error:
            if error.status != 404:
                raise


def _address(api_url: str) -> str:
    return f"{api_url}/helix/eventsub/subscriptions"


def _transport(row: Mapping[str, Any]) -> Mapping[str, Any]:
    transport = row.get("transport")
    return transport if isinstance(transport, dict) else {}


def _read(row: Mapping[str, Any]) -> Subscribed:
    status, kind = text_of(row.get("status")), text_of(row.get("type"))
    return Subscribed(
        id=id_of(row.get("id")),
        topic=Topic(kind, _subject(kind, row.get("condition"))),
        standing=_STANDINGS.get(status, Standing.ENDED),
        detail=status,
        callback=text_of(_transport(row).get("callback")),
        created_at=parse_time(text_of(row.get("created_at"))),
    )


def _subject(kind: str, condition: object) -> str:
    """Return what a subscription is about. One that is narrowed further, to a category say, is about something else."""
    given = {name: text_of(value) for name, value in condition.items()} if isinstance(condition, dict) else {}
    given = {name: value for name, value in given.items() if value}
    if list(given) == [_SUBJECTS.get(kind)]:
        return next(iter(given.values()))
    return ",".join(f"{name}={value}" for name, value in sorted(given.items()))[:MAXIMUM_ID_LENGTH]
