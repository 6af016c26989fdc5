"""Twitch's Viewer Heartbeat Service: by which identifier heartbeats name a user."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from portal.sandbox.models.platforms import PlatformUser


class HeartbeatConnection(models.Model):
    """A user's connection to the heartbeat service, for one app; an identifier belongs to one user of it."""

    user = models.ForeignKey(PlatformUser, on_delete=models.CASCADE, related_name="connections")
    client_id = models.CharField(max_length=200)
    identifier = models.CharField(max_length=200)
    connected_at = models.DateTimeField()

    objects: ClassVar[models.Manager[HeartbeatConnection]]

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["client_id", "user"], name="connection_once_for_each_app"),
            models.UniqueConstraint(fields=["client_id", "identifier"], name="identifier_once_for_each_app"),
        ]

    def __str__(self) -> str:
        return f"{self.user} is {self.identifier}"
