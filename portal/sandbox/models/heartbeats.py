"""Who watches whom in the sandbox, and the heartbeats that told of it."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from portal.sandbox.models.platforms import PlatformUser


class WatchSession(models.Model):
    """That a user watches a channel until a time, or until it is ended: told minute by minute by ``play_crowd``."""

    user = models.ForeignKey(PlatformUser, on_delete=models.CASCADE, related_name="watching")
    channel = models.ForeignKey(PlatformUser, on_delete=models.CASCADE, related_name="watched_by")
    game = models.CharField(max_length=200)
    started_at = models.DateTimeField()
    until = models.DateTimeField()
    # The last clock minute, counted from 1970, that was told or was over when it began.
    told_minute = models.PositiveBigIntegerField()
    note = models.CharField(max_length=300, blank=True)

    objects: ClassVar[models.Manager[WatchSession]]

    def __str__(self) -> str:
        return f"{self.user} watches {self.channel}"


class SentHeartbeat(models.Model):
    """One heartbeat that the sandbox's Watch page sent, and what came back the last time."""

    channel = models.ForeignKey(PlatformUser, on_delete=models.CASCADE, related_name="heartbeats")
    heartbeat_id = models.CharField(max_length=64, unique=True)
    minute = models.PositiveBigIntegerField()
    viewers = models.PositiveIntegerField()
    # As it is sent, with ``retries`` 0: what is sent again differs in nothing else.
    body = models.TextField()
    retries = models.PositiveIntegerField(default=0)
    sent_at = models.DateTimeField()
    status = models.PositiveIntegerField(null=True)
    answer = models.TextField(blank=True)
    error = models.CharField(max_length=500, blank=True)
    duration_ms = models.PositiveIntegerField()

    objects: ClassVar[models.Manager[SentHeartbeat]]

    class Meta:
        indexes = [models.Index(fields=["sent_at"], name="heartbeat_sent_at")]

    def __str__(self) -> str:
        return f"{self.heartbeat_id}: {self.status or self.error}"

    def accepted(self) -> bool:
        """Whether the receiver answered with any 2xx."""
        return self.status is not None and 200 <= self.status < 300
