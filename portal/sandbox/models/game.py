"""What the game's server remembers: how it answers, what it received, the players' items."""

from __future__ import annotations

from typing import ClassVar

from django.db import models


class BackendMode(models.TextChoices):
    """How the game backend answers deliveries."""

    NORMAL = "normal", "Normally: give the item, answer 204"
    SERVER_ERROR = "500", "500: the game has an error"
    NOT_FOUND = "404", "404: no such address"
    GONE = "410", "410: gone for good"
    TOO_MANY = "429", "429: too many requests, with Retry-After"
    SLOW = "slow", "Slowly: give the item, then wait before answering 204"
    HANG = "hang", "Hang: wait, then close the connection without an answer"
    CLOSE = "close", "Close the connection at once, without an answer"
    REDIRECT = "redirect", "Redirect (307) to another address"
    HUGE = "huge", "Give the item, answer 200 with a body of 10 GB"


class GameBackend(models.Model):
    """A game's server: the address that deliveries go to."""

    slug = models.SlugField(primary_key=True)
    name = models.CharField(max_length=100)
    signing_secret = models.CharField(
        max_length=200,
        blank=True,
        help_text="Begins with whsec_. Copy it from the game's delivery endpoint in the portal.",
    )
    mode = models.CharField(max_length=10, choices=BackendMode.choices, default=BackendMode.NORMAL)
    seconds = models.PositiveIntegerField(
        default=20,
        help_text="For 429 (Retry-After), slowly and hang. The portal waits 10 seconds for an answer.",
    )

    objects: ClassVar[models.Manager[GameBackend]]

    def __str__(self) -> str:
        return self.name


class ReceivedDelivery(models.Model):
    """One request at the game backend's address."""

    backend = models.ForeignKey(GameBackend, on_delete=models.CASCADE)
    message_id = models.CharField(max_length=200, blank=True, db_index=True)
    times_seen = models.PositiveIntegerField()
    verified = models.BooleanField()
    note = models.CharField(max_length=300)
    body = models.TextField()
    answered = models.CharField(max_length=100)
    received_at = models.DateTimeField()

    objects: ClassVar[models.Manager[ReceivedDelivery]]

    def __str__(self) -> str:
        return f"{self.message_id}, answered {self.answered}"


class GrantedItem(models.Model):
    """An item that a player has: given once for each delivery id, however often it arrives."""

    backend = models.ForeignKey(GameBackend, on_delete=models.CASCADE)
    message_id = models.CharField(max_length=200)
    player_id = models.CharField(max_length=200)
    item = models.CharField(max_length=200)
    granted_at = models.DateTimeField()

    objects: ClassVar[models.Manager[GrantedItem]]

    class Meta:
        constraints = [models.UniqueConstraint(fields=["backend", "message_id"], name="item_once_for_each_delivery")]

    def __str__(self) -> str:
        return f"{self.item} for {self.player_id}"
