"""What Twitch's Viewer Heartbeat Service remembers: which users of an app heartbeats name, and by which identifier."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from portal.sandbox.models import HeartbeatConnection, PlatformUser

MOST_CHARACTERS = 200


class ConnectionRefused(Exception):
    """A connection is not made: the status that Twitch answers with, and a sentence."""

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status
        self.sentence = sentence


def connect(*, user: PlatformUser, client_id: str, identifier: object, configured: bool, now: datetime) -> None:
    """Have heartbeats name ``user`` by ``identifier``; again is the same, another one replaces the first.

    Raises ConnectionRefused: 422 where the app has no heartbeat endpoint, 409 where the identifier is somebody else's
    (Twitch API v5, Users, "Create User Connection to VHS", as client libraries quote it), 400 for no identifier.
    """
    if not isinstance(identifier, str) or not 1 <= len(identifier) <= MOST_CHARACTERS:
        raise ConnectionRefused(400, f"identifier must be a text of 1 to {MOST_CHARACTERS} characters")
    if not configured:
        raise ConnectionRefused(422, "No heartbeat endpoint is configured for this client id")
    with transaction.atomic():
        others = HeartbeatConnection.objects.filter(client_id=client_id, identifier=identifier).exclude(user=user)
        if others.exists():
            raise ConnectionRefused(409, "identifier is associated with another Twitch user")
        HeartbeatConnection.objects.update_or_create(
            client_id=client_id, user=user, defaults={"identifier": identifier, "connected_at": now}
        )


def identifier_of(*, user: PlatformUser, client_id: str) -> str:
    """By what heartbeats of this app name ``user``; empty where they do not."""
    found = HeartbeatConnection.objects.filter(client_id=client_id, user=user).first()
    return found.identifier if found else ""


def disconnect(*, user: PlatformUser, client_id: str) -> bool:
    """Have heartbeats of this app name ``user`` no longer; whether they did."""
    return bool(HeartbeatConnection.objects.filter(client_id=client_id, user=user).delete()[0])
