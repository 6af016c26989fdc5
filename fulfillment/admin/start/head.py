"""What one query tells of an organization for the start page: how far it is set up, and how it stood lately."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from campaigns.models import Campaign, GameCategory, Reward
from fulfillment.health.standing import Standing, read_standing
from fulfillment.models import Endpoint
from portal.models import Organization, PlatformCredential

FRESH = timedelta(minutes=3)
"""It is looked through every minute: what is older than this is said to be old."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """``steps`` are those of setting up, in order, each with whether it is done; ``standing`` None: not looked at yet."""

    steps: Sequence[tuple[str | Promise, bool]]
    standing: Standing | None

    @property
    def missing(self) -> list[str | Promise]:
        """The steps that are still to be done."""
        return [step for step, done in self.steps if not done]

    def is_fresh(self, now: datetime) -> bool:
        """Whether somebody looks through the organization at all."""
        return self.standing is not None and now - self.standing.at <= FRESH


def read_head(organization: Organization) -> Head:
    """Return it. One query."""
    mine = {"organization": OuterRef("pk")}
    of_game = {"game__organization": OuterRef("pk")}
    begun = Campaign.objects.filter(**mine)
    steps: list[tuple[str, str | Promise, Exists]] = [
        ("credential", _("a credential: your app on a platform"), Exists(PlatformCredential.objects.filter(**mine))),
        ("game", _("a game with its category on the platform"), Exists(GameCategory.objects.filter(**mine))),
        (
            "endpoint",
            _("an endpoint: how the game gets its rewards"),
            Exists(Endpoint.objects.filter(**of_game, enabled=True)),
        ),
        ("reward", _("a reward with its image"), Exists(Reward.objects.filter(**of_game))),
        ("campaign", _("a campaign"), Exists(begun)),
        ("published", _("publish it"), Exists(begun.exclude(status=Campaign.Status.DRAFT))),
    ]
    row = (
        Organization.objects.filter(pk=organization.pk)
        .annotate(
            judged_at=F("alert_watch__judged_at"),
            standing=F("alert_watch__standing"),
            **{f"has_{key}": exists for key, _step, exists in steps},
        )
        .values("judged_at", "standing", *(f"has_{key}" for key, _step, _exists in steps))
        .get()
    )
    return Head(
        steps=[(step, row[f"has_{key}"]) for key, step, _exists in steps],
        standing=read_standing(row["standing"] or {}, at=row["judged_at"]),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Phases:
    """How many campaigns are in which phase. ``to_come`` counts announced ones too."""

    live: int
    grace: int
    to_come: int
    drafts: int

    @property
    def any(self) -> bool:
        """Whether there is one to speak of."""
        return bool(self.live or self.grace or self.to_come or self.drafts)


def read_phases(campaigns: QuerySet[Campaign], *, now: datetime) -> Phases:
    """Return how many of these campaigns are in which phase. One query."""
    published = Q(status=Campaign.Status.PUBLISHED)
    return Phases(
        **campaigns.aggregate(
            live=Count("pk", filter=published & Q(starts_at__lte=now, ends_at__gt=now)),
            grace=Count("pk", filter=published & Q(ends_at__lte=now, closes_at__gt=now)),
            to_come=Count("pk", filter=published & Q(starts_at__gt=now)),
            drafts=Count("pk", filter=Q(status=Campaign.Status.DRAFT)),
        )
    )
