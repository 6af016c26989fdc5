"""What goes wrong at a platform, on demand."""

from __future__ import annotations

from typing import ClassVar

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models

from portal.sandbox.models.platforms import Platform

MOST_HANG_SECONDS = 30
#: More would hardly ever get to the end of a list.
MOST_PAGES_DOUBLED = 50


class Failure(models.TextChoices):
    """How a call to a platform's API fails."""

    TOO_MANY = "429", "429: too many requests, with when to come back"
    SERVER_ERROR = "500", "500: the platform has an error, and nothing was done"
    HANG = "hang", "The call is carried out, but no answer comes: the connection hangs, then closes"
    EXPIRED = "401", "401: the token has expired; every later call with it is refused too"
    BROKEN = "json", "The call is carried out, but the answer breaks off in the middle"


class Outage(models.TextChoices):
    """How a platform is away altogether."""

    NONE = "", "No: it is there"
    UNAVAILABLE = "503", "Every call is answered 503"
    CLOSED = "close", "Every connection is closed without an answer"


def all_failures() -> str:
    """Every way to fail, as the column holds them."""
    return " ".join(Failure.values)


def _percentage(help_text: str, *, most: int = 100) -> models.PositiveSmallIntegerField[int, int]:
    return models.PositiveSmallIntegerField(default=0, validators=[MaxValueValidator(most)], help_text=help_text)


class Faults(models.Model):
    """The faults of one platform. None are on where there is no row.

    What happens by chance is drawn from ``seed`` and from how often it was drawn before (the ``…_drawn`` columns, which
    begin at 0 whenever faults are set), so that the same calls in the same order fail the same way.
    """

    platform = models.CharField(max_length=10, choices=Platform.choices, primary_key=True)
    webhooks_dropped = _percentage("Percent of the webhooks that are never sent.")
    webhooks_doubled = _percentage("Percent of the webhooks that are sent twice, under one id.")
    silence = models.BooleanField(
        default=False, help_text="No webhook at all, though subscriptions stay enabled. Only challenges are still sent."
    )
    calls_failing = _percentage("Percent of the API calls that fail, in the ways chosen below, each as often.")
    failures = models.CharField(max_length=100, default=all_failures)
    retry_after_seconds = models.PositiveSmallIntegerField(
        default=2,
        validators=[MinValueValidator(1), MaxValueValidator(600)],
        help_text="How long a 429 asks to wait.",
    )
    hang_seconds = models.PositiveSmallIntegerField(
        default=12,
        validators=[MinValueValidator(1), MaxValueValidator(MOST_HANG_SECONDS)],
        help_text=f"How long a call hangs, at most {MOST_HANG_SECONDS}. The portal waits 10 seconds for an answer.",
    )
    updates_partial = _percentage(
        "Percent of the claims in an update that are not updated. Twitch says so for each (UPDATE_FAILED), Kick does not."
    )
    pages_doubled = _percentage(
        "Percent of a list's pages whose claims come again on the next page.", most=MOST_PAGES_DOUBLED
    )
    poison = models.TextField(
        blank=True,
        help_text="Claim ids or user ids, one a line: a page of claims that holds one of them always fails with 500.",
    )
    outage = models.CharField(max_length=10, choices=Outage.choices, default=Outage.NONE, blank=True)
    rate_limit = models.PositiveIntegerField(
        default=800,
        validators=[MinValueValidator(1)],
        help_text="Twitch only: calls a minute for each token's owner. Twitch's own default is 800.",
    )
    seed = models.PositiveIntegerField(
        default=1, help_text="The same number, and the same calls in the same order, give the same faults."
    )

    calls_drawn = models.PositiveIntegerField(default=0, editable=False)
    webhooks_drawn = models.PositiveIntegerField(default=0, editable=False)
    updates_drawn = models.PositiveIntegerField(default=0, editable=False)
    pages_drawn = models.PositiveIntegerField(default=0, editable=False)

    objects: ClassVar[models.Manager[Faults]]

    def __str__(self) -> str:
        return f"Faults of {Platform(self.platform).label}"

    def failure_list(self) -> list[str]:
        """The ways in which calls fail."""
        return self.failures.split()

    def poison_ids(self) -> set[str]:
        """The ids that spoil a page."""
        return set(self.poison.split())

    def in_words(self) -> list[str]:
        """The faults that are on, a sentence each; empty where there are none."""
        told = [
            (bool(self.outage), f"Away: {Outage(self.outage).label.lower()}, and no webhook is sent."),
            (self.silence, "Silence: no webhook is sent."),
            (bool(self.webhooks_dropped), f"{self.webhooks_dropped} % of the webhooks are dropped."),
            (bool(self.webhooks_doubled), f"{self.webhooks_doubled} % of the webhooks are sent twice."),
            (bool(self.calls_failing), f"{self.calls_failing} % of the API calls fail: {self._failures()}."),
            (bool(self.updates_partial), f"{self.updates_partial} % of the claims in updates are not updated."),
            (bool(self.pages_doubled), f"{self.pages_doubled} % of the pages come twice."),
            (bool(self.poison_ids()), f"{len(self.poison_ids())} ids spoil every page that holds them."),
        ]
        return [sentence for on, sentence in told if on]

    def _failures(self) -> str:
        words = {Failure.HANG: "no answer", Failure.BROKEN: "broken answer"}
        return ", ".join(words.get(Failure(one), one) for one in self.failure_list())
